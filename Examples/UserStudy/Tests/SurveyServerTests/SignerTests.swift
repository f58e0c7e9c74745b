import Foundation
import SurveyModel
import Testing

@testable import SurveyServer

struct SignerTests {
  private let signer = Signer(secret: "one secret")
  /// In the middle of a minute.
  private let now = Date(timeIntervalSince1970: 1_800_000_030)

  @Test("a token is good for what it was made for, and has a nonce of its own")
  func roundTrip() throws {
    for purpose in [Signer.Purpose.start, .answer(respondent: 1, step: 0), .answer(respondent: 12, step: 40)]
    {
      let (first, second) = (signer.token(for: purpose, now: now), signer.token(for: purpose, now: now))
      let (one, other) = (
        signer.nonce(of: first, for: purpose, now: now), signer.nonce(of: second, for: purpose, now: now)
      )
      #expect(one?.count == Signer.nonceLength && other?.count == Signer.nonceLength && one != other)
      #expect(first.utf8.count == 59)
    }
  }

  @Test("a token is good for nothing else")
  func purposes() {
    let purposes: [Signer.Purpose] = [
      .start, .answer(respondent: 1, step: 2), .answer(respondent: 1, step: 3),
      .answer(respondent: 2, step: 2),
      .answer(respondent: 12, step: 2), .answer(respondent: 1, step: 22), .answer(respondent: 11, step: 2),
    ]
    for (i, made) in purposes.enumerated() {
      let token = signer.token(for: made, now: now)
      for (j, asked) in purposes.enumerated() {
        #expect((signer.nonce(of: token, for: asked, now: now) != nil) == (i == j), "\(made) as \(asked)")
      }
    }
  }

  @Test("a token with any bit turned is none")
  func bits() throws {
    let purpose = Signer.Purpose.answer(respondent: 3, step: 4)
    let bytes = try #require(Base64URL.decode(signer.token(for: purpose, now: now)))
    #expect(bytes.count == 44)
    for bit in 0..<8 * bytes.count {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(signer.nonce(of: Base64URL.encode(changed), for: purpose, now: now) == nil, "bit \(bit)")
    }
  }

  @Test("a token that is shorter, longer or written otherwise is none")
  func texts() {
    let token = signer.token(for: .start, now: now)
    func isGood(_ text: String) -> Bool { signer.nonce(of: text, for: .start, now: now) != nil }
    #expect(isGood(token))
    for length in 0..<token.count { #expect(!isGood(String(token.prefix(length)))) }
    for text in [
      token + "A", token + "=", token + " ", " " + token, token + "\n", token + token, token + "\0",
      String(repeating: "A", count: 59), String(repeating: "A", count: 100_000), "é" + token.dropFirst(),
    ] { #expect(!isGood(text), "\(text.prefix(80))") }
    // The last character holds two bits that are nothing.
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" where last != token.last {
      #expect(!isGood(token.dropLast() + String(last)))
    }
  }

  @Test("another secret signs otherwise")
  func secrets() throws {
    let other = Signer(secret: "one secret ")
    let token = signer.token(for: .start, now: now)
    #expect(other.nonce(of: token, for: .start, now: now) == nil)
    let nonce = try #require(signer.nonce(of: token, for: .start, now: now))
    #expect(other.link(start: nonce) != signer.link(start: nonce))
  }

  @Test("the form that begins is good for a day, and no longer")
  func lifetime() {
    let token = signer.token(for: .start, now: now)
    func isGood(after seconds: Double) -> Bool {
      signer.nonce(of: token, for: .start, now: now + seconds) != nil
    }
    let day = 24.0 * 60 * 60
    for seconds in [0, 59, 3600, day - 60, day - 1, day] { #expect(isGood(after: seconds), "\(seconds)") }
    for seconds in [day + 60, day + 61, 2 * day, 1000 * day] {
      #expect(!isGood(after: seconds), "\(seconds)")
    }
    // A clock that was put back by less than a minute is forgiven; a form from the future is not.
    #expect(isGood(after: -59) && !isGood(after: -121))
  }

  @Test("the form of an answer is good for as long as the study is")
  func answers() {
    let purpose = Signer.Purpose.answer(respondent: 1, step: 1)
    let token = signer.token(for: purpose, now: now)
    #expect(signer.nonce(of: token, for: purpose, now: now + 400 * 86400) != nil)
  }

  @Test("a link is decided by the form that began, and the secret")
  func links() throws {
    let nonces = try (0..<100).map { _ in
      try #require(signer.nonce(of: signer.token(for: .start), for: .start))
    }
    let links = nonces.map { signer.link(start: $0) }
    #expect(Set(links).count == 100)
    #expect(links == nonces.map { Signer(secret: "one secret").link(start: $0) })
    #expect(links.allSatisfy { $0.utf8.count == 22 && Signer.digest(ofLink: $0)?.count == 32 })
    #expect(Set(links.compactMap { Signer.digest(ofLink: $0) }).count == 100)
  }

  @Test("the database's digest of a link is its SHA-256")
  func digest() {
    let digest = Signer.digest(ofLink: "AAAAAAAAAAAAAAAAAAAAAA")?.map { String(format: "%02x", $0) }.joined()
    #expect(digest == "8a5bdb4cc15164126c6ef2668de9dd240d299ce6397a42c95a9411b93d080ed8")
  }

  @Test("only 22 characters of base64url, as we write them, can be a link")
  func noLinks() {
    let link = "AAAAAAAAAAAAAAAAAAAAAA"
    #expect(Signer.digest(ofLink: link) != nil)
    // Two bits of the last character count: of 64 characters four are written by us.
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    #expect(digits.filter { Signer.digest(ofLink: link.dropLast() + String($0)) != nil } == "AQgw")
    let short = (1...3).map { String(link.dropLast($0)) }
    var others = [
      "", "A", "..", "../../../../study.json", link + "A", link + "==", " " + short[0], "%41" + short[2],
    ]
    others += ["", "=", "+", "/", "\n", "%", "\0"].map { short[0] + $0 }
    others += [short[1] + "==", short[1] + "é", short[2] + "Ａ"]
    for text in others { #expect(Signer.digest(ofLink: text) == nil, "\(text)") }
  }

  @Test("bytes have one text in base64url, and no other")
  func base64() {
    var generator = SeededGenerator(seed: 5)
    for length in 0..<64 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let text = Base64URL.encode(bytes)
      #expect(Base64URL.decode(text) == bytes)
      #expect(!text.contains { "+/=".contains($0) })
      for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" where text.last != other
      {
        #expect(Base64URL.decode(text.dropLast() + String(other)) != bytes)
      }
      for other in ["\(text)=", "\(text)==", "\(text)\n", " \(text)"] {
        #expect(Base64URL.decode(other) == nil)
      }
    }
    #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_" && Base64URL.decode("+/+/") == nil)
    #expect(
      Base64URL.encode(Array("foobar".utf8)) == "Zm9vYmFy" && Base64URL.encode(Array("fo".utf8)) == "Zm8")
  }

  @Test("the administrator's token is that one alone")
  func token() {
    let token = StudyFolder.token
    #expect(Signer.isToken(token, token))
    for given in ["", " ", token + " ", String(token.dropLast()), token.uppercased(), token + "\n", "*"] {
      #expect(!Signer.isToken(given, token))
    }
  }
}
