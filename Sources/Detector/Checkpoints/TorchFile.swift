import Tensor

/// A file of `torch.save`, of either kind: a pickle of tensors, and somewhere the numbers of their storages.
struct TorchFile: ~Copyable {
  private let file: FileReader
  private let pickle: Pickle
  private let root: PickleValue
  private let numbers: Numbers
  private var budget: MemoryBudget

  /// Where the numbers of the storages are.
  private enum Numbers {
    case zip(ZipArchive, folder: String)
    case legacy(LegacyDirectory)
  }

  /// No pickle of weights is longer.
  private static let pickleLimit = 16 << 20

  /// Keys under which the tensors usually are.
  private static let wrappers = ["state_dict", "model_state_dict", "model", "net", "module", "weights"]

  /// Opens what PyTorch 1.6 and later write: a zip with `data.pkl`, the pickle, and `data/<key>`, the numbers.
  static func open(zip file: consuming FileReader) throws(FileProblem) -> TorchFile {
    var budget = MemoryBudget(forFileOf: file.size)
    let archive = try ZipArchive(of: file, &budget)
    let found = archive.names.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard found.count <= 1 else {
      throw FileProblem("is damaged: a PyTorch file with \(found.count) data.pkl; save it with torch.save")
    }
    guard let name = found.first else {
      throw FileProblem("is a zip file but not of PyTorch: it has no data.pkl; save it with torch.save")
    }
    let folder = String(name.dropLast("data.pkl".count))
    guard try archive.entry("\(folder)constants.pkl", in: file) == nil else {
      throw FileProblem("is a TorchScript program; save its state_dict() with torch.save")
    }
    if let order = try archive.entry("\(folder)byteorder", in: file) {
      guard try file.bytes(at: order.offset, count: min(order.size, 16)) == Array("little".utf8) else {
        throw FileProblem("was written on a big-endian machine; save it on another one")
      }
    }
    guard let entry = try archive.entry(name, in: file), entry.size <= TorchFile.pickleLimit else {
      throw FileProblem("has a data.pkl of more than 16 MB; save only the state_dict()")
    }
    var pickle = Pickle(budget)
    var source = PickleSource(file, entry.offset..<(entry.offset + entry.size))
    let root = try pickle.run(&source)
    return TorchFile(
      file: source.finish(), pickle: pickle, root: root, numbers: .zip(archive, folder: folder),
      budget: pickle.budget)
  }

  /// Opens what PyTorch before 1.6 wrote: pickles of a magic number, a version, facts about the machine, the object
  /// and the keys of its storages; then, for each key, the count of its numbers and the numbers.
  static func open(legacy file: consuming FileReader) throws(FileProblem) -> TorchFile {
    var pickle = Pickle(MemoryBudget(forFileOf: file.size))
    let size = file.size
    var source = PickleSource(file, 0..<min(size, TorchFile.pickleLimit))
    _ = try pickle.run(&source)
    guard case .int(1001) = try pickle.run(&source) else {
      throw FileProblem(
        "is of an unknown version of PyTorch's old format; load it with torch.load and save it again")
    }
    guard case .dictionary(let facts) = try pickle.run(&source) else {
      throw FileProblem("is damaged: it does not say on which machine it was written; get it again")
    }
    for (key, value) in pickle.entries(facts) where pickle.text(key) == "little_endian" {
      guard case .bool(true) = value else {
        throw FileProblem("was written on a big-endian machine; save it on another one")
      }
    }
    let root = try pickle.run(&source)
    guard case .list(let keys) = try pickle.run(&source) else {
      throw FileProblem("is damaged: it does not list its storages; get it again")
    }
    let start = source.position
    let reader = source.finish()
    var budget = pickle.budget
    let directory = try LegacyDirectory(keys, of: pickle, from: start, in: reader, &budget)
    return TorchFile(
      file: reader, pickle: pickle, root: root, numbers: .legacy(directory), budget: budget)
  }

