import Detector
import Foundation
import TestSupport
import Testing

@testable import ModelFetch

@Suite("Going on where a download stopped")
struct ResumeTests {
  let whole = material(300_000)

  @Test("a connection that breaks again and again is made again, as long as it brings something")
  func drops() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request, cut: 40_000) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole && fetch.names == ["model.pth"])
    #expect(server.requests.map(\.offset) == [nil] + (1...7).map { $0 * 40_000 })
    #expect(server.requests.dropFirst().allSatisfy { $0.headers["if-range"] == "\"1\"" })
  }

  @Test("after five attempts in a row that bring nothing it gives up, and the next run goes on")
  func givesUp() throws {
    let server = LocalServer { [whole] request, number in
      .file(whole, for: request, cut: number == 0 ? 100_000 : number < 6 ? 0 : nil)
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.noConnection, "5 attempts", "kept")
    #expect(fetch.partial == Array(whole.prefix(100_000)))
    #expect(server.requests.count == 6)
    try fetch.run()
    #expect(fetch.file == whole && server.requests.last?.offset == 100_000)
  }

  @Test("a server that knows no ranges sends the whole again")
  func noRanges() throws {
    let server = LocalServer { [whole] _, number in
      LocalServer.Reply(200, ["ETag": "\"1\""], whole, cut: number < 2 ? 100_000 : nil)
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole)
    #expect(server.requests.map(\.offset) == [nil, 100_000, 100_000])
  }

  @Test("a file that changes between two attempts is begun anew, never joined from two")
  func changed() throws {
    let old = material(300_000, seed: 3)
    let server = LocalServer { [whole] request, number in
      number == 0
        ? .file(old, for: request, tag: "\"old\"", cut: 100_000) : .file(whole, for: request, tag: "\"new\"")
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole && server.requests.count == 2)
  }

  @Test("a change is noticed also where the server does not look at If-Range")
  func changedUnasked() throws {
    let server = LocalServer { [whole] request, number in
      var request = request
      request.headers["if-range"] = nil
      return .file(
        whole, for: request, tag: number == 0 ? "\"old\"" : "\"new\"", cut: number == 0 ? 100_000 : nil)
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole && server.requests.map(\.offset) == [nil, 100_000, nil])
  }

  @Test(
    "a part other than the one asked for is not taken",
    arguments: [
      "bytes 0-299999/300000", "bytes 100001-299999/300000", "bytes 100000-299999/300001",
      "bytes 100000-299999/*", "bytes 100000-300000/300000", "bytes 100000-99999/300000", "lines 1-2/3", "",
    ])
  func lyingRange(text: String) throws {
    let server = LocalServer { [whole] request, number in
      guard request.offset != nil else { return .file(whole, for: request, cut: number == 0 ? 100_000 : nil) }
      return LocalServer.Reply(206, text.isEmpty ? [:] : ["Content-Range": text], Array(whole[100_000...]))
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole)
    #expect(server.requests.map(\.offset) == [nil, 100_000, nil])
  }

  @Test("a part that nobody asked for is not taken")
  func unaskedPart() throws {
    let server = LocalServer { [whole] _, _ in
      LocalServer.Reply(206, ["Content-Range": "bytes 0-299999/300000"], whole)
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.noConnection, "the whole was asked for")
  }

  @Test("a server that announces more than it has never gets the file through, and it ends")
  func announcesTooMuch() throws {
    let server = LocalServer { [whole] request, _ in
      let offset = request.offset ?? 0
      if offset >= whole.count { return LocalServer.Reply(416) }
      return LocalServer.Reply(
        offset == 0 ? 200 : 206,
        [
          "ETag": "\"1\"", "Content-Length": "\(whole.count + 10 - offset)",
          "Content-Range": "bytes \(offset)-\(whole.count + 9)/\(whole.count + 10)",
        ], Array(whole[offset...]))
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.noConnection, "attempts")
    #expect(fetch.file == nil)
  }

  @Test("of a server that announces less than it sends, no more is taken, and the hash decides")
  func announcesTooLittle() throws {
    let server = LocalServer { [whole] _, _ in LocalServer.Reply(200, ["Content-Length": "299000"], whole) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.mismatch, hash(Array(whole.prefix(299_000))))
    let right = Fetch(server.url("model.pth"), expected: Array(whole.prefix(299_000)))
    try right.run()
    #expect(right.file?.count == 299_000)
  }

  @Test("a range that the server cannot satisfy begins the file anew")
  func unsatisfiable() throws {
    let server = LocalServer { [whole] request, number in
      number == 1 ? LocalServer.Reply(416) : .file(whole, for: request, cut: number == 0 ? 100_000 : nil)
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole && server.requests.map(\.offset) == [nil, 100_000, nil])
  }

  @Test("a part that came whole, but was not verified before the program ended, is not fetched again")
  func alreadyWhole() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try FileManager.default.createDirectory(atPath: fetch.options.folder, withIntermediateDirectories: true)
    do {
      let partial = try PartialFile(for: fetch.path)
      try partial.begin(.init(url: server.url("model.pth"), validator: nil, total: whole.count))
      try partial.append(Data(whole))
    }
    try fetch.run()
    #expect(fetch.file == whole && server.requests.isEmpty)
  }

  @Test(
    "a partial file of which nothing is known, or from elsewhere, is begun anew", arguments: [true, false])
  func foreign(isNoted: Bool) throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try FileManager.default.createDirectory(atPath: fetch.options.folder, withIntermediateDirectories: true)
    do {
      let partial = try PartialFile(for: fetch.path)
      try partial.begin(
        isNoted ? .init(url: "https://example.org/model.pth", validator: "\"1\"", total: whole.count) : nil)
      try partial.append(Data(material(1000, seed: 9)))
    }
    try fetch.run()
    #expect(fetch.file == whole && server.requests.map(\.offset) == [nil])
  }

  @Test("damage to the part that came earlier is found by the hash")
  func damaged() throws {
    let server = LocalServer { [whole] request, number in
      .file(whole, for: request, cut: number == 0 ? 100_000 : number < 6 ? 0 : nil)
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.noConnection)
    var bytes = try #require(fetch.partial)
    bytes[7] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: "\(fetch.path).partial"))
    fetch.expect(.mismatch, hash(whole))
    #expect(fetch.names == [])
    try fetch.run()
    #expect(fetch.file == whole)
  }

  @Test(
    "a server whose connection always breaks at the same place ends it, ranges or not",
    arguments: [true, false])
  func noProgress(hasRanges: Bool) throws {
    let server = LocalServer { [whole] request, _ in
      var request = request
      if !hasRanges { request.headers["range"] = nil }
      return .file(whole, for: request, cut: max(0, 100_000 - (request.offset ?? 0)))
    }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    fetch.expect(.noConnection, "5 attempts")
    #expect(server.requests.count == 6)
    #expect(fetch.partial == Array(whole.prefix(100_000)))
  }

  @Test("a length that is not announced is taken with a hash, and refused without")
  func unknownLength() throws {
    let server = LocalServer { [whole] _, _ in LocalServer.Reply(200, ["Content-Length": ""], whole) }
    let fetch = Fetch(server.url("model.pth"), expected: whole)
    try fetch.run()
    #expect(fetch.file == whole)
    var unverified = Fetch(server.url("model.pth"), expected: nil)
    unverified.options.acceptsUnverified = true
    unverified.expect(.badAnswer, "how long")
  }

  @Test("without a hash, a part is only continued where the server names its version")
  func withoutVersion() throws {
    let server = LocalServer { [whole] request, number in
      .file(whole, for: request, tag: nil, cut: number == 0 ? 100_000 : nil)
    }
    var unverified = Fetch(server.url("model.pth"), expected: nil)
    unverified.options.acceptsUnverified = true
    try unverified.run()
    #expect(unverified.file == whole && server.requests.map(\.offset) == [nil, nil])
  }
}
