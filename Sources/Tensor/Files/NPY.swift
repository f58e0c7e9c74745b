// NumPy's .npy format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: versions 1.0,
// 2.0 and 3.0, any order of bytes and of elements. The header, a dictionary in Python's spelling, is read as
// exactly that and never evaluated.

/// An array of bytes: a `.npy` file of uint8, such as a clip of shape T×S×S×3.
public struct ByteArray: Sendable, Equatable {
  /// The size of each dimension.
  public let shape: [Int]
  /// The elements in row-major order.
  public let elements: [UInt8]

  /// An array from its elements in row-major order; their number must fit `shape`.
  public init(shape: [Int], _ elements: [UInt8]) {
    precondition(
      Tensor.checkedCount(shape) == elements.count,
      "ByteArray: \(elements.count) elements do not make \(shape)")
    self.shape = shape
    self.elements = elements
  }

  /// Reads a `.npy` file of uint8.
  ///
  /// - Throws: ``WeightsError`` if the file cannot be read, is damaged, or holds something else than uint8.
  public init(npy path: String) throws(WeightsError) {
    self = try WeightsError.naming(path) { () throws(FileProblem) in
      let file = try FileReader(path)
      let header = try NPYHeader(of: file)
      guard header.type == .uint8 else {
        throw FileProblem("holds \(quoted(header.descriptor)) where uint8 is needed; save it as uint8")
      }
      try FileProblem.checkMemory(header.isFortran ? 2 * header.count : header.count)
      let stored = try file.bytes(at: header.dataStart, count: header.count)
      return ByteArray(shape: header.shape, header.isFortran ? rowMajor(stored, header.shape) : stored)
    }
  }

  /// Writes a `.npy` file of uint8, whole or not at all.
  ///
  /// - Throws: ``WeightsError`` if it cannot be written.
  public func writeNPY(to path: String) throws(WeightsError) {
    try WeightsError.naming(path) { () throws(FileProblem) in
      try WholeFile.write(path) { writer throws(FileProblem) in
        try writer.write(NPYHeader.bytes(descriptor: "|u1", shape: shape))
        try writer.write(elements)
      }
    }
  }
}

extension Tensor {
  /// Reads a `.npy` file of numbers or truth values: floats of 16, 32 or 64 bits, integers of 8 to 64 bits.
  ///
  /// What a `Float` cannot hold is rounded to nearest: doubles, and integers beyond 2²⁴. Memory: the tensor and two
  /// megabytes.
  ///
  /// - Throws: ``WeightsError`` if the file cannot be read, is damaged, or holds something else than numbers.
  public init(npy path: String) throws(WeightsError) {
    self = try WeightsError.naming(path) { () throws(FileProblem) in
      let file = try FileReader(path)
      let header = try NPYHeader(of: file)
      return try file.tensor(
        header.type, at: header.dataStart, shape: header.shape,
        strides: header.isFortran
          ? columnMajorStrides(header.shape) : FileReader.rowMajorStrides(header.shape),
        bigEndian: header.isBigEndian)
    }
  }

  /// Writes the tensor as a `.npy` file of float32 (version 1.0, little endian, row-major), whole or not at
  /// all.
  ///
  /// - Throws: ``WeightsError`` if it cannot be written.
  public func writeNPY(to path: String) throws(WeightsError) {
    try WeightsError.naming(path) { () throws(FileProblem) in
      try WholeFile.write(path) { writer throws(FileProblem) in
        try writer.write(NPYHeader.bytes(descriptor: "<f4", shape: shape))
        defer { withExtendedLifetime(self) {} }
        try writer.write(UnsafeRawBufferPointer(start: storage.pointer, count: count * 4))
      }
    }
  }
}

/// Elements that are stored in column-major order, in row-major order.
private func rowMajor<T>(_ stored: [T], _ shape: [Int]) -> [T] {
  guard !stored.isEmpty else { return [] }
  let strides = columnMajorStrides(shape)
  return [T](unsafeUninitializedCapacity: stored.count) { out, count in
    stored.withUnsafeBufferPointer { source in
      gather(source.baseAddress!, shape: shape, strides: strides, to: out.baseAddress!)
    }
    count = stored.count
  }
}

private func columnMajorStrides(_ shape: [Int]) -> [Int] {
  FileReader.rowMajorStrides(shape.reversed()).reversed()
}

/// What a `.npy` file says of its elements.
private struct NPYHeader {
  var type = ElementType.float32
  var descriptor = ""
  var isBigEndian = false
  var isFortran = false
  var shape: [Int] = []
  var count = 0
  var dataStart = 0

  static let types: [(name: String, type: ElementType)] = [
    ("f2", .float16), ("f4", .float32), ("f8", .float64), ("i1", .int8), ("i2", .int16), ("i4", .int32),
    ("i8", .int64), ("u1", .uint8), ("u2", .uint16), ("u4", .uint32), ("u8", .uint64), ("b1", .bool),
  ]

