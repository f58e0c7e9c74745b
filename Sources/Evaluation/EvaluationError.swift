/// What can be wrong with samples that are to be judged: one clear line each.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of thing is wrong.
  public enum Code: String, Sendable, Equatable {
    /// There are no samples.
    case empty
    /// Only real or only fake samples where both are needed.
    case oneClass
    /// Two models were not judged on the same samples in the same order.
    case unpaired
    /// The log-loss has no minimum: the classes are separated, or the logits point the other way.
    case noMinimum
  }

  /// What kind of thing is wrong.
  public let code: Code
  /// What is wrong and what to do.
  public let message: String

  /// An error from its parts.
  public init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }

  /// The message.
  public var description: String { message }
}
