/// What can be wrong with a model: one clear line each.
public struct DetectorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of thing is wrong.
  public enum Code: String, Sendable, Equatable {
    /// The tensors are not those of the architecture.
    case wrongTensors
    /// It is not known what network the file holds.
    case unknownArchitecture
    /// The file's own description of its model cannot be used.
    case badDescription
    /// There is no model of that name.
    case unknownModel
    /// The model is published elsewhere and was not fetched yet.
    case notFetched
    /// The model was asked for something that it does not have, or was given crops of another size.
    case badRequest
  }

  /// What kind of thing is wrong.
  public let code: Code
  /// What is wrong and what to do.
  public let message: String
  /// The file, if there is one.
  public var path: String?

  /// An error from its parts.
  public init(_ code: Code, _ message: String, path: String? = nil) {
    self.code = code
    self.message = message
    self.path = path
  }

  /// File and message in one line.
  public var description: String { path.map { "\($0): \(message)" } ?? message }
}
