import Dispatch
import Foundation
import Synchronization

/// Ends the program on Ctrl-C without leaving half-written output.
///
/// Temporary folders are registered while they are filled. A signal removes them and ends the program with
/// 128 + signal at once, however long the step at hand would still take.
final class Interruption: Sendable {
  static let shared = Interruption()

  private let temporary = Mutex<Set<String>>([])
  private let sources = Mutex<[Watch]>([])
  private let gentle = Mutex<(isGentle: Bool, signal: Int32?)>((false, nil))

  /// Keeps a source alive. Safe to share: nobody touches it again.
  private struct Watch: @unchecked Sendable {
    let source: any DispatchSourceSignal
  }

  /// Begins to watch for signals; one that is ignored from outside (`nohup`) stays ignored.
  func install() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var current = sigaction()
      if sigaction(number, nil, &current) == 0, Interruption.isIgnored(current) { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler { Interruption.shared.end(by: number) }
      signal(number, SIG_IGN)
      source.activate()
      let watch = Watch(source: source)
      sources.withLock { $0.append(watch) }
    }
  }

  /// Makes a folder that is removed if the program is interrupted before ``settle(_:_:)``.
  func begin(_ path: String) throws {
    try temporary.withLock { paths in
      guard mkdir(path, 0o777) == 0 else {
        throw Failure(
          "cannot make a folder in \((path as NSString).deletingLastPathComponent): "
            + "\(String(cString: strerror(errno))); choose another place with --output")
      }
      paths.insert(path)
    }
  }

  /// Runs `body`, which moves or removes the folder, as a whole with respect to interruptions.
  func settle(_ path: String, _ body: () throws -> Void) rethrows {
    try temporary.withLock { paths in
      try body()
      paths.remove(path)
    }
  }

  /// From now on the first signal only asks: ``askedToStop``. A second one ends the program as ever.
  func becomeGentle() { gentle.withLock { $0.isGentle = true } }

  /// The signal that asked a gentle program to stop.
  var askedToStop: Int32? { gentle.withLock(\.signal) }

  private func end(by signal: Int32) {
    let isFirst = gentle.withLock { state in
      guard state.isGentle, state.signal == nil else { return false }
      state.signal = signal
      return true
    }
    if isFirst { return }
    ProgressLine.shared.clear()
    // The lock is never given back: from here on, nothing can be moved to its place.
    temporary.withLock { (paths) -> Void in
      for path in paths {
        // The work goes on meanwhile and may add a file.
        for _ in 0..<100 where FileManager.default.fileExists(atPath: path) {
          try? FileManager.default.removeItem(atPath: path)
        }
      }
      Terminal.status("whyfake: interrupted\n")
      _exit(128 + signal)
    }
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    #if canImport(Glibc) || canImport(Musl)
      let handler = action.__sigaction_handler.sa_handler
    #else
      let handler = action.__sigaction_u.__sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
