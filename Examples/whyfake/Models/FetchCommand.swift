import ArgumentParser
import Detector
import Foundation
import ModelFetch
import Synchronization
import Tensor

extension ModelsCommand {
  /// `whyfake models fetch`.
  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Downloads published models from their authors' addresses to the user's cache.",
      discussion: """
        Whatever comes is checked against the SHA-256 that its authors publish, and has its name only then. A \
        download that was interrupted is continued. Proxies are taken from the environment (https_proxy, \
        no_proxy). Where the authors' hosts are out of reach, WHYFAKE_MIRROR names another one that has the same \
        paths, such as https://mirror.example.org/models: it takes the place of scheme and host.
        """)

    @Argument(
      help: ArgumentHelp(
        "Names as models list prints them, or a group: "
          + ModelZoo.groups.map(\.name).joined(separator: ", ") + ".", valueName: "name"))
    var names: [String]

    @Flag(
      help:
        "Accept files whose authors publish no hash; the hash that is seen is printed, and pinned for later.")
    var acceptUnverified = false

    func run() throws {
      var options = ModelFetcher.Options(folder: "")
      try orFail {
        guard let folder = WeightsLocator.cacheFolder else {
          throw Failure("there is no folder for models; set HOME or XDG_CACHE_HOME")
        }
        options.folder = folder
      }
      options.mirror = ProcessInfo.processInfo.environment["WHYFAKE_MIRROR"].flatMap { $0.isEmpty ? nil : $0 }
      options.acceptsUnverified = acceptUnverified
      var failed = false
      for name in names {
        let group = ModelZoo.groups.first { $0.name == name }?.models
        for model in group ?? [name] {
          do {
            try fetch(model, options)
          } catch {
            failed = true
            Terminal.message(oneLine(error))
          }
        }
      }
      if failed { throw ExitCode.failure }
    }

    private func fetch(_ name: String, _ options: ModelFetcher.Options) throws {
      guard let record = ModelZoo.record(named: name) else { throw ModelZoo.unknown(name) }
      let display = FetchDisplay(name)
      var options = options
      options.progress = { display.show($0) }
      let fetched = try ModelFetcher(options).fetch(record)
      ProgressLine.shared.clear()
      var line = "\(Terminal.shown(fetched.path))  \(fetched.wasThere ? "is there already" : "fetched"), "
      if fetched.wasPinned {
        line += "SHA-256 \(fetched.sha256), which nobody vouches for; pinned"
      } else {
        line += "verified"
      }
      try Terminal.result(line)
      if !record.isRunnable {
        Terminal.message("\(name) is an \(record.architecture), which cannot be run here")
      }
    }
  }
}

/// Says on the progress line how far a download is and how fast.
private final class FetchDisplay: Sendable {
  private struct Start {
    var bytes: Int
    var time: ContinuousClock.Instant
  }
  private let name: String
  private let start = Mutex<Start?>(nil)

  init(_ name: String) { self.name = name }

  func show(_ progress: ModelFetcher.Progress) {
    switch progress {
    case .verifying: ProgressLine.shared.note("\(name), all there", "verifying")
    case .waiting(let reason):
      start.withLock { $0 = nil }
      ProgressLine.shared.note("\(name), trying again", Terminal.shown(reason))
    case .received(let bytes, let total):
      let start = start.withLock { start in
        start = start ?? Start(bytes: bytes, time: .now)
        return start ?? Start(bytes: bytes, time: .now)
      }
      let seconds = (ContinuousClock.now - start.time) / .seconds(1)
      var detail = Self.megabytes(bytes)
      if let total { detail += " of \(Self.megabytes(total))" }
      if seconds > 0.5 { detail += ", \(Self.megabytes(Int(Double(bytes - start.bytes) / seconds)))/s" }
      if let total, total > 0 {
        ProgressLine.shared.show(name, Double(bytes) / Double(total), detail: detail)
      } else {
        ProgressLine.shared.note(name, detail)
      }
    }
  }

  private static func megabytes(_ bytes: Int) -> String { String(format: "%.1f MB", Double(bytes) / 1e6) }
}
