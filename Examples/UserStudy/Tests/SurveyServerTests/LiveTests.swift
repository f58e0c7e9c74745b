import Foundation
import SurveyModel
import Synchronization
import Testing

@testable import SurveyServer

/// Bytes over a socket, as a client that keeps to no rules would send them.
private enum Wire {
  /// What a server on this port answers to `bytes`, until it or we end the connection: all that comes.
  static func ask(_ port: Int, _ bytes: [UInt8], closing: Bool = false) async -> [UInt8] {
    await withCheckedContinuation { continuation in
      // Blocking calls do not belong into tasks.
      DispatchQueue.global().async { continuation.resume(returning: exchange(port, bytes, closing: closing)) }
    }
  }

  static func ask(_ port: Int, _ text: String, closing: Bool = false) async -> String {
    String(decoding: await ask(port, Array(text.utf8), closing: closing), as: UTF8.self)
  }

  private static func exchange(_ port: Int, _ bytes: [UInt8], closing: Bool) -> [UInt8] {
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
      let flags: Int32 = 0
    #endif
    defer { close(descriptor) }
    var timeout = timeval(tv_sec: 15, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { return [] }
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
      if count <= 0 { break }
      sent += count
    }
    if closing { shutdown(descriptor, Int32(1)) }
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { break }
      received += buffer[..<count]
    }
    return received
  }
}

/// The server as `whyfake-survey serve` starts it, on a port of its own.
@Suite(.timeLimit(.minutes(2)))
struct LiveTests {
  private func serve(
    _ folder: StudyFolder, settings: SurveyServer.Settings = .init(),
    _ body: @escaping @Sendable (Int) async throws -> Void
  ) async throws {
    var settings = settings
    settings.port = 0
    let server = try SurveyServer(folder: folder.path, settings: settings) { _ in }
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { port.finish() }
        do { try await server.run { port.yield($0) } } catch is CancellationError {}
      }
      let port = try #require(await ports.first { _ in true })
      try await body(port)
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  private func request(_ line: String, _ headers: String = "", body: String = "") -> String {
    "\(line) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n\(body)"
  }

  @Test("it serves, tells nothing of itself, and leaves one file of answers when it ends")
  func serves() async throws {
    let folder = try StudyFolder()
    try await serve(folder) { port in
      let health = await Wire.ask(port, request("GET /health"))
      #expect(health.hasPrefix("HTTP/1.1 200 OK\r\n") && health.hasSuffix("\r\n\r\nok\n"))
      #expect(!health.lowercased().contains("\r\nserver:"))
      let media = await Wire.ask(port, Array(request("GET /media/0000000000000000.mp4").utf8))
      #expect(Data(media.suffix(150_001)) == StudyFolder.media("0000000000000000.mp4"))
      let head = await Wire.ask(port, request("HEAD /"))
      #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
      let length = head.lowercased().components(separatedBy: "content-length: ").dropFirst().first
        .flatMap { Int($0.prefix { $0.isNumber }) }
      #expect((length ?? 0) > 1000)
      // The file is in use.
      #expect(FileManager.default.fileExists(atPath: folder.path + "/answers.sqlite-wal"))
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.filter { $0.hasPrefix("answers") } == ["answers.sqlite"])
  }

  @Test("bodies that do not say how long they are have the same limit")
  func chunked() async throws {
    let site = try StudyFolder()
    try await serve(site) { port in
      let introduction = await Wire.ask(port, request("GET /"))
      let form = introduction.components(separatedBy: "name=\"form\" value=\"")[1].prefix { $0 != "\"" }
      func start(_ chunks: [String], end: String = "0\r\n\r\n") async -> String {
        let body = chunks.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined() + end
        return await Wire.ask(
          port,
          request(
            "POST /start",
            "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n", body: body),
          closing: true)
      }
      let begin = await start(["form=\(form.prefix(9))", "\(form.dropFirst(9))&cons", "ent=yes"])
      #expect(begin.hasPrefix("HTTP/1.1 303 "))
      let large = await start(
        ["form=\(form)&consent=yes&x="] + Array(repeating: String(repeating: "x", count: 1000), count: 30))
      #expect(large.hasPrefix("HTTP/1.1 413 "))
      // One that breaks off begins nothing.
      let broken = await start(["form=\(form)&consent=yes"], end: "zz\r\n")
      #expect(broken.isEmpty || broken.hasPrefix("HTTP/1.1 400 "))
      let long = await Wire.ask(
        port,
        request(
          "POST /start",
          "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99999999999\r\n"))
      #expect(long.hasPrefix("HTTP/1.1 413 "))
    }
    let responses = try Store.responses(folder: site.path)
    #expect(responses.respondents.count == 1)
  }

  @Test(
    "what is no HTTP ends in an error of the client's or a closed connection",
    arguments: [
      "\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "nonsense\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n",
      "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 40_000) + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n" + (0..<200).map { "X\($0): y\r\n" }.joined() + "\r\n",
    ])
  func noHTTP(text: String) async throws {
    try await serve(try StudyFolder()) { port in
      let answer = await Wire.ask(port, text, closing: true)
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(200))")
      #expect(await Wire.ask(port, request("GET /health")).hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test("who sends too much is refused, and the others are not")
  func proxies() async throws {
    let settings = SurveyServer.Settings(proxies: 1, requestsPerSecond: 0.2)
    try await serve(try StudyFolder(), settings: settings) { port in
      func ask(_ client: String) async -> String {
        String(
          await Wire.ask(port, request("GET /health", "X-Forwarded-For: \(client)\r\n")).dropFirst(9).prefix(
            3))
      }
      // Two at once, and another one every five seconds.
      #expect(
        await [ask("192.0.2.1"), ask("9.9.9.9, 192.0.2.1"), ask("192.0.2.1")] == ["200", "200", "429"])
      #expect(await ask("192.0.2.2") == "200")
    }
  }

  @Test("a folder that lacks what a server needs is refused in one line")
  func lacks() throws {
    func problem(_ change: (StudyFolder) throws -> Void) throws -> String? {
      let folder = try StudyFolder()
      try change(folder)
      do {
        _ = try SurveyServer(folder: folder.path, settings: .init()) { _ in }
        return nil
      } catch let error as SurveyError { return error.description }
    }
    func remove(_ name: String) -> (StudyFolder) throws -> Void {
      { try FileManager.default.removeItem(atPath: "\($0.path)/\(name)") }
    }
    #expect(try problem { _ in } == nil)
    #expect(try problem(remove("study.json"))?.contains("there is no study.json") == true)
    #expect(try problem(remove("texts"))?.contains("holds no texts") == true)
    #expect(try problem(remove("secret"))?.contains("secret: is to hold a secret") == true)
    #expect(try problem(remove("admin-token"))?.contains("admin-token: is to hold a secret") == true)
    #expect(try problem(remove("media"))?.contains("is missing or empty") == true)
    #expect(
      try problem { try $0.folder.write("secret", Data("short".utf8)) }?.contains("at least 32") == true)
    #expect(
      try problem { try $0.folder.write("secret", Data(repeating: 32, count: 64)) }?.contains("at least 32")
        == true)
    #expect(
      try problem { try $0.folder.write("answers.sqlite", Data(repeating: 9, count: 999)) }?
        .contains("cannot be used") == true)
  }
}
