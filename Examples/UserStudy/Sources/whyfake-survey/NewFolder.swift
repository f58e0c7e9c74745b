import Dispatch
import Foundation
import SurveyModel
import Synchronization

/// A folder that is filled under another name and appears whole, or not at all; it takes the place of none.
///
/// On Ctrl-C what was written so far is removed, and the program ends.
final class NewFolder {
  /// Where it will be.
  let destination: String
  /// Where it is filled.
  let path: String
  private let watches: [any DispatchSourceSignal]
  private let isOpen = Mutex(true)

  /// Makes the temporary folder; `interrupt` is called before an interrupted program ends.
  init(_ destination: String, interrupt: @escaping @Sendable () -> Void) throws {
    let url = URL(fileURLWithPath: destination).standardizedFileURL
    self.destination = url.path
    guard !FileManager.default.fileExists(atPath: url.path) else {
      throw SurveyError("is there already, perhaps with answers; choose another --output", path: destination)
    }
    let path =
      url.deletingLastPathComponent().path
      + "/.\(url.lastPathComponent).\(UInt32.random(in: 0...(.max))).partial"
    self.path = path
    guard mkdir(path, 0o755) == 0 else {
      throw SurveyError(
        "a folder cannot be made there (\(String(cString: strerror(errno)))); choose another --output",
        path: destination)
    }
    watches = [SIGINT, SIGTERM, SIGHUP].map { number in
      // Not ignored: what is run here would ignore it too.
      signal(number) { _ in }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        interrupt()
        // What is being written meanwhile may add a file.
        for _ in 0..<100 where FileManager.default.fileExists(atPath: path) {
          try? FileManager.default.removeItem(atPath: path)
        }
        Terminal.message("interrupted")
        _exit(128 + number)
      }
      source.activate()
      return source
    }
  }

  deinit {
    if isOpen.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Gives the folder its name.
  func commit() throws {
    guard !FileManager.default.fileExists(atPath: destination), rename(path, destination) == 0 else {
      throw SurveyError("cannot be given its name", path: destination)
    }
    isOpen.withLock { $0 = false }
  }
}
