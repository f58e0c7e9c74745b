import Foundation

/// A piece of HTML: what is interpolated as a string is escaped, what is interpolated as HTML is not.
struct HTML: ExpressibleByStringInterpolation, CustomStringConvertible {
  private(set) var description: String

  init(stringLiteral value: String) { description = value }
  init(stringInterpolation: StringInterpolation) { description = stringInterpolation.text }
  init(_ parts: [HTML], separator: String = "") {
    description = parts.map(\.description).joined(separator: separator)
  }

  /// A number as coordinates need it: at most two places, a dot.
  static func coordinate(_ value: Double) -> String {
    let hundredths = (value * 100).rounded() / 100
    return hundredths == hundredths.rounded() ? String(Int(hundredths)) : String(hundredths)
  }

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }
    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ value: HTML) { text += value.description }
    mutating func appendInterpolation(_ values: [HTML]) {
      for value in values { text += value.description }
    }
    mutating func appendInterpolation(_ value: Int) { text += String(value) }
    mutating func appendInterpolation(_ value: Double) { text += HTML.coordinate(value) }
    mutating func appendInterpolation(_ value: String) {
      // A percent sign stays on its number's line.
      for scalar in value.replacingOccurrences(of: " %", with: "\u{A0}%").unicodeScalars {
        switch scalar {
        case "&": text += "&amp;"
        case "<": text += "&lt;"
        case ">": text += "&gt;"
        case "\"": text += "&quot;"
        case "'": text += "&#39;"
        // Control characters are not allowed in HTML; direction overrides could make a name read otherwise.
        case _ where scalar.properties.generalCategory == .control,
          "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
          text += "\u{FFFD}"
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
  }
}

/// Numbers and counts as people read them.
enum Words {
  /// `97 %`; never 0 % or 100 % of what is not certain.
  static func percent(_ share: Double) -> String {
    switch share {
    case ..<0.01: "below 1 %"
    case 0.99...: share < 0.9995 ? "99 %" : "above 99 %"
    default: "\(Int((share * 100).rounded())) %"
    }
  }

  /// `1 frame`, `16 frames`; `plural` where an s does not do.
  static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(number) " + (number == 1 ? noun : plural ?? noun + "s")
  }

  /// A text with a full stop at its end.
  static func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : text + "." }

  /// A number with a fixed number of places, as programs read it.
  static func fixed(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

  /// A number with a fixed number of places and a true minus sign.
  static func number(_ value: Double, _ places: Int) -> String {
    fixed(value, places).replacingOccurrences(of: "-", with: "\u{2212}")
  }

  /// A logit: always with its sign.
  static func logit(_ value: Float) -> String { (value > 0 ? "+" : "") + number(Double(value), 2) }

  /// A moment of a video: `0:03.48`.
  static func moment(_ seconds: Double) -> String {
    let hundredths = Int((max(0, seconds) * 100).rounded())
    return String(format: "%d:%02d.%02d", hundredths / 6000, hundredths / 100 % 60, hundredths % 100)
  }

  /// `1,234,567`.
  static func grouped(_ number: Int) -> String {
    var digits = String(number)
    var at = digits.count - 3
    while at > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: at))
      at -= 3
    }
    return digits
  }
}
