import Detector
import Foundation
import TestSupport
import Testing

@Suite("whyfake models list and fetch", .serialized)
struct ModelsFetchTests {
  let scratch: Scratch
  let whole = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

  init() throws { scratch = try Scratch() }

  /// Where the tool keeps models, and nothing of the network that the tests run in.
  private func environment(_ more: [String: String] = [:]) -> [String: String] {
    var environment = ["XDG_CACHE_HOME": scratch.path("cache"), "WHYFAKE_MIRROR": "", "WHYFAKE_MODELS": ""]
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
      environment[name] = ""
      environment[name.uppercased()] = ""
    }
    return environment.merging(more) { $1 }
  }

  private func run(_ arguments: [String], _ more: [String: String] = [:]) throws -> Tool {
    try Tool.start("whyfake", ["models"] + arguments, environment: environment(more)).wait()
  }

  /// What `models list` says of a model, as JSON.
  private func listed(_ name: String) throws -> [String: Any] {
    let lines = try run(["list", "--format", "json"]).lines
    #expect(lines.count == ModelZoo.records.count)
    return try #require(try lines.map(object).first { $0["name"] as? String == name })
  }

  @Test("the list is an aligned table of all models, and says which of them is here")
  func list() throws {
    let run = try run(["list"])
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.lines.count == ModelZoo.records.count + 1)
    let column = try #require(run.lines[0].range(of: "architecture")).lowerBound
    for (line, record) in zip(run.lines.dropFirst(), ModelZoo.records) {
      #expect(line.hasPrefix(record.name) && line[column...].hasPrefix(record.architecture))
      #expect(line.contains(record.isShipped ? "  shipped, default" : "  not fetched"))
    }
    #expect(
      run.lines[1...3].map { $0.components(separatedBy: ", ").last } == [
        "default", "default for attention", "default for ltpa",
      ])
    #expect(try listed(ModelZoo.defaultModel(for: .ltpa(.dotProduct)))["defaultFor"] as? String == "ltpa")
  }

  @Test("without a hash a file is refused, then accepted and pinned, listed, and not fetched twice")
  func unverified() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request, cut: 150_000) }
    let mirror = ["WHYFAKE_MIRROR": "http://127.0.0.1:\(server.port)/"]
    let name = "dfdc-winner-999-23"
    let refused = try run(["fetch", name], mirror)
    #expect(refused.status == 1 && refused.output.isEmpty && refused.errors.contains("--accept-unverified"))
    #expect(server.requests.isEmpty)

    let fetched = try run(["fetch", name, "--accept-unverified"], mirror)
    #expect(fetched.status == 0 && fetched.errors.isEmpty, "\(fetched.errors)")
    #expect(fetched.lines.count == 1 && fetched.output.contains("pinned"))
    #expect(server.requests.first?.target.hasPrefix("/selimsef/dfdc_deepfake_challenge/releases/") == true)
    let entry = try listed(name)
    #expect(entry["state"] as? String == "fetched")
    let path = try #require(entry["path"] as? String)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(whole))
    #expect(fetched.output.hasPrefix(path))

    let count = server.requests.count
    let again = try run(["fetch", name], mirror)
    #expect(
      again.status == 0 && again.output.contains("is there already") && again.output.contains("verified"))
    #expect(server.requests.count == count)
  }

  @Test("what is not the published file is refused with both hashes, one line for each model")
  func mismatch() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let run = try run(
      ["fetch", "icpr2020dfdc", "EfficientNetB5_DFDC"], ["WHYFAKE_MIRROR": "http://127.0.0.1:\(server.port)"])
    #expect(run.status == 1 && run.output.isEmpty)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == 11 && server.requests.count == 10)
    for record in ModelZoo.records {
      guard let hash = record.sha256 else { continue }
      #expect(lines.contains { $0.hasPrefix("whyfake: \(record.name): ") && $0.contains(hash) })
    }
    #expect(lines.last?.contains("did you mean EfficientNetB4_DFDC?") == true)
    #expect(try listed("EfficientNetB4_DFDC")["state"] as? String == "not fetched")
  }

  @Test("a proxy of the environment is asked, unless no_proxy names the host")
  func proxies() throws {
    let target = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let proxy = LocalServer { [whole] request, _ in
      request.method == "CONNECT" ? LocalServer.Reply(403) : .file(whole, for: request)
    }
    let address = "http://127.0.0.1:\(proxy.port)"
    let mirror = "http://127.0.0.1:\(target.port)"
    let plain = try run(
      ["fetch", "dfdc-winner-999-23", "--accept-unverified"],
      ["WHYFAKE_MIRROR": mirror, "http_proxy": address])
    #expect(plain.status == 0, "\(plain.errors)")
    #expect(proxy.requests.map(\.target).allSatisfy { $0.hasPrefix("\(mirror)/selimsef/") })
    #expect(proxy.requests.count == 1 && target.requests.isEmpty)

    let direct = try run(
      ["fetch", "dfdc-winner-888-37", "--accept-unverified"],
      ["WHYFAKE_MIRROR": mirror, "http_proxy": address, "no_proxy": "example.org,127.0.0.1"])
    #expect(direct.status == 0, "\(direct.errors)")
    #expect(proxy.requests.count == 1 && target.requests.count == 1)

    // A name that cannot exist: if the proxy were passed by, nobody would be reached.
    let secure = try run(
      ["fetch", "EfficientNetB4_DFDC"],
      ["WHYFAKE_MIRROR": "https://whyfake.invalid", "https_proxy": address])
    #expect(secure.status == 1 && secure.errors.split(separator: "\n").count == 1, "\(secure.errors)")
    #expect(proxy.requests.last?.method == "CONNECT")
    #expect(proxy.requests.last?.target == "whyfake.invalid:443")
  }

  @Test("Ctrl-C keeps what has come, and the next run goes on from there")
  func interrupted() throws {
    let server = LocalServer { [whole] request, number in
      var reply = LocalServer.Reply(
        200, ["ETag": "\"1\"", "Content-Length": "\(whole.count)"], Array(whole.prefix(100_000)))
      reply.staysOpen = true
      return number == 0 ? reply : .file(whole, for: request)
    }
    let arguments = ["models", "fetch", "dfdc-winner-111-36", "--accept-unverified"]
    let more = environment(["WHYFAKE_MIRROR": "http://127.0.0.1:\(server.port)"])
    let running = try Tool.start("whyfake", arguments, environment: more)
    let folder = scratch.url.appending(path: "cache/whyfake/models")
    let file = ModelZoo.record(named: "dfdc-winner-111-36")?.fileName ?? ""
    let partial = folder.appending(path: "\(file).partial")
    for _ in 0..<250 where (try? Data(contentsOf: partial))?.count != 100_000 {
      Thread.sleep(forTimeInterval: 0.02)
    }
    running.process.interrupt()
    #expect(try running.wait().status == 130)
    #expect(try Data(contentsOf: partial).count == 100_000)
    let next = try Tool.start("whyfake", arguments, environment: more).wait()
    #expect(next.status == 0, "\(next.errors)")
    #expect(server.requests.last?.offset == 100_000)
    #expect(try Data(contentsOf: folder.appending(path: file)) == Data(whole))
  }

  @Test("a file that cannot grow is one line, and what has come is kept")
  func full() throws {
    let server = LocalServer { [whole] request, _ in .file(whole, for: request) }
    let tool = Tool.products.appending(path: "whyfake").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // Files of this process may have 100 blocks of 512 bytes, or of 1024.
    process.arguments = [
      "-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" models fetch EfficientNetB4_DFDC 2>\"$1\"", tool,
      scratch.path("errors"),
    ]
    process.environment = ProcessInfo.processInfo.environment
      .merging(environment(["WHYFAKE_MIRROR": "http://127.0.0.1:\(server.port)"])) { $1 }
    try process.run()
    process.waitUntilExit()
    let errors = try String(contentsOfFile: scratch.path("errors"), encoding: .utf8)
    #expect(process.terminationStatus == 1 && errors.split(separator: "\n").count == 1, "\(errors)")
    #expect(errors.contains("make room") && errors.contains("EfficientNetB4_DFDC"))
    let kept = try #require(try scratch.files.first { $0.hasSuffix(".pth.partial") })
    let bytes = try Data(contentsOf: scratch.url.appending(path: kept))
    #expect([51_200, 102_400].contains(bytes.count) && bytes == Data(whole.prefix(bytes.count)))
  }

  @Test("a published model that is not here says how to get it, and one that cannot be run says so")
  func notHere() throws {
    for (name, words) in [
      ("EfficientNetB4_DFDC", "whyfake models fetch EfficientNetB4_DFDC"), ("Xception_DFDC", "cannot be run"),
    ] {
      let run = try run(["inspect", name])
      #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1)
    }
  }
}
