/// Why a file of weights, or of arrays, could not be read, written or found.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
  /// The file as it was named.
  public let file: String
  /// What is wrong with it and what to do, in one line.
  public let problem: String

  /// An error from its parts.
  public init(file: String, problem: String) {
    self.file = file
    self.problem = problem
  }

  /// `file: problem`, in one line.
  public var description: String { "\(file): \(problem)" }
}

/// What is wrong inside a file, said by code that does not know the file's name.
package struct FileProblem: Error, Equatable {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// A problem that the system reports for what was being done.
  static func system(_ action: String, _ code: Int32) -> FileProblem {
    FileProblem("\(action): \(systemMessage(code))")
  }
}

extension WeightsError {
  /// Runs `body` and adds the file's name to what goes wrong in it.
  package static func naming<R>(
    _ file: String, _ body: () throws(FileProblem) -> R
  ) throws(WeightsError) -> R {
    do { return try body() } catch { throw WeightsError(file: file, problem: error.text) }
  }
}

/// Text from a file, fit for one line of a message: not too long, and without characters that end a line, steer a
/// terminal or turn the direction of writing.
package func quoted(_ text: some StringProtocol) -> String {
  let line = text.unicodeScalars.prefix(80).map { scalar in
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: "?"
    default: String(scalar)
    }
  }.joined()
  return "'\(line)\(text.unicodeScalars.dropFirst(80).isEmpty ? "" : "…")'"
}
