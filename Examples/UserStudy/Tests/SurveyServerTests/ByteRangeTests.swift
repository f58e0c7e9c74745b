import SurveyModel
import Testing

@testable import SurveyServer

struct ByteRangeTests {
  @Test(
    "a range of ten bytes is as RFC 9110 says",
    arguments: [
      ("0-3", 0..<4), ("0-0", 0..<1), ("5-", 5..<10), ("9-", 9..<10), ("9-9", 9..<10), ("0-9", 0..<10),
      ("0-99", 0..<10), ("8-10", 8..<10), ("-3", 7..<10), ("-1", 9..<10), ("-10", 0..<10), ("-20", 0..<10),
      ("00-03", 0..<4), ("0-9223372036854775807", 0..<10), ("-9223372036854775807", 0..<10),
    ] as [(String, Range<Int>)])
  func parts(text: String, part: Range<Int>) { #expect(ByteRange("bytes=" + text, size: 10) == .part(part)) }

  @Test(
    "a range that begins after the end cannot be satisfied",
    arguments: ["10-", "10-12", "99-100", "-0", "-00", "9223372036854775807-9223372036854775807"])
  func unsatisfiable(text: String) { #expect(ByteRange("bytes=" + text, size: 10) == .unsatisfiable) }

  @Test(
    "what is no range, or several, is ignored",
    arguments: [
      "", "bytes", "bytes=", "bytes=-", "bytes=3-2", "bytes=9-0", "bytes=0-1,3-4", "bytes=0-1,", "bytes=a-b",
      "bytes=0-b", "bytes=0-1-2", "bytes=--1", "bytes=+1-2", "bytes=0-+2", "bytes=0x0-1", "bytes=１-2",
      "bytes=0 - 1", "bytes= 0-1", "items=0-1", "0-1", "bytes 0-1", "bytes=0-99999999999999999999",
      "bytes=99999999999999999999-", "bytes=-99999999999999999999",
      "bytes=99999999999999999999-99999999999999999999",
      "bytes=" + String(repeating: "0", count: 200) + "-1",
    ])
  func ignored(header: String) { #expect(ByteRange(header, size: 10) == nil) }

  @Test("a part is never empty and never beyond the bytes", arguments: 0..<500)
  func within(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let size = Int.random(in: 1...40, using: &generator)
    func number() -> String {
      Bool.random(using: &generator) ? String(Int.random(in: 0...60, using: &generator)) : ""
    }
    let (first, last) = (number(), number())
    let range = ByteRange("bytes=\(first)-\(last)", size: size)
    let wanted: Range<Int>
    switch (Int(first), Int(last)) {
    case (let first?, let last?): wanted = first..<max(first, last + 1)
    case (let first?, nil): wanted = first..<max(first, size)
    case (nil, let count?): wanted = max(0, size - count)..<size
    case (nil, nil): wanted = 0..<0
    }
    let expected = wanted.clamped(to: 0..<size)
    switch range {
    case .part(let part): #expect(part == expected && !part.isEmpty)
    case .unsatisfiable: #expect(expected.isEmpty && (first.isEmpty || Int(first)! >= size))
    case nil: #expect(first.isEmpty && last.isEmpty || Int(first)! > Int(last)!)
    }
  }
}
