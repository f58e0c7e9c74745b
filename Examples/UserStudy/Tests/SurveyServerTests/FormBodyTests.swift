import Foundation
import SurveyModel
import Testing

@testable import SurveyServer

struct FormBodyTests {
  private func fields(_ text: String) -> [String]? {
    FormBody.fields(Array(text.utf8))?.flatMap { [$0.name, $0.value] }
  }

  @Test(
    "forms are read as browsers write them",
    arguments: [
      ("", []), ("a=b", ["a", "b"]), ("a", ["a", ""]), ("a=", ["a", ""]), ("=b", ["", "b"]), ("=", ["", ""]),
      ("a=b=c", ["a", "b=c"]), ("a=1&a=2", ["a", "1", "a", "2"]), ("&", ["", "", "", ""]),
      ("a=1&", ["a", "1", "", ""]), ("a+b=c+d", ["a b", "c d"]), ("a%2Bb=c%20d", ["a+b", "c d"]),
      ("a%3Db=%26", ["a=b", "&"]), ("a=%25%32%35", ["a", "%25"]), ("a=%e2%82%ac", ["a", "€"]),
      ("a=%E2%82%AC", ["a", "€"]), ("a=€", ["a", "€"]), ("a=%F0%9F%98%80", ["a", "😀"]),
      // RFC 1866, 8.2.1, without its line breaks.
      (
        "name=John+Doe&gender=M&family=5&city=kent&city=miami&nickname=J%26D",
        [
          "name", "John Doe", "gender", "M", "family", "5", "city", "kent", "city", "miami", "nickname",
          "J&D",
        ]
      ),
    ] as [(String, [String])])
  func read(text: String, expected: [String]) { #expect(fields(text) == expected) }

  @Test(
    "what is no form is refused as a whole",
    arguments: [
      "a=%", "a=%4", "a=%4g", "a=%g4", "a=%%41", "a=%+1", "a=%-1", "a=% 1", "%=a", "a=1&b=%", "a=%u0041",
      "a=%x41", "a=%00", "a=b%0Ac", "a=%0D%0A", "a=%09", "a=%7F", "a=%1b", "a=\u{0}", "a=\n", "a\u{7F}=b",
      "a=%FF", "a=%C3", "a=%C3%28", "a=%C0%AF", "a=%ED%A0%80", "a=%F4%90%80%80", "%80=a", "a=%E2%82",
    ])
  func refused(text: String) { #expect(fields(text) == nil) }

  @Test("bytes that are no UTF-8 are refused")
  func bytes() {
    for bytes: [UInt8] in [[97, 61, 0xFF], [0xC3], [97, 61, 0xE2, 0x82], [0xED, 0xA0, 0x80]] {
      #expect(FormBody.fields(bytes) == nil)
    }
    #expect(FormBody.fields([97, 61, 0xC3, 0xA9])?.first?.value == "é")
  }

  @Test("32 fields are read, 33 are not")
  func many() {
    let field = ["a=1"]
    func count(_ n: Int) -> Int? {
      fields(Array(repeating: field[0], count: n).joined(separator: "&"))?.count
    }
    #expect(count(32) == 64 && count(33) == nil && fields(String(repeating: "&", count: 32)) == nil)
    #expect(fields(String(repeating: "&", count: 16_000)) == nil)
  }

  @Test("what was written is read, whatever it was", arguments: 0..<300)
  func roundTrip(seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: 11)
    func text() -> String {
      let scalars = (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ -> UnicodeScalar? in
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: UnicodeScalar(UInt32.random(in: 32...126, using: &generator))
        case 1: "&=+%; ".unicodeScalars.randomElement(using: &generator)
        default: UnicodeScalar(UInt32.random(in: 128...0x10_FFFF, using: &generator))
        }
      }
      return String(String.UnicodeScalarView(scalars))
    }
    let given = (0..<Int.random(in: 1...32, using: &generator)).map { _ in (text(), text()) }
    let body = given.map { "\(Browser.encoded($0))=\(Browser.encoded($1))" }.joined(separator: "&")
    // Scalars, not characters: two texts may look alike.
    let expected = given.flatMap { [Array($0.0.utf8), Array($0.1.utf8)] }
    #expect(fields(body).map { $0.map { Array($0.utf8) } } == expected)
    #expect(
      fields(body.replacingOccurrences(of: "%20", with: "+")).map { $0.map { Array($0.utf8) } } == expected)
  }

  @Test("no bytes are too strange to be looked at", arguments: 0..<200)
  func noise(seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: 12)
    let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
      Bool.random(using: &generator)
        ? UInt8.random(in: 0...255, using: &generator)
        : Array("%&=+a0".utf8).randomElement(using: &generator)!
    }
    for field in FormBody.fields(bytes) ?? [] {
      #expect((field.name + field.value).utf8.allSatisfy { $0 >= 32 && $0 != 127 })
    }
  }
}
