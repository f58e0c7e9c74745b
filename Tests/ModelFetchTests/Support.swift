import Detector
import Foundation
import Synchronization
import Tensor
import TestSupport
import Testing

@testable import ModelFetch

/// A file's worth of bytes that are all over the place.
func material(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}

/// The SHA-256 of `bytes`.
func hash(_ bytes: [UInt8]) -> String {
  var hash = SHA256()
  hash.update(bytes)
  return hash.finish()
}

/// A fetch of one file from a server of one's own, without pauses.
struct Fetch {
  let folder = TemporaryFolder()
  var record = ModelZoo.records[1]
  var options: ModelFetcher.Options
  let log = Mutexed<[ModelFetcher.Progress]>([])

  /// A proxy of the machine that the tests run on has no business here.
  private static let withoutProxy: Void = {
    let names = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    for name in names where ProcessInfo.processInfo.environment[name] != nil { unsetenv(name) }
  }()

  /// From `url`, a file that is `expected`; nil: no hash of it is known.
  init(_ url: String, expected: [UInt8]?) {
    Fetch.withoutProxy
    record.name = "model"
    record.fileName = "model.pth"
    record.url = url
    record.sha256 = expected.map(hash)
    options = ModelFetcher.Options(folder: folder.path("cache"))
    options.pause = { _ in .zero }
    options.patience = .seconds(20)
    let log = log
    options.progress = { step in log.value.withLock { $0.append(step) } }
  }

  var path: String { folder.path("cache/model.pth") }
  /// The names in the folder.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path("cache"))) ?? []).sorted()
  }
  var file: [UInt8]? { FileManager.default.contents(atPath: path).map { [UInt8]($0) } }
  var partial: [UInt8]? { FileManager.default.contents(atPath: "\(path).partial").map { [UInt8]($0) } }
  var pauses: Int {
    log.value.withLock { $0.count { if case .waiting = $0 { true } else { false } } }
  }

  @discardableResult
  func run() throws -> ModelFetcher.Fetched { try ModelFetcher(options).fetch(record) }

  /// Runs and expects an error of kind `code` that says each of `words`, in one line.
  func expect(
    _ code: FetchError.Code, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      try run()
      Issue.record("it succeeded", sourceLocation: sourceLocation)
    } catch let error as FetchError {
      let text = error.description
      #expect(error.code == code, "\(text)", sourceLocation: sourceLocation)
      for word in words { #expect(text.contains(word), "\(text)", sourceLocation: sourceLocation) }
      #expect(!text.contains("\n") && text.hasPrefix("model: "), "\(text)", sourceLocation: sourceLocation)
    } catch {
      Issue.record("\(error)", sourceLocation: sourceLocation)
    }
  }
}

/// A value that closures share.
final class Mutexed<Value: Sendable>: Sendable {
  let value: Mutex<Value>
  init(_ value: Value) { self.value = Mutex(value) }
}
