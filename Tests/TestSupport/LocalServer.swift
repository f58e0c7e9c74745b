import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A web server on 127.0.0.1 that misbehaves as a test wants it to: one answer a connection, each from a closure.
///
/// No connection lasts longer than a few seconds, whatever the other side does.
public final class LocalServer: Sendable {
  /// What was asked.
  public struct Request: Sendable {
    /// Such as `GET`.
    public var method: String
    /// What follows the method: a path, to a proxy a whole address.
    public var target: String
    /// The headers; their names in small letters.
    public var headers: [String: String]

    /// The first byte that `Range` asks for.
    public var offset: Int? {
      headers["range"].flatMap { $0.hasPrefix("bytes=") ? Int($0.dropFirst(6).prefix { $0 != "-" }) : nil }
    }
  }

  /// What is answered.
  public struct Reply: Sendable {
    /// The status code.
    public var status: Int
    /// The headers; `Content-Length` is added unless it is here or the length is not to be said.
    public var headers: [String: String]
    /// The body.
    public var body: [UInt8]
    /// The connection is closed after so many bytes of the body.
    public var cut: Int?
    /// Whether the body is sent again and again, until the other side closes or 64 MiB have gone.
    public var isEndless = false
    /// Whether nothing more is sent after the body, and the connection stays open.
    public var staysOpen = false

    /// An answer from its parts.
    public init(_ status: Int = 200, _ headers: [String: String] = [:], _ body: [UInt8] = [], cut: Int? = nil)
    {
      (self.status, self.headers, self.body, self.cut) = (status, headers, body, cut)
    }

    /// A file as a proper server gives it: all of it, or from where the request wants it if `If-Range` is right.
    public static func file(_ bytes: [UInt8], for request: Request, tag: String? = "\"1\"", cut: Int? = nil)
      -> Reply
    {
      var headers = tag.map { ["ETag": $0] } ?? [:]
      headers["Content-Type"] = "application/octet-stream"
      let isCurrent = request.headers["if-range"].map { $0 == tag } ?? true
      guard let offset = request.offset, isCurrent else { return Reply(200, headers, bytes, cut: cut) }
      guard offset < bytes.count else { return Reply(416, ["Content-Range": "bytes */\(bytes.count)"]) }
      headers["Content-Range"] = "bytes \(offset)-\(bytes.count - 1)/\(bytes.count)"
      return Reply(206, headers, Array(bytes[offset...]), cut: cut)
    }
  }

  /// Answers a request, given how many came before it.
  public typealias Answer = @Sendable (Request, Int) -> Reply

  /// The port that it listens to.
  public let port: Int
  private let listener: Int32
  private let answer: Answer
  private let log = Log()

  private final class Log: Sendable { let requests = Mutex<[Request]>([]) }

  /// Begins to listen.
  public init(_ answer: @escaping Answer) {
    let listener = socket(AF_INET, LocalServer.stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isUp = withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      return bind(listener, pointer, length) == 0 && listen(listener, 16) == 0
        && getsockname(listener, pointer, &length) == 0
    }
    precondition(isUp, "no port on 127.0.0.1: \(String(cString: strerror(errno)))")
    port = Int(UInt16(bigEndian: address.sin_port))
    self.listener = listener
    self.answer = answer
    let log = log
    // The threads hold the parts, not the server: it goes when the test is over, and the listener with it.
    Thread.detachNewThread {
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 { break }
        Thread.detachNewThread { LocalServer.serve(connection, answer, log) }
      }
      close(listener)
    }
  }

  // Wakes the thread that accepts.
  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// The address of `path` on it.
  public func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

  /// What was asked so far.
  public var requests: [Request] { log.requests.withLock { $0 } }

  private static func serve(_ connection: Int32, _ answer: Answer, _ log: Log) {
    defer { close(connection) }
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(connection, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    guard let request = read(connection) else { return }
    let number = log.requests.withLock { requests in
      requests.append(request)
      return requests.count - 1
    }
    let reply = answer(request, number)
    var headers = reply.headers
    if headers["Content-Length"] == nil, !reply.isEndless {
      headers["Content-Length"] = "\(reply.body.count)"
    }
    if headers["Content-Length"] == "" { headers["Content-Length"] = nil }
    headers["Connection"] = "close"
    var head = "HTTP/1.1 \(reply.status) Answer\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    guard put(connection, Array((head + "\r\n").utf8)) else { return }
    var sent = 0
    repeat {
      guard put(connection, Array(reply.body.prefix(reply.cut ?? .max))) else { return }
      sent += max(reply.body.count, 1)
    } while reply.isEndless && sent < 64 << 20
    if reply.staysOpen {
      var byte: UInt8 = 0
      _ = recv(connection, &byte, 1, 0)
    }
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
      guard bytes.count < 1 << 16, recv(connection, &byte, 1, 0) == 1 else { return nil }
      bytes.append(byte)
      // What begins with no letter is no HTTP; TLS, for instance.
      guard bytes[0] >= 0x41 else { return nil }
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    let words = (lines.first ?? "").split(separator: " ")
    guard words.count == 3 else { return nil }
    var request = Request(method: String(words[0]), target: String(words[1]), headers: [:])
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      request.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    return request
  }

  private static func put(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, noSignal) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  #if canImport(Glibc)
    private static let stream = Int32(SOCK_STREAM.rawValue)
    private static let noSignal = Int32(MSG_NOSIGNAL)
  #else
    private static let stream = SOCK_STREAM
    private static let noSignal: Int32 = 0
  #endif
}
