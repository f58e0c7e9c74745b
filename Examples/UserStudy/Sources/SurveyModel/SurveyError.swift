/// What is wrong with a study, its files or what was asked of it, and what to do; one line.
public struct SurveyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong and what to do.
  public let message: String
  /// The file that it is about, if it is about one.
  public let path: String?

  /// An error from its parts.
  public init(_ message: String, path: String? = nil) { (self.message, self.path) = (message, path) }

  /// The file and the message, on one line without control characters.
  public var description: String {
    let text = path.map { "\($0): \(message)" } ?? message
    return String(
      text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "?" : $0 })
  }
}
