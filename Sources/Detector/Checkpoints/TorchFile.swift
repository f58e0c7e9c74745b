import Tensor

/// A file of `torch.save` since PyTorch 1.6: a zip with `data.pkl`, the pickle, and `data/<key>`, the
/// numbers.
struct TorchFile {
  private let archive: ZipArchive
  private let folder: String
  private let pickle: Pickle
  private let root: PickleValue

  /// Keys under which the tensors usually are.
  private static let wrappers = ["state_dict", "model_state_dict", "model", "net", "module", "weights"]

  init(_ file: borrowing FileReader) throws(FileProblem) {
    archive = try ZipArchive(of: file)
    let found = archive.names.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard found.count == 1, let name = found.first else {
      throw FileProblem("is a zip file but not of PyTorch: it has no data.pkl; save it with torch.save")
    }
    folder = String(name.dropLast("data.pkl".count))
    guard !archive.names.contains("\(folder)constants.pkl") else {
      throw FileProblem("is a TorchScript program; save its state_dict() with torch.save")
    }
    if let order = try archive.entry("\(folder)byteorder", in: file) {
      guard try file.bytes(at: order.offset, count: min(order.size, 16)) == Array("little".utf8) else {
        throw FileProblem("was written on a big-endian machine; save it on another one")
      }
    }
    guard let entry = try archive.entry(name, in: file), entry.size <= 16 << 20 else {
      throw FileProblem("has a data.pkl of more than 16 MB; save only the state_dict()")
    }
    var pickle = Pickle(try file.bytes(at: entry.offset, count: entry.size))
    root = try pickle.run()
    self.pickle = pickle
  }

  /// The tensors under `key`, or where they usually are.
  func weights(under key: String?, from file: borrowing FileReader) throws(FileProblem) -> Weights {
    guard case .dictionary(let number) = root else {
      throw FileProblem("holds no dictionary of tensors; save a state_dict()")
    }
    var keys: [String] = []
    var inner: [String: Int] = [:]
    for (key, value) in pickle.dictionaries[number] {
      guard case .string(let name) = key else { continue }
      keys.append(name)
      if case .dictionary(let child) = value { inner[name] = child } else { inner[name] = nil }
    }
    let listed = keys.prefix(12).map { quoted($0) }.joined(separator: ", ")

    if let key {
      guard let child = inner[key], case let chosen = tensors(child), !chosen.isEmpty else {
        throw FileProblem("has no tensors under \(quoted(key)); its keys are \(listed)")
      }
      return try weights(chosen, key: key, from: file)
    }
    let own = tensors(number)
    if !own.isEmpty { return try weights(own, key: nil, from: file) }
    let holding = Set(inner.values).filter { !tensors($0).isEmpty }
    let holders = inner.filter { holding.contains($0.value) }
    if let name = TorchFile.wrappers.first(where: { holders[$0] != nil }) {
      return try weights(tensors(holders[name]!), key: name, from: file)
    }
    guard let only = holders.first, holders.count == 1 else {
      throw FileProblem(
        holders.isEmpty
          ? "holds no tensors by name; its keys are \(listed)"
          : "has tensors under several keys; name one of \(listed)")
    }
    return try weights(tensors(only.value), key: only.key, from: file)
  }

  /// The tensors of a dictionary by name; as in Python the last of equal names counts.
  private func tensors(_ dictionary: Int) -> [String: Int] {
    var found: [String: Int] = [:]
    for (key, value) in pickle.dictionaries[dictionary] {
      guard case .string(let name) = key else { continue }
      if case .tensor(let number) = value { found[name] = number } else { found[name] = nil }
    }
    return found
  }

  private func weights(
    _ numbers: [String: Int], key: String?, from file: borrowing FileReader
  ) throws(FileProblem) -> Weights {
    var weights = Weights([:])
    weights.metadata["checkpoint.format"] = "PyTorch"
    weights.metadata["checkpoint.key"] = key
    var made: [PickleTensor: Tensor] = [:]
    // Views may share a storage; a file that asks for many times its own size is not a checkpoint.
    var allowed = 2 * file.size
    for (name, number) in numbers.sorted(by: { $0.key < $1.key }) {
      let view = pickle.tensors[number]
      if let tensor = made[view] {
        weights.tensors[name] = tensor
        continue
      }
      let (count, reach) = try extent(view, name)
      guard pickle.storages[view.storage].type.isFloatingPoint else {
        weights.ignored.append(name)
        continue
      }
      allowed -= count
      guard allowed >= 0 else {
        throw FileProblem("has tensors of many times its own size; save a state_dict()")
      }
      let tensor = try tensor(view, count: count, reach: reach, name, from: file)
      made[view] = tensor
      weights.tensors[name] = tensor
    }
    return weights
  }

  /// The number of elements of a view, and how many of its storage it spans; checks that they are inside.
  private func extent(_ view: PickleTensor, _ name: String) throws(FileProblem) -> (count: Int, reach: Int) {
    let available = pickle.storages[view.storage].count
    let damaged = FileProblem("is damaged: tensor \(quoted(name)) does not fit in its storage; get it again")
    guard let count = Tensor.checkedCount(view.shape), view.strides.count == view.shape.count,
      view.offset >= 0,
      view.offset <= available
    else { throw damaged }
    guard count > 0 else { return (0, 0) }
    guard count <= available else {
      throw FileProblem("tensor \(quoted(name)) repeats its elements; save it with .contiguous()")
    }
    var last = view.offset
    for (size, step) in zip(view.shape, view.strides) where size > 1 {
      let (distance, overflow) = (size - 1).multipliedReportingOverflow(by: step)
      guard step >= 0, !overflow, distance < available - last else { throw damaged }
      last += distance
    }
    guard last < available else { throw damaged }
    return (count, last - view.offset + 1)
  }

  private func tensor(
    _ view: PickleTensor, count: Int, reach: Int, _ name: String, from file: borrowing FileReader
  ) throws(FileProblem) -> Tensor {
    let stored = pickle.storages[view.storage]
    guard let entry = try archive.entry("\(folder)data/\(stored.key)", in: file) else {
      throw FileProblem("is damaged: the numbers of tensor \(quoted(name)) are missing; get it again")
    }
    guard entry.size == stored.count * stored.type.size else {
      throw FileProblem(
        "is damaged: tensor \(quoted(name)) has a storage of \(entry.size) bytes where "
          + "\(stored.count * stored.type.size) are due; get it again")
    }
    let start = entry.offset + view.offset * stored.type.size
    var rowMajor: [Int] = []
    for size in view.shape.reversed() { rowMajor.append((rowMajor.last ?? 1) * size) }
    let contiguous = Array(([1] + rowMajor.dropLast()).prefix(view.shape.count).reversed())
    let isContiguous = zip(view.shape, zip(view.strides, contiguous)).allSatisfy { $0 <= 1 || $1.0 == $1.1 }
    if count == 0 || isContiguous {
      let storage = Storage(count: count)
      try file.read(stored.type, at: start, count: count, to: storage.pointer)
      return Tensor(shape: view.shape, storage: storage)
    }
    let span = Storage(count: reach)
    try file.read(stored.type, at: start, count: reach, to: span.pointer)
    return Tensor(
      shape: view.shape, strides: view.strides, gathering: Tensor(shape: [reach], storage: span).elements)
  }
}