  /// The tensors under `key`, or where they usually are.
  mutating func weights(under key: String?) throws(FileProblem) -> Weights {
    guard case .dictionary(let number) = root else {
      throw FileProblem("holds no dictionary of tensors; save a state_dict()")
    }
    let entries = pickle.entries(number)
    var keys: [String] = []
    var inner: [String: UInt32] = [:]
    for (key, value) in entries {
      guard let name = pickle.text(key) else { continue }
      if keys.count < 12 { keys.append(quoted(name)) }
      if case .dictionary(let child) = value {
        try budget.charge(128 + name.utf8.count)
        inner[name] = child
      } else {
        inner[name] = nil
      }
    }
    let listed = keys.joined(separator: ", ")

    if let key {
      guard let child = inner[key], holdsTensors(child) else {
        throw FileProblem("has no tensors under \(quoted(key)); its keys are \(listed)")
      }
      return try weights(of: child, key: key)
    }
    // A loss or a score may be a tensor beside a state dict; a state dict has no dictionaries in it.
    let holding = Set(inner.values).filter { holdsTensors($0) }
    let holders = inner.filter { holding.contains($0.value) }
    if let name = TorchFile.wrappers.first(where: { holders[$0] != nil }) {
      return try weights(of: holders[name]!, key: name)
    }
    if holdsTensors(number) { return try weights(of: number, key: nil) }
    guard let only = holders.first, holders.count == 1 else {
      throw FileProblem(
        holders.isEmpty
          ? "holds no tensors by name; its keys are \(listed)"
          : "has tensors under several keys; name one of \(listed)")
    }
    return try weights(of: only.value, key: only.key)
  }

  private func holdsTensors(_ dictionary: UInt32) -> Bool {
    pickle.entries(dictionary).contains { key, value in
      if case .text = key, case .tensor = value { true } else { false }
    }
  }

  /// A tensor that was asked for: its name, and which of its storage's numbers it has.
  private struct Request {
    var name: String
    var view: PickleTensor
    var shape: [Int]
    var strides: [Int]

    /// Equal for tensors that are the same, and in the order of the file.
    var place: [Int] { [Int(view.storage), view.offset] + shape + strides }
  }

  private mutating func weights(of dictionary: UInt32, key: String?) throws(FileProblem) -> Weights {
    var weights = Weights([:])
    weights.metadata["checkpoint.format"] = "PyTorch"
    weights.metadata["checkpoint.key"] = key
    // As in Python the last of equal names counts.
    var last: [String: UInt32] = [:]
    for (key, value) in pickle.entries(dictionary) {
      guard let name = pickle.text(key) else { continue }
      if case .tensor(let number) = value {
        try budget.charge(64 + name.utf8.count)
        last[name] = number
      } else {
        last[name] = nil
      }
    }
    var requests: [Request] = []
    for (name, number) in last {
      let view = pickle.tensors[Int(number)]
      guard let shape = pickle.integers(view.shape), let strides = pickle.integers(view.strides) else {
        throw FileProblem("is damaged: tensor \(quoted(name)) has no shape; get it again")
      }
      try budget.charge(320 + 16 * shape.count)
      requests.append(Request(name: name, view: view, shape: shape, strides: strides))
    }
    requests.sort {
      $0.view.storage != $1.view.storage || $0.view.offset != $1.view.offset
        ? ($0.view.storage, $0.view.offset) < ($1.view.storage, $1.view.offset)
        : $0.place.lexicographicallyPrecedes($1.place)
    }

    // Views may be read again and again; a file that asks for many times its own size is no checkpoint.
    var reading = 16 * min(file.size, Int.max / 32)
    var previous: (place: [Int], tensor: Tensor)?
    for request in requests {
      let reach = try reach(of: request)
      let type = pickle.storages[Int(request.view.storage)].type
      guard type.isFloatingPoint else {
        weights.ignored.append(request.name)
        continue
      }
      let place = request.place
      if let previous, previous.place == place {
        try budget.chargeTensor(count: 0, name: request.name)
        weights.tensors[request.name] = previous.tensor
        continue
      }
      try budget.chargeTensor(count: request.shape.reduce(1, *), name: request.name)
      reading -= reach * type.size
      guard reading >= 0 else {
        throw FileProblem("has tensors that look into each other many times; save a state_dict()")
      }
      let tensor = try tensor(request)
      weights.tensors[request.name] = tensor
      previous = (place, tensor)
    }
    weights.ignored.sort()
    return weights
  }

