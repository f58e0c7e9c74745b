/// Fields of a form as browsers send it: `application/x-www-form-urlencoded`, UTF-8.
enum FormBody {
  /// The most fields that are read.
  static let limit = 32

  /// The fields in order; nil for what is no such form: bad escapes, no UTF-8, too many fields, control characters.
  static func fields(_ bytes: some Collection<UInt8>) -> [(name: String, value: String)]? {
    guard !bytes.isEmpty else { return [] }
    let parts = bytes.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
    guard parts.count <= limit else { return nil }
    var fields: [(name: String, value: String)] = []
    for part in parts {
      let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = text(sides[0]), let value = sides.count > 1 ? text(sides[1]) : "" else { return nil }
      fields.append((name, value))
    }
    return fields
  }

  private static func text(_ bytes: some Collection<UInt8>) -> String? {
    var decoded: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
          return nil
        }
        decoded.append(high << 4 | low)
      default: decoded.append(byte)
      }
    }
    guard !decoded.contains(where: { $0 < 32 || $0 == 127 }) else { return nil }
    return String(validating: decoded, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}
