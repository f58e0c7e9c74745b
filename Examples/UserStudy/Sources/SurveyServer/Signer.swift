import Crypto
import Foundation

/// Makes and checks links and form tokens, with the study's secret.
///
/// A token is a nonce of 12 bytes (the minute it was made, 8 random bytes) and HMAC-SHA256 over what it is for and the nonce, in
/// base64url. Its check takes the same time whatever is wrong.
struct Signer: Sendable {
  private let key: SymmetricKey

  static let nonceLength = 12
  private static let codeLength = 32
  /// Minutes for which the introduction's form is good.
  static let startLifetime: UInt32 = 24 * 60

  init(secret: String) { key = SymmetricKey(data: SHA256.hash(data: Data(secret.utf8))) }

  /// What a token is for.
  enum Purpose: Equatable {
    case start
    case answer(respondent: Int, step: Int)

    fileprivate var text: String {
      switch self {
      case .start: "start"
      case .answer(let respondent, let step): "answer|\(respondent)|\(step)"
      }
    }
  }

  /// A new token.
  func token(for purpose: Purpose, now: Date = Date()) -> String {
    let minute = UInt32(clamping: Int(now.timeIntervalSince1970 / 60))
    var nonce = [UInt8](repeating: 0, count: 4)
    for i in 0..<4 { nonce[i] = UInt8(truncatingIfNeeded: minute >> (24 - 8 * UInt32(i))) }
    nonce += (0..<8).map { _ in UInt8.random(in: 0...255) }
    return Base64URL.encode(nonce + code(purpose, nonce))
  }

  /// The nonce of a token that is ours and for this; nil of any other, and of a start that is too old.
  func nonce(of token: String, for purpose: Purpose, now: Date = Date()) -> [UInt8]? {
    guard let bytes = Base64URL.decode(token), bytes.count == Self.nonceLength + Self.codeLength else {
      return nil
    }
    let nonce = Array(bytes[..<Self.nonceLength])
    guard
      HMAC<SHA256>.isValidAuthenticationCode(
        bytes[Self.nonceLength...], authenticating: message(purpose, nonce), using: key)
    else { return nil }
    if purpose == .start {
      let made = nonce[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let minute = UInt32(clamping: Int(now.timeIntervalSince1970 / 60))
      guard made <= minute &+ 1, minute <= made &+ Self.startLifetime else { return nil }
    }
    return nonce
  }

  /// The link of who began with a form: the same form sent twice gives the same link, so nobody begins twice by a double click.
  func link(start nonce: [UInt8]) -> String {
    let code = HMAC<SHA256>.authenticationCode(for: Data("link|".utf8) + nonce, using: key)
    return Base64URL.encode(Array(code.prefix(16)))
  }

  /// What the database keeps of a link; nil where it cannot be one.
  static func digest(ofLink link: String) -> Data? {
    guard link.utf8.count == 22, let bytes = Base64URL.decode(link), bytes.count == 16 else { return nil }
    return Data(SHA256.hash(data: Data(link.utf8)))
  }

  /// Whether a password is the administrator's token.
  static func isToken(_ given: String, _ token: String) -> Bool {
    // Digests of equal length, compared in constant time.
    SHA256.hash(data: Data(given.utf8)) == SHA256.hash(data: Data(token.utf8))
  }

  private func message(_ purpose: Purpose, _ nonce: [UInt8]) -> Data { Data("\(purpose.text)|".utf8) + nonce }

  private func code(_ purpose: Purpose, _ nonce: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: message(purpose, nonce), using: key))
  }
}

/// Base64 for addresses (RFC 4648, section 5), without padding; one text for each value.
enum Base64URL {
  static func encode(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }

  static func decode(_ text: String) -> [UInt8]? {
    guard text.utf8.count <= 256, text.utf8.allSatisfy(isDigit) else { return nil }
    var padded = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    while padded.utf8.count % 4 != 0 { padded += "=" }
    guard let bytes = Data(base64Encoded: padded).map(Array.init), encode(bytes) == text else { return nil }
    return bytes
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }
}
