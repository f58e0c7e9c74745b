/// Why a model was not fetched: one clear line.
package struct FetchError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of thing went wrong.
  package enum Code: String, Sendable, Equatable {
    /// There is nothing to fetch: the model ships.
    case nothingToFetch
    /// No hash of the file is known, and that was not accepted.
    case unverified
    /// The file does not have the hash that it must have.
    case mismatch
    /// The address, the mirror or a redirect is none that may be used.
    case badAddress
    /// The server could not be reached, or the connection broke too often.
    case noConnection
    /// The server answered, but not with the file.
    case badAnswer
    /// The file is larger than is allowed.
    case tooLarge
    /// The file could not be written.
    case cannotWrite
    /// Another process is at it.
    case busy
    /// The list of pinned hashes cannot be used.
    case badPins
  }

  /// What kind of thing went wrong.
  package let code: Code
  /// What is wrong and what to do.
  package let message: String
  /// The model that was asked for.
  package var model: String?

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Model and message in one line.
  package var description: String { model.map { "\($0): \(message)" } ?? message }
}

/// An attempt that did not bring the whole file, though another one may.
enum Setback: Error {
  /// To be tried again from where it stopped.
  case again(String)
  /// To be begun anew: what is there cannot be continued.
  case anew(String)
}