  init(of file: borrowing FileReader) throws(FileProblem) {
    guard file.size >= 10 else { throw FileProblem("is no .npy file: it has \(file.size) bytes") }
    let start = try file.bytes(at: 0, count: min(12, file.size))
    guard start[..<6] == [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] else {
      throw FileProblem("is no .npy file; make one with numpy.save")
    }
    guard (1...3).contains(start[6]), start[7] == 0, start[6] == 1 || start.count == 12 else {
      throw FileProblem("is .npy version \(start[6]).\(start[7]); versions 1.0 to 3.0 are read")
    }
    let lengthBytes = start[6] == 1 ? start[8..<10] : start[8..<12]
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    dataStart = 8 + lengthBytes.count + length
    guard length <= 1 << 20, dataStart <= file.size else {
      throw FileProblem(
        "is cut off or damaged: its header would have \(length) bytes, the file has \(file.size)")
    }
    try parse(file.bytes(at: dataStart - length, count: length))
    guard let count = Tensor.checkedCount(shape) else {
      throw FileProblem("is damaged: it would have the shape \(shape)")
    }
    self.count = count
    guard file.size - dataStart == count * type.size else {
      throw FileProblem(
        "is cut off or damaged: \(file.size - dataStart) bytes where shape \(shape) of "
          + "\(quoted(descriptor)) takes \(count * type.size)")
    }
  }

  /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`: three keys, each once, in any
  /// order.
  private mutating func parse(_ bytes: [UInt8]) throws(FileProblem) {
    var text = PythonText(bytes)
    var seen: Set<String> = []
    try text.expect("{")
    while !text.take("}") {
      let key = try text.string()
      guard seen.insert(key).inserted else {
        throw FileProblem("is damaged: its header has \(quoted(key)) twice")
      }
      try text.expect(":")
      switch key {
      case "descr":
        guard text.isString else {
          throw FileProblem("holds a table of several fields; save one array of numbers")
        }
        descriptor = try text.string()
      case "fortran_order": isFortran = try text.truth()
      case "shape": shape = try text.tuple()
      default: throw FileProblem("is damaged: its header has an unknown key \(quoted(key))")
      }
      guard text.take(",") else {
        try text.expect("}")
        break
      }
    }
    try text.end()
    guard seen.count == 3 else {
      throw FileProblem("is damaged: its header lacks descr, fortran_order or shape")
    }
    let order = descriptor.first
    guard let order, "<>|".contains(order),
      let type = NPYHeader.types.first(where: { $0.name == descriptor.dropFirst() })?.type,
      order != "|" || type.size == 1
    else { throw FileProblem("holds elements of type \(quoted(descriptor)); save it as float32 or uint8") }
    self.type = type
    isBigEndian = order == ">"
  }

  /// A header of version 1.0, with which the elements begin at a multiple of 64 bytes.
  static func bytes(descriptor: String, shape: [Int]) -> [UInt8] {
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "\n"))
    return [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(text.count & 0xff), UInt8(text.count >> 8)] + text
  }
}

/// As much of Python's spelling as a `.npy` header needs.
private struct PythonText {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func problem(_ expected: String) -> FileProblem {
    FileProblem("is damaged: byte \(position) of its header should be \(expected)")
  }

  private mutating func next() -> UInt8? {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0a { position += 1 }
    return position < bytes.count ? bytes[position] : nil
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(FileProblem) {
    guard take(character) else { throw problem("\(character)") }
  }

  /// Whether a string comes next.
  var isString: Bool {
    mutating get { next() == UInt8(ascii: "'") || next() == UInt8(ascii: "\"") }
  }

  mutating func string() throws(FileProblem) -> String {
    guard isString, let quote = next() else { throw problem("a string") }
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote),
      let string = String(validating: bytes[start..<end], as: UTF8.self), !string.contains("\\")
    else { throw problem("a plain string") }
    position = end + 1
    return string
  }

  mutating func truth() throws(FileProblem) -> Bool {
    _ = next()
    for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw problem("True or False")
  }

  /// Reads a tuple of whole numbers: `()`, `(3,)`, `(3, 4)`.
  mutating func tuple() throws(FileProblem) -> [Int] {
    var numbers: [Int] = []
    try expect("(")
    while !take(")") {
      guard numbers.count < 32, let first = next(), (0x30...0x39).contains(first) else {
        throw problem("a whole number, or )")
      }
      let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
        throw problem("a smaller number")
      }
      position = digits.endIndex
      numbers.append(number)
      guard take(",") else {
        guard numbers.count > 1 else { throw problem("a comma") }
        try expect(")")
        break
      }
    }
    return numbers
  }

  mutating func end() throws(FileProblem) {
    guard next() == nil else { throw problem("the end") }
  }
}
