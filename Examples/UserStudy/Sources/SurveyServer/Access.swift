import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// A request with the address that it came from.
struct SurveyContext: RequestContext, RemoteAddressRequestContext {
  var coreContext: CoreRequestContextStorage
  let remoteAddress: SocketAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress
  }

  /// Who asks, as limits count it: an address of IPv4, a network of 64 bits of IPv6. Behind `proxies` trusted proxies it is the
  /// address that the outermost of them saw; what a client itself puts in the header comes before that and is not believed.
  func client(_ request: Request, proxies: Int) -> String {
    let direct = remoteAddress?.ipAddress ?? "none"
    guard proxies > 0, let header = HTTPField.Name("X-Forwarded-For").flatMap({ request.headers[$0] }) else {
      return ClientNetwork.name(direct)
    }
    let seen = header.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let place = seen.count - proxies
    return seen.indices.contains(place) && seen[place].utf8.count <= 64
      ? ClientNetwork.name(seen[place]) : ClientNetwork.name(direct)
  }
}

/// Headers that every answer carries.
enum SecurityHeaders {
  static let all: HTTPFields = [
    .contentSecurityPolicy:
      "default-src 'none'; style-src 'self'; script-src 'self'; media-src 'self'; img-src 'self'; form-action 'self'; "
      + "frame-ancestors 'none'; base-uri 'none'",
    .xContentTypeOptions: "nosniff",
    HTTPField.Name("Referrer-Policy")!: "no-referrer",
    HTTPField.Name("X-Frame-Options")!: "DENY",
    HTTPField.Name("Cross-Origin-Opener-Policy")!: "same-origin",
    HTTPField.Name("Cross-Origin-Resource-Policy")!: "same-origin",
    HTTPField.Name("Permissions-Policy")!: "camera=(), microphone=(), geolocation=(), browsing-topics=()",
  ]
}
