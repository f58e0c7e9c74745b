// The safetensors format, https://github.com/huggingface/safetensors: eight bytes with the length of the
// header, a header in JSON, the numbers. Read as the reference implementation does, strictly: the numbers
// must be covered by tensors without overlap or hole, the header has at most 100 MB and no name twice.

extension Weights {
  /// Reads a safetensors file.
  ///
  /// F32, F16, BF16 and F64 (rounded to `Float`) become tensors; integers and truth values are checked and
  /// then left out (``ignored``). Memory: the tensors, and the header as it is read; at most twice the file's size and
  /// two megabytes.
  ///
  /// - Throws: ``WeightsError`` if the file cannot be read, or is not whole and consistent.
  public init(safetensors path: String) throws(WeightsError) {
    self = try WeightsError.naming(path) { () throws(FileProblem) in
      try Weights(reading: FileReader(path))
    }
  }

  package init(reading file: borrowing FileReader) throws(FileProblem) {
    guard file.size >= 8 else { throw FileProblem("is no safetensors file: it has \(file.size) bytes") }
    let length = try file.bytes(at: 0, count: 8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    guard length <= 100_000_000 else {
      throw FileProblem(
        "is no safetensors file: its header would have \(length) bytes, at most 100000000 may be")
    }
    guard Int(length) <= file.size - 8 else {
      throw FileProblem("is cut off: its header has \(length) bytes, the file \(file.size); get it again")
    }
    let start = 8 + Int(length)
    var budget = MemoryBudget(forFileOf: file.size)
    try budget.charge(Int(length))
    let header = try SafetensorsHeader(json: file.bytes(at: 8, count: Int(length)), &budget)
    budget.release(Int(length))
    try header.checkCover(of: file.size - start)

    self.init([:], metadata: header.metadata)
    for entry in header.entries {
      guard entry.type.isFloatingPoint else {
        ignored.append(entry.name)
        continue
      }
      try budget.chargeTensor(count: entry.count, name: entry.name)
      try FileProblem.checkMemory(4 * entry.count)
      let storage = Storage(count: entry.count)
      try file.read(entry.type, at: start + entry.begin, count: entry.count, to: storage.pointer)
      tensors[entry.name] = Tensor(shape: entry.shape, storage: storage)
    }
    ignored.sort()
  }

  /// Writes a safetensors file, whole or not at all. Equal weights give equal bytes.
  ///
  /// - Parameters:
  ///   - path: where; a file that is there is replaced.
  ///   - precision: how numbers are stored; 16-bit ones are rounded to nearest, ties to even.
  /// - Throws: ``WeightsError`` if the file cannot be written or a finite number is too large for 16 bits.
  public func writeSafetensors(to path: String, precision: Precision = .float32) throws(WeightsError) {
    try WeightsError.naming(path) { () throws(FileProblem) in
      // Wider elements first, as the reference implementation does: then all are aligned.
      let wide = names.filter { Weights.stored($0, tensors[$0]!, precision) == .float32 }
      let narrow = names.filter { Weights.stored($0, tensors[$0]!, precision) != .float32 }
      var header = SafetensorsHeader()
      header.metadata = metadata
      var end = 0
      for name in wide + narrow {
        guard name != "__metadata__" else { throw FileProblem("a tensor cannot be called __metadata__") }
        let tensor = tensors[name]!
        let type = Weights.stored(name, tensor, precision)
        let bytes = tensor.count * type.size
        header.entries.append(
          .init(name: name, type: type, shape: tensor.shape, begin: end, end: end + bytes))
        end += bytes
      }
      let json = header.json()
      guard json.count <= 100_000_000 else { throw FileProblem("names and metadata exceed 100 MB") }
      try WholeFile.write(path) { writer throws(FileProblem) in
        try writer.write(withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init))
        try writer.write(json)
        for entry in header.entries { try Weights.write(tensors[entry.name]!, entry, to: writer) }
      }
    }
  }

  private static func stored(_ name: String, _ tensor: Tensor, _ precision: Precision) -> ElementType {
    if tensor.shape.count < 2 { return .float32 }
    return switch precision {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    }
  }

  private static func write(
    _ tensor: Tensor, _ entry: SafetensorsHeader.Entry, to writer: borrowing WholeFile.Writer
  ) throws(FileProblem) {
    let values = tensor.storage.pointer
    defer { withExtendedLifetime(tensor) {} }
    if entry.type == .float32 {
      return try writer.write(UnsafeRawBufferPointer(start: values, count: tensor.count * 4))
    }
    let isHalf = entry.type == .float16
    let infinity: UInt16 = isHalf ? 0x7c00 : 0x7f80
    let chunk = 1 << 18
    let buffer = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: chunk)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: tensor.count, by: chunk) {
      let n = min(chunk, tensor.count - start)
      var overflow = false
      for i in 0..<n {
        let value = values[start + i]
        let bits = isHalf ? SixteenBit.float16(value) : SixteenBit.bfloat16(value)
        overflow = overflow || (bits & 0x7fff == infinity && value.isFinite)
        buffer[i] = bits
      }
      guard !overflow else {
        throw FileProblem(
          "tensor \(quoted(entry.name)) has a number that is too large for \(isHalf ? "F16" : "BF16"); "
            + "write it with \(isHalf ? "bfloat16 or " : "")float32")
      }
      try writer.write(UnsafeRawBufferPointer(start: buffer.baseAddress, count: n * 2))
    }
  }
}

/// The header of a safetensors file.
struct SafetensorsHeader {
  struct Entry {
    var name: String
    var type: ElementType
    var shape: [Int]
    /// Where its bytes are, counted from the end of the header.
    var begin: Int
    var end: Int
    var count: Int { (end - begin) / type.size }
  }

  var metadata: [String: String] = [:]
  var entries: [Entry] = []

  init() {}

  static let types: [(name: String, type: ElementType)] = [
    ("F64", .float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("I64", .int64),
    ("I32", .int32),
    ("I16", .int16), ("I8", .int8), ("U64", .uint64), ("U32", .uint32), ("U16", .uint16), ("U8", .uint8),
    ("BOOL", .bool),
  ]

  /// Checks that the tensors cover `size` bytes, each one once.
  func checkCover(of size: Int) throws(FileProblem) {
    var covered = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.end <= size else {
        throw FileProblem(
          "tensor \(quoted(entry.name)) ends at byte \(entry.end) of the data, which has \(size): the file "
            + "is cut off or damaged; get it again")
      }
      guard entry.begin == covered else {
        throw FileProblem(
          "is damaged: tensor \(quoted(entry.name)) begins at byte \(entry.begin) of the data where "
            + "\(covered) is due"
        )
      }
      covered = entry.end
    }
    guard covered == size else {
      throw FileProblem("is damaged: \(size - covered) bytes at its end belong to no tensor")
    }
  }

  /// The header's bytes, filled up with spaces so that the numbers begin at a multiple of eight.
  func json() -> [UInt8] {
    var parts: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map {
        "\(JSONText.quote($0.key)):\(JSONText.quote($0.value))"
      }
      parts.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    for entry in entries {
      let type = SafetensorsHeader.types.first { $0.type == entry.type }!.name
      let shape = entry.shape.map(String.init).joined(separator: ",")
      parts.append(
        "\(JSONText.quote(entry.name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(entry.begin),\(entry.end)]}")
    }
    var bytes = Array("{\(parts.joined(separator: ","))}".utf8)
    while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }
    return bytes
  }
}
