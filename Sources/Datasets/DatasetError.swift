/// What can be wrong with a dataset: one clear line each.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of thing is wrong.
  public enum Code: String, Sendable, Equatable {
    /// The folder does not look like any known dataset.
    case unknownLayout
    /// An index cannot be understood.
    case badIndex
    /// An archive is damaged.
    case badShard
    /// A file cannot be read or written.
    case file
    /// A picture is not there or cannot be decoded.
    case badPicture
    /// Nothing is left to work on.
    case empty
  }

  /// What kind of thing is wrong.
  public let code: Code
  /// What is wrong and what to do.
  public let message: String
  /// The file or folder.
  public let path: String

  /// An error from its parts.
  public init(_ code: Code, _ message: String, path: String) {
    (self.code, self.message, self.path) = (code, message, path)
  }

  /// File and message in one line.
  public var description: String { "\(path): \(message)" }
}
