import Foundation

/// One line of JSON whose keys keep their order.
struct JSONLine {
  private var members: [String] = []

  func adding(_ key: String, _ value: Int) -> JSONLine { appending(key, String(value)) }

  /// A number with at most `digits` decimals.
  func adding(_ key: String, _ value: Double, digits: Int = 3) -> JSONLine {
    appending(key, value.isFinite ? String(rounded(value, digits)) : "null")
  }

  func adding(_ key: String, _ values: [Int]) -> JSONLine { appending(key, "\(values)") }

  func adding(_ key: String, _ value: String) -> JSONLine {
    let escaped = value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(
      of: "\"", with: "\\\"")
    return appending(key, "\"\(escaped)\"")
  }

  /// Median, least and largest of `times` in milliseconds for each of `count` things, and the number of runs.
  func adding(_ key: String, _ times: Timing, per count: Int, digits: Int = 3) -> JSONLine {
    adding(key, times.median / Double(count), digits: digits)
      .adding("min", times.least / Double(count), digits: digits)
      .adding("max", times.largest / Double(count), digits: digits).adding("runs", times.count)
  }

  func write() { print("{\(members.joined(separator: ", "))}") }

  private func appending(_ key: String, _ json: String) -> JSONLine {
    var line = self
    line.members.append("\"\(key)\": \(json)")
    return line
  }

  private func rounded(_ value: Double, _ digits: Int) -> Double {
    let scale = pow(10, Double(digits))
    return (value * scale).rounded() / scale
  }
}
