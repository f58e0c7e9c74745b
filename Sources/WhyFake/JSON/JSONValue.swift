/// A JSON value that keeps the order of its keys, so that records read the way they were meant.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A key and its value.
  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSONValue

    package init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// A number with at most `places` decimal places; null where it is nil or not finite.
  package static func rounded(_ value: Double?, _ places: Int) -> JSONValue {
    guard let value, value.isFinite else { return .null }
    var unit = 1.0
    for _ in 0..<places { unit *= 10 }
    let scaled = (value * unit).rounded()
    return .number(scaled.isFinite && abs(scaled) < 1e15 ? scaled / unit : value)
  }

  /// A `Float` in the fewest digits that give it back; null where it is nil or not finite.
  package static func float(_ value: Float?) -> JSONValue {
    guard let value, value.isFinite, let exact = Double(value.description) else { return .null }
    return .number(exact)
  }

  /// A string, or null.
  package static func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

  /// The value as text: on one line, or with a line for each member and two spaces of indentation.
  package func text(pretty: Bool = false) -> String {
    var out = ""
    write(to: &out, pretty: pretty, depth: 0)
    return out
  }

  private func write(to out: inout String, pretty: Bool, depth: Int) {
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .integer(let value): out += String(value)
    case .number(let value): out += value.isFinite ? value.description : "null"
    case .string(let value): JSONValue.quote(value, to: &out)
    case .array(let values):
      // Rows of numbers stay on their line.
      let flat = !pretty || values.allSatisfy(\.isScalar)
      list(values, "[", "]", to: &out, pretty: !flat, separator: pretty ? ", " : ",", depth: depth) {
        $0.write(to: &$1, pretty: pretty, depth: depth + 1)
      }
    case .object(let members):
      list(members, "{", "}", to: &out, pretty: pretty, separator: ",", depth: depth) {
        JSONValue.quote($0.key, to: &$1)
        $1 += pretty ? ": " : ":"
        $0.value.write(to: &$1, pretty: pretty, depth: depth + 1)
      }
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private func list<Item>(
    _ items: [Item], _ open: String, _ close: String, to out: inout String, pretty: Bool, separator: String,
    depth: Int, _ body: (Item, inout String) -> Void
  ) {
    out += open
    for (i, item) in items.enumerated() {
      if i > 0 { out += pretty ? "," : separator }
      if pretty { out += "\n" + String(repeating: "  ", count: depth + 1) }
      body(item, &out)
    }
    if pretty && !items.isEmpty { out += "\n" + String(repeating: "  ", count: depth) }
    out += close
  }

  private static func quote(_ text: String, to out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      // U+2028 and U+2029 end a line in JavaScript; a record is one line wherever it is read.
      case _ where scalar.value < 0x20 || scalar.value == 0x7f || (0x2028...0x2029).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByNilLiteral
{
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member(key: $0.0, value: $0.1) })
  }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(nilLiteral: ()) { self = .null }
}
