import Detector
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ModelFetch

@Suite("Fetching a model")
struct FetchTests {
  let whole = material(300_000)

  @Test("a file comes whole, is verified, and leaves nothing beside it")
  func plain() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let fetch = Fetch(server.url("a/model.pth"), expected: whole)
    let result = try fetch.run()
    #expect(result == .init(path: fetch.path, sha256: hash(whole), wasThere: false, wasPinned: false))
    #expect(fetch.file == whole)
    #expect(fetch.names == ["model.pth"])
    #expect(server.requests.map(\.target) == ["/a/model.pth"])
    #expect(server.requests[0].headers["accept-encoding"] == "identity")
    #expect(server.requests[0].headers["range"] == nil)
    let steps = fetch.log.value.withLock { $0 }
    #expect(steps.contains(.received(300_000, of: 300_000)) && steps.last == .verifying)
  }

  @Test("a file that is there and right is not fetched again; one that is wrong is replaced")
  func present() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(try fetch.run().wasThere)
    #expect(server.requests.count == 1)
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: fetch.path))
    #expect(try !fetch.run().wasThere)
    #expect(fetch.file == whole && server.requests.count == 2)
  }

  @Test("another file than the hash names is removed, and both hashes are said")
  func mismatch() throws {
    let other = material(1000, seed: 2)
    let server = LocalServer { request, _ in .file(other, for: request) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.mismatch, hash(whole), hash(other))
    #expect(fetch.names == [])
  }

  @Test(
    "an error of the server is one line; what may pass is tried again",
    arguments: [404, 410, 403, 401, 500, 503])
  func errors(status: Int) throws {
    let server = LocalServer { _, _ in LocalServer.Reply(status, [:], Array("no".utf8)) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(status < 500 ? .badAnswer : .noConnection, "\(status)")
    #expect(server.requests.count == (status < 500 ? 1 : 5))
    #expect(fetch.names == [])
  }

  @Test("a server that is busy for a while is asked until it answers")
  func busyServer() throws {
    let server = LocalServer { [whole] request, number in
      number < 3 ? LocalServer.Reply(503) : .file(whole, for: request)
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole && fetch.pauses == 3)
  }

  @Test("a web page in place of the file is refused before any of it is kept")
  func page() throws {
    let server = LocalServer { _, _ in
      LocalServer.Reply(200, ["Content-Type": "text/html; charset=utf-8"], Array("<html>Log in".utf8))
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.badAnswer, "web page")
    #expect(fetch.names == [])
  }

  @Test("an empty file is no model, whether or not a hash is known", arguments: [true, false])
  func empty(hasHash: Bool) throws {
    let server = LocalServer { _, _ in LocalServer.Reply(200) }
    var fetch = Fetch(server.url("model.pth"), expected: hasHash ? whole : nil)
    fetch.options.acceptsUnverified = true
    fetch.expect(.badAnswer, "empty")
    #expect(fetch.names == [])
  }

  @Test("a file that comes packed, though nobody asked for that, is refused")
  func packed() throws {
    let server = LocalServer { _, _ in LocalServer.Reply(200, ["Content-Encoding": "br"], [1, 2, 3]) }
    Fetch(server.url("model.pth"), expected: whole).expect(.badAnswer, "br")
  }

  @Test("a body that never ends is cut off at the limit and removed")
  func endless() throws {
    let server = LocalServer { _, _ in
      var reply = LocalServer.Reply(200, [:], material(65_536))
      reply.isEndless = true
      return reply
    }
    var fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.options.limit = 1_000_000
    fetch.expect(.tooLarge, "1000000")
    #expect(fetch.names == [])
  }

  @Test("more than is allowed is refused when it is announced")
  func announcedTooLarge() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    var fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.options.limit = 299_999
    fetch.expect(.tooLarge, "300000", "299999")
    #expect(fetch.names == [])
  }

  @Test("a disk without room is one line before the download begins, and what was there stays")
  func noRoom() throws {
    let server = LocalServer { [whole] request, number in
      .file(whole, for: request, cut: number == 0 ? 100_000 : nil)
    }
    var fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.options.attempts = 1
    fetch.options.pause = { _ in .seconds(3600) }
    fetch.options.room = { _ in 250_000 }
    fetch.expect(.cannotWrite, "300000", "250000", "make room")
    fetch.options.room = { _ in nil }
    fetch.options.pause = { _ in .zero }
    try fetch.run()
    #expect(fetch.file == whole)
  }

  @Test("a redirect is followed within the rules: not away from https, and not for ever")
  func redirects() throws {
    let target = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let there = target.url("there")
    let server = LocalServer { request, _ in
      let location =
        switch request.target {
        case "/good": there
        case "/relative": "good"
        case "/plain": "http://models.example.org/file?token=secret"
        case "/file": "file:///etc/passwd"
        default: "/loop"
        }
      return LocalServer.Reply(302, ["Location": location], Array("<html>moved</html>".utf8))
    }
    for path in ["good", "relative"] {
      let fetch = Fetch(server.url(path), expected: whole)
      try fetch.run()
      #expect(fetch.file == whole)
    }
    let plain = Fetch(server.url("plain"), expected: whole)
    plain.expect(.badAddress, "redirects", "http://models.example.org/file is not https")
    Fetch(server.url("file"), expected: whole).expect(.badAddress, "redirects")
    Fetch(server.url("loop"), expected: whole).expect(.badAnswer, "ten times")
  }

  @Test("a host that is not there is said at once")
  func unreachable() throws {
    let port = LocalServer { _, _ in LocalServer.Reply() }.port
    Thread.sleep(forTimeInterval: 0.1)
    var fetch = Fetch("http://127.0.0.1:\(port)/model.pth", expected: whole)
    fetch.options.pause = { _ in .seconds(3600) }
    fetch.expect(.noConnection, "127.0.0.1:\(port)")
  }

  @Test("a host that does not speak TLS, or whose certificate nobody vouches for, is said at once")
  func noTLS() throws {
    let server = LocalServer { _, _ in LocalServer.Reply() }
    var fetch = Fetch("https://127.0.0.1:\(server.port)/model.pth", expected: whole)
    fetch.options.pause = { _ in .seconds(3600) }
    fetch.expect(.noConnection, "https_proxy")
  }

  @Test("a server that falls silent is given up, and what came is kept")
  func silence() throws {
    let server = LocalServer { [whole] request, number in
      var reply = LocalServer.Reply(
        200, ["ETag": "\"1\"", "Content-Length": "\(whole.count)"], Array(whole.prefix(5000)))
      reply.staysOpen = true
      return number == 0 ? reply : .file(whole, for: request)
    }
    var fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.options.patience = .milliseconds(300)
    try fetch.run()
    #expect(fetch.file == whole)
    #expect(server.requests.last?.offset == 5000)
  }

  @Test("two processes do not fetch one file at once")
  func locked() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try FileManager.default.createDirectory(
      atPath: fetch.options.folder, withIntermediateDirectories: true)
    do {
      let other = try PartialFile(for: fetch.path)
      fetch.expect(.busy, "another process")
      _ = other.size
    }
    try fetch.run()
    #expect(fetch.file == whole && server.requests.count == 1)
  }

  @Test("a task that is cancelled stops, and what came is kept")
  func cancelled() async throws {
    let server = LocalServer { [whole] _, _ in
      var reply = LocalServer.Reply(
        200, ["ETag": "\"1\"", "Content-Length": "\(whole.count)"], Array(whole.prefix(5000)))
      reply.staysOpen = true
      return reply
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    let record = fetch.record
    var options = fetch.options
    // Cancelled by what comes, not by the clock: other tests may keep this one's thread busy for long.
    let handle = Mutexed<Task<ModelFetcher.Fetched, any Error>?>(nil)
    options.progress = { step in
      if case .received(5000, of: _) = step { handle.value.withLock { $0?.cancel() } }
    }
    let task = Task.detached { [options] in
      while handle.value.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
      return try ModelFetcher(options).fetch(record)
    }
    handle.value.withLock { $0 = task }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(fetch.partial == Array(whole.prefix(5000)))
  }

  @Test("what ships cannot be fetched")
  func shipped() throws {
    var fetch = Fetch("", expected: nil)
    fetch.record.url = nil
    fetch.expect(.nothingToFetch, "comes with this package")
  }
}