  /// How many numbers of its storage a tensor spans; checks that they are inside.
  private func reach(of request: Request) throws(FileProblem) -> Int {
    let (shape, strides, offset) = (request.shape, request.strides, request.view.offset)
    let available = pickle.storages[Int(request.view.storage)].view.count
    let damaged = FileProblem(
      "is damaged: tensor \(quoted(request.name)) does not fit in its storage; get it again")
    guard let count = Tensor.checkedCount(shape), strides.count == shape.count, offset >= 0,
      offset <= available
    else { throw damaged }
    guard count > 0 else { return 0 }
    var last = offset
    for (size, step) in zip(shape, strides) where size > 1 {
      let (distance, overflow) = (size - 1).multipliedReportingOverflow(by: step)
      guard step >= 0, !overflow, distance < available - last else { throw damaged }
      last += distance
    }
    guard last < available else { throw damaged }
    guard FileReader.isNested(shape: shape, strides: strides) else {
      throw FileProblem("tensor \(quoted(request.name)) repeats its elements; save it with .contiguous()")
    }
    return last - offset + 1
  }

  private func tensor(_ request: Request) throws(FileProblem) -> Tensor {
    let stored = pickle.storages[Int(request.view.storage)]
    let start: Int
    switch numbers {
    case .legacy(let directory):
      guard let place = directory.places[stored.key] else {
        throw FileProblem(
          "is damaged: the numbers of tensor \(quoted(request.name)) are missing; get it again")
      }
      start = place
    case .zip(let archive, let folder):
      guard let entry = try archive.entry("\(folder)data/\(stored.key)", in: file) else {
        throw FileProblem(
          "is damaged: the numbers of tensor \(quoted(request.name)) are missing; get it again")
      }
      guard entry.size == stored.count * stored.type.size else {
        throw FileProblem(
          "is damaged: tensor \(quoted(request.name)) has a storage of \(entry.size) bytes where "
            + "\(stored.count * stored.type.size) are due; get it again")
      }
      start = entry.offset
    }
    return try file.tensor(
      stored.type, at: start + (stored.view.lowerBound + request.view.offset) * stored.type.size,
      shape: request.shape, strides: request.strides)
  }
}

/// Where the numbers are in a file of PyTorch before 1.6.
private struct LegacyDirectory {
  /// The byte at which a storage's numbers begin, by its key.
  var places: [String: Int] = [:]

  /// Walks over the storages from `start` on, in the order of `keys`, without reading them.
  init(
    _ keys: UInt32, of pickle: Pickle, from start: Int, in file: borrowing FileReader,
    _ budget: inout MemoryBudget
  ) throws(FileProblem) {
    var known: [String: PickleStorage] = [:]
    for storage in pickle.storages {
      try budget.charge(192)
      if let other = known.updateValue(storage, forKey: storage.key),
        other.type != storage.type || other.count != storage.count
      {
        throw FileProblem(
          "is damaged: storage \(quoted(storage.key)) is of two types or sizes; get it again")
      }
    }
    var position = start
    for value in pickle.elements(keys) {
      guard let key = pickle.text(value), let storage = known[key], places[key] == nil else {
        throw FileProblem("is damaged: it lists a storage twice, or one that no tensor has; get it again")
      }
      try budget.charge(128)
      guard position <= file.size - 8 else {
        throw FileProblem("is cut off: storage \(quoted(key)) is missing; get it again")
      }
      let count = try file.bytes(at: position, count: 8).number(8, at: 0)
      guard count == storage.count else {
        throw FileProblem(
          "is damaged: storage \(quoted(key)) has \(count) numbers where \(storage.count) are due; get it again"
        )
      }
      position += 8
      guard count * storage.type.size <= file.size - position else {
        throw FileProblem("is cut off: storage \(quoted(key)) is not whole; get it again")
      }
      places[key] = position
      position += count * storage.type.size
    }
  }
}
