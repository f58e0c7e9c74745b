package import Foundation

/// An address that a file may be fetched from: HTTPS, or plain HTTP to this machine itself if that is what was asked
/// for in the first place.
package struct FetchAddress: Sendable, Equatable {
  /// The address.
  package let url: URL
  /// Whether plain HTTP to this machine is allowed.
  private let isLocal: Bool

  /// The address `text`, or the same file at `mirror`, whose scheme and host then take the place of those of `text`.
  package init(_ text: String, mirror: String? = nil) throws(FetchError) {
    var parts = try FetchAddress.parts(text)
    if let mirror {
      let other = try FetchAddress.parts(mirror)
      (parts.scheme, parts.host, parts.port) = (other.scheme, other.host, other.port)
      (parts.percentEncodedUser, parts.percentEncodedPassword) =
        (other.percentEncodedUser, other.percentEncodedPassword)
      let prefix = other.percentEncodedPath
      parts.percentEncodedPath =
        (prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix) + parts.percentEncodedPath
    }
    guard let url = parts.url else {
      throw FetchError(.badAddress, "the address \(FetchAddress.shown(text)) cannot be used")
    }
    try self.init(url, allowsLocal: true)
  }

  private init(_ url: URL, allowsLocal: Bool) throws(FetchError) {
    let scheme = url.scheme?.lowercased()
    isLocal = allowsLocal && scheme == "http" && FetchAddress.isThisMachine(url.host ?? "")
    guard scheme == "https" || isLocal else {
      throw FetchError(
        .badAddress,
        "\(FetchAddress.shown(url.absoluteString)) is not https, and files are fetched by nothing else")
    }
    self.url = url
  }

  /// Where a redirect leads; throws if it leaves HTTPS.
  package func redirected(to location: String) throws(FetchError) -> FetchAddress {
    guard let target = URL(string: location, relativeTo: url)?.absoluteURL, target.host?.isEmpty == false
    else {
      throw FetchError(
        .badAddress, "the server redirects to \(FetchAddress.shown(location)), which is no address")
    }
    do {
      return try FetchAddress(target, allowsLocal: isLocal)
    } catch {
      throw FetchError(.badAddress, "the server redirects, and \(error.message)")
    }
  }

  /// The address for a message: without user, password and query, which may be secrets.
  package var shown: String { FetchAddress.shown(url.absoluteString) }

  private static func parts(_ text: String) throws(FetchError) -> URLComponents {
    guard let parts = URLComponents(string: text), parts.scheme != nil, parts.host?.isEmpty == false else {
      throw FetchError(.badAddress, "\(shown(text)) is no address such as https://example.org/models/")
    }
    return parts
  }

  private static func shown(_ text: String) -> String {
    guard var parts = URLComponents(string: text) else { return "'\(text.prefix(80))'" }
    (parts.user, parts.password, parts.query, parts.fragment) = (nil, nil, nil, nil)
    return parts.string ?? "'\(text.prefix(80))'"
  }

  private static func isThisMachine(_ host: String) -> Bool {
    if ["localhost", "::1", "[::1]"].contains(host.lowercased()) { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }
}
