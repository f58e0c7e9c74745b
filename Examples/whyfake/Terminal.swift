import ArgumentParser
import Foundation

/// Results go to standard output, everything else to standard error.
enum Terminal {
  /// Writes a line to standard output at once, so that a reader at the other end of a pipe sees it.
  static func result(_ line: String) throws {
    guard put(line + "\n", STDOUT_FILENO) else {
      throw Failure("cannot write to standard output: \(String(cString: strerror(errno)))")
    }
  }

  /// Writes a message to standard error.
  static func message(_ text: String) {
    ProgressLine.shared.clear()
    status("whyfake: \(text)\n")
  }

  /// Writes to standard error as it is.
  static func status(_ text: String) { _ = put(text, STDERR_FILENO) }

  private static func put(_ text: String, _ descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno != EINTR { return false }
      bytes = bytes.dropFirst(max(0, count))
    }
    return true
  }

  /// Whether a person watches standard error.
  static let isInteractive = isatty(STDERR_FILENO) == 1

  /// A path as it can be shown on one line: control characters are escaped.
  static func shown(_ path: String) -> String {
    var out = ""
    for scalar in path.unicodeScalars {
      if scalar.properties.generalCategory == .control || (0x2028...0x2029).contains(scalar.value) {
        out += scalar.escaped(asASCII: true)
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

/// Something that could not be done, in one line: what is wrong and what to do.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What an error says, on one line.
func oneLine(_ error: any Error) -> String {
  let text = (error as? CocoaError)?.localizedDescription ?? String(describing: error)
  return Terminal.shown(text.split(whereSeparator: \.isNewline).joined(separator: " "))
}

/// What an error says about a file, on one line that begins with the file's name.
func oneLine(_ error: any Error, about path: String) -> String {
  let (line, shown) = (oneLine(error), Terminal.shown(path))
  return line.hasPrefix("\(shown): ") ? line : "\(shown): \(line)"
}

/// Runs `body`; an error becomes a line on standard error and exit status 1.
func orFail(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch {
    Terminal.message(oneLine(error))
    throw ExitCode.failure
  }
}
