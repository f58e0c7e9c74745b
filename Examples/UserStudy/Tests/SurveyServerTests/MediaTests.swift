import Foundation
import HTTPTypes
import SurveyModel
import Testing

@testable import SurveyServer

struct MediaTests {
  private let site: Site
  private static let video = "/media/0000000000000000.mp4"
  private static let content = StudyFolder.media("0000000000000000.mp4")

  init() throws { site = try Site() }

  @Test("a listed file is served whole, byte by byte")
  func whole() async throws {
    try await site.visit { browser in
      for name in site.folder.study.mediaFiles {
        let page = try await browser.get("/media/\(name)")
        #expect(page.status == 200 && Data(page.bytes) == StudyFolder.media(name))
        #expect(page.headers[.contentType] == (name.hasSuffix("mp4") ? "video/mp4" : "image/jpeg"))
        #expect(page.headers[.acceptRanges] == "bytes" && page.headers[.eTag]?.hasPrefix("\"") == true)
        #expect(page.headers[.cacheControl]?.hasPrefix("private") == true)
      }
    }
  }

  @Test(
    "a part of a file is that part",
    arguments: [
      ("bytes=0-0", 0..<1), ("bytes=0-65535", 0..<65_536), ("bytes=65535-65536", 65_535..<65_537),
      ("bytes=1-140000", 1..<140_001), ("bytes=150000-", 150_000..<150_001), ("bytes=100-", 100..<150_001),
      ("bytes=-1", 150_000..<150_001), ("bytes=-70000", 80_001..<150_001), ("bytes=-999999", 0..<150_001),
      ("bytes=149990-999999", 149_990..<150_001),
    ] as [(String, Range<Int>)])
  func part(header: String, range: Range<Int>) async throws {
    try await site.visit { browser in
      let page = try await browser.get(Self.video, [.range: header])
      #expect(page.status == 206 && Data(page.bytes) == Data(Self.content[range]))
      #expect(page.headers[.contentRange] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/150001")
      #expect(page.headers[.contentLength] == String(range.count))
    }
  }

  @Test("a range that there is not is said with the size, and one that is none is ignored")
  func noPart() async throws {
    try await site.visit { browser in
      for header in ["bytes=150001-", "bytes=-0", "bytes=150001-150002"] {
        let page = try await browser.get(Self.video, [.range: header])
        #expect(page.status == 416 && page.headers[.contentRange] == "bytes */150001" && page.bytes.isEmpty)
      }
      for header in ["bytes=2-1", "bytes=0-1,5-6", "lines=0-1", "bytes=x"] {
        let page = try await browser.get(Self.video, [.range: header])
        #expect(page.status == 200 && page.bytes.count == 150_001 && page.headers[.contentRange] == nil)
      }
    }
  }

  @Test("ranges are of GET alone, as the RFC says")
  func head() async throws {
    try await site.visit { browser in
      for header in ["bytes=0-1", "bytes=999999-"] {
        let page = try await browser.ask(.head, Self.video, headers: [.range: header])
        #expect(page.status == 200 && page.headers[.contentLength] == "150001" && page.bytes.isEmpty)
        #expect(page.headers[.contentRange] == nil)
      }
    }
  }

  @Test("who has a file is not sent it again")
  func tags() async throws {
    try await site.visit { browser in
      let tag = try #require(try await browser.get(Self.video).headers[.eTag])
      for known in [tag, "*", "\"x\", \(tag)", "\(tag),\"x\"", "W/\(tag)"] {
        let page = try await browser.get(Self.video, [.ifNoneMatch: known, .range: "bytes=0-1"])
        #expect(page.status == 304 && page.bytes.isEmpty && page.headers[.eTag] == tag, "\(known)")
      }
      for other in ["\"x\"", tag.replacingOccurrences(of: "\"", with: ""), "", tag.dropLast() + "x\""] {
        #expect(try await browser.get(Self.video, [.ifNoneMatch: other]).status == 200)
      }
      let others = try await browser.get("/media/0000000000000002.mp4").headers[.eTag]
      #expect(others != tag)
    }
  }

  @Test("the rest of a file is sent only to who has the beginning of this one")
  func ifRange() async throws {
    try await site.visit { browser in
      let tag = try #require(try await browser.get(Self.video).headers[.eTag])
      for (known, status) in [
        (tag, 206), ("\"x\"", 200), ("W/\(tag)", 200), ("Tue, 15 Nov 1994 12:45:26 GMT", 200),
      ] {
        let page = try await browser.get(Self.video, [.ifRange: known, .range: "bytes=10-19"])
        #expect(page.status == status && page.bytes.count == (status == 206 ? 10 : 150_001))
      }
    }
  }

  @Test("a file of the folder that the study does not list is not served")
  func unlisted() async throws {
    var study = site.folder.study
    let name = study.videos[0].media
    study.videos[0].media = study.videos[2].media
    let listed = study.videos[2].media
    let other = try Site(study)
    try other.folder.folder.write("media/\(name)", Data("of nobody".utf8))
    try await other.visit { browser in
      let statuses = try await [browser.get("/media/\(name)").status, browser.get("/media/\(listed)").status]
      #expect(statuses == [404, 200])
    }
  }

  @Test("a file that is missing or empty is named when the server starts")
  func missing() throws {
    func problem() -> String? {
      do {
        _ = try Media(site.folder.study, folder: site.folder.path)
        return nil
      } catch { return error.description }
    }
    #expect(problem() == nil)
    try site.folder.folder.write("media/0000000000000003.jpg", Data())
    #expect(problem()?.contains("0000000000000003.jpg: is missing or empty") == true)
    try FileManager.default.removeItem(atPath: site.folder.path + "/media/0000000000000003.jpg")
    #expect(problem()?.contains("0000000000000003.jpg: is missing or empty") == true)
  }
}
