package import Tensor

/// What a pickle rebuilt, in 16 bytes. Texts and containers live in the machine and are named by place: they may hold
/// each other in any way, and neither reading nor freeing them ever recurses.
package enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  /// A number, text or object that is of no use here. What is put into it is forgotten.
  case opaque
  case text(at: UInt32, count: UInt32)
  case list(UInt32)
  case tuple(at: UInt32, count: UInt32)
  case dictionary(UInt32)
  case callable(PickleCallable)
  case storage(UInt32)
  case tensor(UInt32)
}

/// Numbers of one type that tensors look into.
package struct PickleStorage: Hashable {
  /// Its name in the file, and how many numbers the file has under it.
  package var key: String
  package var type: ElementType
  package var count: Int
  /// The part of them that tensors see: all, but for the views of PyTorch before 0.4.
  package var view: Range<Int>
}

/// A view of a storage, in elements; sizes and strides are tuples of the machine.
package struct PickleTensor {
  package var storage: UInt32
  package var offset: Int
  package var shape: PickleValue
  package var strides: PickleValue
}

/// The only things that a pickle may name. Each is done here, or not at all: nothing runs code of the file, and what
/// becomes opaque does not even look at its arguments.
package enum PickleCallable {
  /// `OrderedDict` and its kin: what state dicts are.
  case dictionary
  case size, tensor, parameter
  case storageType(ElementType)
  /// Harmless and of no use here: becomes ``PickleValue/opaque``.
  case opaque

  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"), ("collections", "defaultdict"), ("collections", "Counter"),
      ("builtins", "dict"), ("__builtin__", "dict"):
      self = .dictionary
    case ("torch", "Size"): self = .size
    case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): self = .tensor
    case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
      self = .parameter
    case ("torch", _) where PickleCallable.storageTypes[name] != nil,
      ("torch.cuda", _) where PickleCallable.storageTypes[name] != nil,
      ("torch.storage", "UntypedStorage"), ("torch.storage", "_UntypedStorage"):
      self = .storageType(PickleCallable.storageTypes[name] ?? .uint8)
    default:
      guard PickleCallable.harmless[module]?.contains(name) == true else { return nil }
      self = .opaque
    }
  }

  private static let storageTypes: [String: ElementType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
    "ByteStorage": .uint8, "BoolStorage": .bool,
  ]

  private static let builtins: Set<String> = [
    "set", "frozenset", "list", "tuple", "bytearray", "bytes", "int", "float", "complex", "bool", "str",
    "slice", "object",
  ]

  /// What real checkpoints carry beside tensors.
  private static let harmless: [String: Set<String>] = [
    // Plain values, under their names in Python 3 and in protocol 2.
    "builtins": builtins, "__builtin__": builtins,
    // Bytes in protocol 2, and so every NumPy value.
    "_codecs": ["encode"],
    // A best score or a loss that is a NumPy number (the DFDC winner's files), and the state of a random generator;
    // under both names of the module, before and since NumPy 2.
    "numpy": ["dtype", "ndarray"],
    "numpy.core.multiarray": ["scalar", "_reconstruct"],
    "numpy._core.multiarray": ["scalar", "_reconstruct"],
    "numpy.core.numeric": ["_frombuffer"], "numpy._core.numeric": ["_frombuffer"],
    // Command lines, folders and times of a training run.
    "argparse": ["Namespace"],
    "pathlib": ["PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"],
    "datetime": ["datetime"],
    // How protocol 2 makes an instance of the above.
    "copyreg": ["_reconstructor"], "copy_reg": ["_reconstructor"],
    // Where and as what tensors were.
    "torch": [
      "device", "float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8",
      "bool",
    ],
  ]
}
