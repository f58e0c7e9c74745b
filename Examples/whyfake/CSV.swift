import Foundation

/// Comma-separated values (RFC 4180, lines end with a line feed).
enum CSV {
  /// Rows as text.
  static func text(_ rows: [[String]]) -> String {
    rows.map { $0.map(field).joined(separator: ",") + "\n" }.joined()
  }

  private static func field(_ value: String) -> String {
    value.contains { ",\"\r\n".contains($0) }
      ? "\"\(value.replacingOccurrences(of: "\"", with: "\"\""))\"" : value
  }
}
