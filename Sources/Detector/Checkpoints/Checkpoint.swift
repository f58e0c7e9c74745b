public import Tensor

/// Reads weights from files of other programs; what a file is, its content says and not its name.
public enum Checkpoint {
  /// Reads a safetensors file, or what `torch.save` wrote (`.pth`, `.pt`, `.tar`), before PyTorch 1.6 and since.
  ///
  /// A PyTorch file is a pickle. Only tensors, numbers, strings and containers of them are rebuilt; the few other
  /// things that checkpoints carry (NumPy numbers, paths, `argparse.Namespace`) are skipped; anything else is an
  /// error that names it, and nothing is executed. Tensors become `Float` (halves, bfloat16 and doubles are
  /// converted); integers and truth values are left out (`ignored`). Tensors that are not asked for are not read.
  ///
  /// What is saved is either the tensors by name, or a dictionary that has them under one of its keys.
  /// Without `key`, these are taken: those under `state_dict`, `model_state_dict`, `model`, `net`, `module` or
  /// `weights`, the first that has any; else the file's own tensors if it has any; else those under the only key
  /// that has any. The key is given in the metadata as `checkpoint.key`.
  ///
  /// Memory: the tensors and a few megabytes; whatever the file says, at most twice its size and a few megabytes.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - key: the key of the dictionary to take; nil to choose as above.
  /// - Throws: `WeightsError` if the file is of another format, damaged, or refused.
  public static func load(_ path: String, key: String? = nil) throws(WeightsError) -> Weights {
    try WeightsError.naming(path) { () throws(FileProblem) in
      let file = try FileReader(path)
      switch try format(of: file) {
      case .safetensors: return try Weights(reading: file)
      case .zip:
        var torch = try TorchFile.open(zip: file)
        return try torch.weights(under: key)
      case .legacy:
        var torch = try TorchFile.open(legacy: file)
        return try torch.weights(under: key)
      }
    }
  }

  private enum Format { case safetensors, zip, legacy }

  /// The number with which PyTorch's files before 1.6 begin, as a pickle has it.
  private static let legacyMagic: [UInt8] = [
    0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
  ]

  private static func format(of file: borrowing FileReader) throws(FileProblem) -> Format {
    guard file.size > 0 else { throw FileProblem("is empty; get it again") }
    let start = try file.bytes(at: 0, count: min(file.size, 512))
    func has(_ bytes: [UInt8], at place: Int = 0) -> Bool { start.dropFirst(place).starts(with: bytes) }

    if has([0x50, 0x4b, 0x03, 0x04]) { return .zip }
    // At once, or after a frame's length.
    if has([0x80]), has(legacyMagic, at: 2) || has(legacyMagic, at: 11) { return .legacy }
    if has(Array("ustar".utf8), at: 257) {
      throw FileProblem(
        "is a tar archive: unpack it, or if it is of PyTorch 0.1, load it with torch.load and save it again")
    }
    if has([0x89] + Array("HDF".utf8)) {
      throw FileProblem("is an HDF5 file (Keras); save the weights as safetensors")
    }
    if has(Array("TFL3".utf8), at: 4) {
      throw FileProblem("is a TensorFlow Lite file; save the weights as safetensors")
    }
    if has([0x1f, 0x8b]) { throw FileProblem("is compressed by gzip; unpack it") }
    if has(Array("version https://git-lfs".utf8)) {
      throw FileProblem("is a pointer of Git LFS and not the weights; get them with git lfs pull")
    }
    if has(Array("<".utf8)) { throw FileProblem("is a web page and not weights; download the file itself") }
    if has([0x7b], at: 8) { return .safetensors }
    if has([0x80]) {
      throw FileProblem("is a pickle but not of PyTorch; save it with torch.save, or as safetensors")
    }
    throw FileProblem("is neither safetensors nor a PyTorch file; save the weights in one of these formats")
  }
}
