/// What can be wrong with a training run: one clear line each.
public struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of thing is wrong.
  public enum Code: String, Sendable, Equatable {
    /// A recipe's number makes no sense.
    case badRecipe
    /// The faces are too few or of one kind.
    case badFaces
    /// The weights to start from do not fit.
    case badStart
    /// The run's folder holds something else.
    case badRun
    /// A file cannot be read or written.
    case file
    /// The loss is no longer a number.
    case diverged
  }

  /// What kind of thing is wrong.
  public let code: Code
  /// What is wrong and what to do.
  public let message: String
  /// The file or folder, if there is one.
  public let path: String?

  /// An error from its parts.
  public init(_ code: Code, _ message: String, path: String? = nil) {
    (self.code, self.message, self.path) = (code, message, path)
  }

  /// File and message in one line.
  public var description: String { path.map { "\($0): \(message)" } ?? message }
}
