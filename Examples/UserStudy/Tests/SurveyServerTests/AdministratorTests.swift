import Foundation
import HTTPTypes
import SurveyModel
import Testing

@testable import SurveyServer

struct AdministratorTests {
  private static let paths = ["/admin", "/admin/section/1", "/admin/answers.csv", "/admin/answers.sqlite"]

  static func basic(_ password: String, name: String = "anybody") -> String {
    "Basic " + Data("\(name):\(password)".utf8).base64EncodedString()
  }

  @Test("without the token there is nothing", arguments: paths)
  func closed(path: String) async throws {
    let site = try Site()
    let token = StudyFolder.token
    try await site.visit { browser in
      let wrong: [String?] = [
        nil, "", "Basic", "Basic ", "Basic !!!", "Basic \(token)", "Bearer \(token)", "Digest x", token,
        "Basic " + Data(token.utf8).base64EncodedString(),
        "Basic " + Data([0xFF, 58, 0xFF]).base64EncodedString(),
        "Basic " + String(repeating: "A", count: 5000), Self.basic(""), Self.basic("x"),
        Self.basic(token + " "),
        Self.basic(String(token.dropLast())), Self.basic("x", name: token), Self.basic(StudyFolder.secret),
      ]
      for header in wrong {
        let page = try await browser.get(path, header.map { [.authorization: $0] } ?? [:])
        #expect(page.status == 401 && page.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
        #expect(!page.text.contains("Deepfakes"))
      }
    }
  }

  @Test("with the token there is all, whatever the name", arguments: ["admin", "", "x"])
  func open(name: String) async throws {
    let site = try Site(smallStudy(sections: 3, forms: 2))
    try await site.visit { browser in
      func get(_ path: String) async throws -> Page {
        try await browser.get(path, [.authorization: Self.basic(StudyFolder.token, name: name)])
      }
      let link = try await browser.begin(language: "it")
      try await browser.answer(link, upTo: 3)
      for path in Self.paths {
        let page = try await get(path)
        #expect(page.status == 200 && page.headers[.cacheControl] == "no-store" && !page.bytes.isEmpty)
      }
      let overview = try await get("/admin").text
      #expect(overview.contains("3 answers are stored") && overview.contains("it: 1."))
      for video in site.folder.study.videos { #expect(overview.contains(video.name)) }
      let section = try await get("/admin/section/2")
      #expect(section.videos.count == 5 && section.text.contains("gradcam"))
      #expect(section.text.contains("real: ffpp/c23/original/002"))
      for number in ["0", "4", "9999", "01", "x"] {
        #expect(try await get("/admin/section/\(number)").status == 404)
      }
      let table = try await get("/admin/answers.csv")
      #expect(table.headers[.contentType] == "text/csv; charset=utf-8")
      #expect(table.headers[.contentDisposition] == "attachment; filename=\"answers.csv\"")
    }
  }

  @Test("the backup is a database with all that was acknowledged, and leaves no file behind")
  func backup() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      try await browser.answer(link, upTo: 4)
      let page = try await browser.get(
        "/admin/answers.sqlite", [.authorization: Self.basic(StudyFolder.token)])
      #expect(page.headers[.contentType] == "application/vnd.sqlite3")
      let folder = try TemporaryFolder()
      try folder.write("answers.sqlite", Data(page.bytes))
      let restored = try Store(folder: folder.path, study: site.folder.study)
      let digest = try #require(Signer.digest(ofLink: String(link.dropFirst(3))))
      #expect(try await restored.respondent(link: digest) == site.respondent(link))
      // The link itself is nowhere in it.
      #expect(Data(page.bytes).range(of: Data(link.dropFirst(3).utf8)) == nil)
      try restored.close()
    }
  }

  @Test("wrong tokens are limited; the right one opens, and no token at all is no wrong one")
  func guesses() async throws {
    let site = try Site(limits: [.login: .init(perSecond: 0, burst: 10)])
    try await site.visit { browser in
      func get(_ password: String) async throws -> Page {
        try await browser.get("/admin", [.authorization: Self.basic(password)])
      }
      for _ in 0..<20 { #expect(try await browser.get("/admin").status == 401) }
      for i in 0..<10 { #expect(try await get("guess \(i)").status == 401) }
      for i in 10..<20 {
        let page = try await get("guess \(i)")
        #expect(page.status == 429 && page.headers[.retryAfter] == "60")
      }
      #expect(try await get(StudyFolder.token).status == 200)
    }
  }
}
