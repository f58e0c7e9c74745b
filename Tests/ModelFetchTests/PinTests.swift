import Detector
import Foundation
import TestSupport
import Testing

@testable import ModelFetch

@Suite("Files whose authors publish no hash")
struct PinTests {
  let whole = material(50_000)

  @Test("they are refused unless that is accepted; then the hash is pinned and must stay")
  func pinned() throws {
    let other = material(50_000, seed: 2)
    let server = LocalServer { [whole] request, number in .file(number == 0 ? whole : other, for: request) }
    var fetch = Fetch(server.url("model"), expected: nil)
    fetch.expect(.unverified, "--accept-unverified")
    #expect(server.requests.isEmpty && fetch.names == [])

    fetch.options.acceptsUnverified = true
    let first = try fetch.run()
    #expect(first == .init(path: fetch.path, sha256: hash(whole), wasThere: false, wasPinned: true))
    #expect(fetch.names == ["model.pth", "pins.json"])

    fetch.options.acceptsUnverified = false
    #expect(try fetch.run() == .init(path: fetch.path, sha256: hash(whole), wasThere: true, wasPinned: false))

    try FileManager.default.removeItem(atPath: fetch.path)
    for accepted in [false, true] {
      fetch.options.acceptsUnverified = accepted
      fetch.expect(.mismatch, hash(whole), hash(other), "pinned")
    }
    #expect(fetch.names == ["pins.json"])
  }

  @Test("a file that was put there by hand is pinned when that is accepted, and nothing is fetched")
  func byHand() throws {
    let server = LocalServer { _, _ in LocalServer.Reply(500) }
    var fetch = Fetch(server.url("model"), expected: nil)
    try FileManager.default.createDirectory(atPath: fetch.options.folder, withIntermediateDirectories: true)
    try Data(whole).write(to: URL(fileURLWithPath: fetch.path))
    fetch.expect(.unverified, hash(whole), "--accept-unverified")
    fetch.options.acceptsUnverified = true
    let result = try fetch.run()
    #expect(result.wasThere && result.wasPinned && server.requests.isEmpty)
    #expect(try Pins(folder: fetch.options.folder).hash(of: "model") == hash(whole))
  }

  @Test("a list of pins that cannot be read is an error, not an empty list")
  func broken() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    var fetch = Fetch(server.url("model"), expected: nil)
    fetch.options.acceptsUnverified = true
    try fetch.run()
    try Data("{".utf8).write(to: URL(fileURLWithPath: fetch.options.folder + "/pins.json"))
    fetch.expect(.badPins, "pins.json")
  }

  @Test("pins of several processes at once are all kept")
  func together() async throws {
    let folder = TemporaryFolder()
    let pins = Pins(folder: folder.path(""))
    await withTaskGroup(of: Void.self) { group in
      for k in 0..<20 {
        group.addTask {
          try? Pins(folder: folder.path("")).pin("m\(k)", .init(sha256: "\(k)", bytes: k, url: ""))
        }
      }
    }
    for k in 0..<20 { #expect(try pins.hash(of: "m\(k)") == "\(k)") }
    #expect(folder.names() == ["pins.json"])
  }
}
