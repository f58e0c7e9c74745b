import ArgumentParser
import Foundation
import SurveyModel

/// Messages go to standard error, a line each.
enum Terminal {
  /// Whether a person watches.
  static let isInteractive = isatty(STDERR_FILENO) == 1
  nonisolated(unsafe) private static var begun: (instant: ContinuousClock.Instant, share: Double)?
  nonisolated(unsafe) private static var isDrawn = false

  /// Writes a message.
  static func message(_ text: String) {
    clear()
    put("whyfake-survey: \(SurveyError(text).description)\n")
  }

  /// Shows how far the work is, on a terminal.
  static func progress(_ what: String, _ share: Double) {
    guard isInteractive else { return }
    if begun == nil { begun = (.now, share) }
    var line = "\(SurveyError(what).description): \(Int((share * 100).rounded())) %"
    if let begun, share - begun.share > 0.02 {
      let left = (ContinuousClock.now - begun.instant) / .seconds(1) * (1 - share) / (share - begun.share)
      line += left < 90 ? ", \(Int(left.rounded(.up))) s left" : ", \(Int((left / 60).rounded())) min left"
    }
    put("\r\u{1B}[K\(line)")
    isDrawn = true
  }

  /// Removes the line of ``progress(_:_:)``.
  static func clear() {
    if isDrawn { put("\r\u{1B}[K") }
    isDrawn = false
  }

  /// Runs `body`; an error becomes a line and exit status 1.
  static func orFail(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ExitCode {
      throw error
    } catch {
      message(String(describing: error))
      throw ExitCode.failure
    }
  }

  private static func put(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
