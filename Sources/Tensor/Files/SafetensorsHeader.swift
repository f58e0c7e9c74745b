extension SafetensorsHeader {
  /// Reads a header: one object of tensors and perhaps `__metadata__`. Its form is known, so it is read as
  /// exactly that: nothing nests deeper, and no name may come twice. What it keeps is charged to `budget`.
  init(json: [UInt8], _ budget: inout MemoryBudget) throws(FileProblem) {
    var text = JSONText(json, budget)
    var names: Set<String> = []
    var hasMetadata = false
    try text.object { text, name throws(FileProblem) in
      if name == "__metadata__" {
        guard !hasMetadata else { throw FileProblem("is damaged: its header has __metadata__ twice") }
        hasMetadata = true
        try text.object { text, key throws(FileProblem) in
          let value = try text.string()
          try text.budget.charge(256 + key.utf8.count + value.utf8.count)
          guard metadata.updateValue(value, forKey: key) == nil else {
            throw FileProblem("is damaged: its metadata has \(quoted(key)) twice")
          }
        }
        return
      }
      guard names.insert(name).inserted else {
        throw FileProblem("is damaged: it has tensor \(quoted(name)) twice")
      }
      try text.budget.charge(320 + name.utf8.count)
      entries.append(try Entry(name: name, &text))
    }
    try text.end()
    budget = text.budget
  }
}

extension SafetensorsHeader.Entry {
  fileprivate init(name: String, _ text: inout JSONText) throws(FileProblem) {
    var (type, shape, offsets) = (String?.none, [Int]?.none, [Int]?.none)
    try text.object { text, key throws(FileProblem) in
      switch key {
      case "dtype" where type == nil: type = try text.string()
      case "shape" where shape == nil: shape = try text.integers(atMost: 32)
      case "data_offsets" where offsets == nil: offsets = try text.integers(atMost: 2)
      default:
        throw FileProblem("is damaged: tensor \(quoted(name)) has \(quoted(key)), twice or out of place")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw FileProblem("is damaged: tensor \(quoted(name)) lacks its dtype, shape or two data_offsets")
    }
    guard let element = SafetensorsHeader.types.first(where: { $0.name == type })?.type else {
      throw FileProblem(
        "tensor \(quoted(name)) is stored as \(quoted(type)), which is not read; store it as F32, F16 or BF16"
      )
    }
    guard let count = Tensor.checkedCount(shape) else {
      throw FileProblem("is damaged: tensor \(quoted(name)) would have the shape \(shape)")
    }
    guard offsets[0] <= offsets[1], offsets[1] - offsets[0] == count * element.size else {
      throw FileProblem(
        "is damaged: tensor \(quoted(name)) of shape \(shape) and type \(type) cannot lie at bytes \(offsets)"
      )
    }
    self.init(name: name, type: element, shape: shape, begin: offsets[0], end: offsets[1])
  }
}

/// As much of JSON as a safetensors header needs: objects, strings, arrays of whole numbers. It never
/// recurses.
struct JSONText {
  private let bytes: [UInt8]
  private var position = 0
  /// What strings are charged to.
  var budget: MemoryBudget

  init(_ bytes: [UInt8], _ budget: MemoryBudget) {
    self.bytes = bytes
    self.budget = budget
  }

  private func problem(_ expected: String) -> FileProblem {
    FileProblem("is no safetensors file, or damaged: byte \(position) of its header should be \(expected)")
  }

  private mutating func next() -> UInt8? {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    return position < bytes.count ? bytes[position] : nil
  }

  /// Takes `character` if it is next.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(FileProblem) {
    guard take(character) else { throw problem("\(character)") }
  }

  /// Reads an object; `member` reads the value after each key.
  mutating func object(
    _ member: (inout JSONText, String) throws(FileProblem) -> Void
  ) throws(FileProblem) {
    try expect("{")
    if take("}") { return }
    repeat {
      _ = next()
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  /// Reads an array of at most `limit` whole numbers.
  mutating func integers(atMost limit: Int) throws(FileProblem) -> [Int] {
    try expect("[")
    var numbers: [Int] = []
    if take("]") { return numbers }
    repeat {
      guard numbers.count < limit else { throw problem("] after \(limit) numbers") }
      guard let first = next(), (0x30...0x39).contains(first) else { throw problem("a whole number") }
      var value = 0
      let start = position
      while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
        let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carried) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
        guard !overflow, !carried else { throw problem("a smaller number") }
        value = sum
        position += 1
      }
      guard first != 0x30 || position == start + 1 else { throw problem("a number without leading zeros") }
      numbers.append(value)
    } while take(",")
    try expect("]")
    return numbers
  }

  /// Reads a string.
  mutating func string() throws(FileProblem) -> String {
    try expect("\"")
    // As escaped it is never shorter. It is there twice while it is checked.
    let length = lengthOfString()
    try budget.charge(2 * length)
    defer { budget.release(2 * length) }
    var utf8: [UInt8] = []
    utf8.reserveCapacity(length)
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let string = String(validating: utf8, as: UTF8.self) else { throw problem("in UTF-8 before") }
        return string
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &utf8)
      case 0..<0x20:
        throw problem("no control character")
      default:
        utf8.append(byte)
        position += 1
      }
    }
    throw problem("within a string that ends")
  }

  /// The bytes up to the quotation mark that ends the string which begins here, or to the end.
  private func lengthOfString() -> Int {
    var end = position
    while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
      end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(end, bytes.count) - position
  }

  private mutating func escape(into utf8: inout [UInt8]) throws(FileProblem) {
    guard position < bytes.count else { throw problem("an escape") }
    let character = bytes[position]
    position += 1
    switch Unicode.Scalar(character) {
    case "\"", "\\", "/": utf8.append(character)
    case "b": utf8.append(0x08)
    case "f": utf8.append(0x0c)
    case "n": utf8.append(0x0a)
    case "r": utf8.append(0x0d)
    case "t": utf8.append(0x09)
    case "u":
      var code = try hexadecimal()
      if (0xd800..<0xdc00).contains(code), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw problem("after a whole surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw problem("after a whole surrogate pair") }
      utf8 += Array(String(Character(scalar)).utf8)
    default:
      throw problem("an escape")
    }
  }

  private mutating func hexadecimal() throws(FileProblem) -> UInt32 {
    guard position + 4 <= bytes.count else { throw problem("four hexadecimal digits") }
    var code: UInt32 = 0
    for byte in bytes[position..<(position + 4)] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw problem("four hexadecimal digits")
      }
      code = code << 4 + UInt32(digit)
    }
    position += 4
    return code
  }

  /// Checks that nothing but white space is left.
  mutating func end() throws(FileProblem) {
    guard next() == nil else { throw problem("the end") }
  }

  /// A string as JSON has it.
  static func quote(_ string: String) -> String {
    var quoted = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
