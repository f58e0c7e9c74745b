import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What of an answer is believed, and goes to the partial file.
final class Reception: Receiver {
  private struct State {
    /// Where the partial file must end when all of this answer has come.
    var end: Int?
    var total: Int?
    /// Whether there was any answer.
    var hasBegun = false
  }

  private let partial: PartialFile
  /// The address that was asked first, before redirects.
  private let url: String
  /// Where the bytes that were asked for begin.
  private let offset: Int
  private let isVerified: Bool
  private let options: ModelFetcher.Options
  private let state = Mutex(State())

  init(
    _ partial: PartialFile, url: String, offset: Int, isVerified: Bool, options: ModelFetcher.Options
  ) {
    (self.partial, self.url, self.offset) = (partial, url, offset)
    (self.isVerified, self.options) = (isVerified, options)
  }

  /// Whether the server answered, whatever it said.
  var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// Whether the file has the length that was announced.
  var isWhole: Bool { state.withLock { $0.total }.map { $0 == partial.size } ?? false }

  /// Throws unless all bytes that were announced have come; the whole file may still be longer.
  func finish() throws {
    let (end, total) = state.withLock { ($0.end, $0.total) }
    let size = partial.size
    if let end, size < end {
      throw Setback.again("the server announced \(end) bytes and sent \(size)")
    }
    if let total, size < total { throw Setback.again("the server sent \(size) of \(total) bytes") }
  }

  func begin(_ response: HTTPURLResponse) throws {
    state.withLock { $0.hasBegun = true }
    switch response.statusCode {
    case 200: try beginWhole(response)
    case 206: try beginRest(response)
    case 416 where offset > 0: throw Setback.anew("the server has less than is there already")
    case 408, 425, 429, 500...599: throw Setback.again("the server answers \(Reception.shown(response))")
    case 404, 410:
      throw FetchError(.badAnswer, "the server has no such file any more (\(response.statusCode)): \(url)")
    default:
      throw FetchError(.badAnswer, "the server answers \(Reception.shown(response)) to \(url)")
    }
  }

  func take(_ bytes: Data) throws {
    let (end, total) = state.withLock { ($0.end, $0.total) }
    let size = partial.size + bytes.count
    if let end, size > end { throw Setback.anew("the server sent more than it announced") }
    guard size <= options.limit else {
      partial.remove()
      throw FetchError(
        .tooLarge, "the server does not stop sending after \(options.limit) bytes; nothing of it is kept")
    }
    try partial.append(bytes)
    options.progress(.received(size, of: total))
  }

  /// The whole file comes: because it was asked for, it has changed, or the server knows no ranges.
  private func beginWhole(_ response: HTTPURLResponse) throws {
    let type = response.value(forHTTPHeaderField: "Content-Type")?.lowercased() ?? ""
    guard !type.hasPrefix("text/html"), !type.hasPrefix("application/xhtml") else {
      throw FetchError(.badAnswer, "the server sends a web page instead of the file: \(url)")
    }
    try checkEncoding(response)
    let total = response.value(forHTTPHeaderField: "Content-Length").flatMap { Int($0) }
    if total == nil, !isVerified {
      throw FetchError(
        .badAnswer, "the server does not say how long the file is, and no hash of it is known: \(url)")
    }
    try checkRoom(for: total ?? 0, after: 0)
    try partial.begin(PartialFile.Note(url: url, validator: Reception.validator(response), total: total))
    state.withLock { ($0.end, $0.total) = (total, total) }
  }

  /// The rest comes, from where the partial file ends.
  private func beginRest(_ response: HTTPURLResponse) throws {
    guard let note = partial.note, offset > 0 else {
      throw Setback.again("the server sends a part, and the whole was asked for")
    }
    try checkEncoding(response)
    guard let range = ContentRange(response.value(forHTTPHeaderField: "Content-Range") ?? ""),
      range.first == offset, note.total == nil || note.total == range.total
    else { throw Setback.anew("the server sends another part than was asked for") }
    if let old = note.validator, let new = Reception.validator(response), old != new {
      throw Setback.anew("the file has changed on the server")
    }
    if let length = response.value(forHTTPHeaderField: "Content-Length").flatMap({ Int($0) }) {
      guard length == range.last - range.first + 1 else {
        throw Setback.anew("the server announces a part of two lengths")
      }
    }
    try checkRoom(for: range.total, after: offset)
    state.withLock { ($0.end, $0.total) = (range.last + 1, range.total) }
  }

  private func checkEncoding(_ response: HTTPURLResponse) throws {
    let encoding = response.value(forHTTPHeaderField: "Content-Encoding")?.lowercased() ?? "identity"
    guard encoding == "identity" else {
      throw FetchError(
        .badAnswer, "the server sends the file as \(encoding), which was not asked for: \(url)")
    }
  }

  private func checkRoom(for total: Int, after size: Int) throws(FetchError) {
    guard total <= options.limit else {
      throw FetchError(
        .tooLarge, "the server announces \(total) bytes, more than the \(options.limit) that are allowed")
    }
    if let room = options.room(options.folder), total - size > room {
      throw FetchError(
        .cannotWrite,
        "\(total - size) bytes are still to come and \(options.folder) has room for \(room); "
          + "make room and run it again, what has come so far is kept")
    }
  }

  /// What `If-Range` may be given: a weak tag may not stand there.
  private static func validator(_ response: HTTPURLResponse) -> String? {
    if let tag = response.value(forHTTPHeaderField: "ETag"), tag.hasPrefix("\"") { return tag }
    return response.value(forHTTPHeaderField: "Last-Modified")
  }

  private static func shown(_ response: HTTPURLResponse) -> String {
    let code = response.statusCode
    return "\(code) (\(HTTPURLResponse.localizedString(forStatusCode: code)))"
  }
}

/// `bytes first-last/total`, where it makes sense.
struct ContentRange: Equatable {
  var first: Int
  var last: Int
  var total: Int

  init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
    let numbers = words[1].split(whereSeparator: { $0 == "-" || $0 == "/" }).map { Int($0) }
    guard numbers.count == 3, let first = numbers[0], let last = numbers[1], let total = numbers[2],
      first >= 0, first <= last, last < total
    else { return nil }
    (self.first, self.last, self.total) = (first, last, total)
  }
}
