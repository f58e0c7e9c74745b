import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SurveyModel

/// The media files of a study: read once, found by name in a table, so that no request touches the file system.
struct Media: Sendable {
  private struct File: Sendable {
    let data: Data
    let type: String
    let tag: String
  }
  private let files: [String: File]

  /// Maps the files that the study lists.
  init(_ study: Study, folder: String) throws(SurveyError) {
    var files: [String: File] = [:]
    for name in study.mediaFiles {
      let path = "\(folder)/media/\(name)"
      guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe),
        !data.isEmpty
      else {
        throw SurveyError("is missing or empty; make the study anew", path: path)
      }
      let digest = Array(SHA256.hash(data: data).prefix(12))
      files[name] = File(
        data: data, type: name.hasSuffix(".mp4") ? "video/mp4" : "image/jpeg",
        tag: "\"\(Base64URL.encode(digest))\"")
    }
    self.files = files
  }

  /// The answer to a request for a file; nil where no such file is listed.
  func response(_ name: String, _ request: Request) -> Response? {
    guard let file = files[name] else { return nil }
    var headers: HTTPFields = [
      .contentType: file.type, .eTag: file.tag, .acceptRanges: "bytes",
      .cacheControl: "private, max-age=86400, immutable",
    ]
    if let known = request.headers[.ifNoneMatch],
      known == "*"
        || known.split(separator: ",").contains(where: {
          // Compared weakly: a proxy may have marked it so.
          let tag = $0.trimmingCharacters(in: .whitespaces)
          return tag == file.tag || tag == "W/\(file.tag)"
        })
    {
      return Response(status: .notModified, headers: headers)
    }
    let size = file.data.count
    var (status, range) = (HTTPResponse.Status.ok, 0..<size)
    let isFresh = request.headers[.ifRange].map { $0 == file.tag } ?? true
    // Ranges are of GET alone.
    if isFresh, request.method == .get, let wanted = request.headers[.range],
      let asked = ByteRange(wanted, size: size)
    {
      guard case .part(let part) = asked else {
        headers[.contentRange] = "bytes */\(size)"
        return Response(status: .rangeNotSatisfiable, headers: headers)
      }
      (status, range) = (.partialContent, part)
      headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"
    }
    headers[.contentLength] = String(range.count)
    guard request.method != .head else { return Response(status: status, headers: headers) }
    let (data, part) = (file.data, range)
    return Response(
      status: status, headers: headers,
      body: ResponseBody(contentLength: part.count) { writer in
        for first in stride(from: part.lowerBound, to: part.upperBound, by: 1 << 16) {
          let piece = data[
            (data.startIndex + first)..<(data.startIndex + min(first + 1 << 16, part.upperBound))]
          try await writer.write(ByteBuffer(bytes: piece))
        }
        try await writer.finish(nil)
      })
  }
}

/// One range of bytes (RFC 9110, section 14). Several at once are answered by the whole file, as the RFC allows.
enum ByteRange: Equatable {
  case part(Range<Int>)
  case unsatisfiable

  /// What a `Range` header asks of `size` bytes; nil to ignore it.
  init?(_ header: String, size: Int) {
    guard header.utf8.count < 100, header.hasPrefix("bytes=") else { return nil }
    let ends = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
      return nil
    }
    switch (Int(ends[0]), Int(ends[1])) {
    case (let first?, let last?):
      guard first <= last else { return nil }
      self = first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
    case (let first?, nil) where ends[1].isEmpty: self = first < size ? .part(first..<size) : .unsatisfiable
    case (nil, let count?) where ends[0].isEmpty:
      self = count > 0 ? .part(max(0, size - count)..<size) : .unsatisfiable
    default: return nil
    }
  }
}
