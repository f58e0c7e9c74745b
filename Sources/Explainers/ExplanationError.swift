/// Why a clip could not be explained, in one line.
public struct ExplanationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong and what to do.
  public let message: String

  /// An error that says `message`.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}
