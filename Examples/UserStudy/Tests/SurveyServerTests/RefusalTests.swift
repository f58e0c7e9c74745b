import Foundation
import GRDB
import HTTPTypes
import SurveyModel
import Testing

@testable import SurveyServer

/// What is refused, and how.
struct RefusalTests {
  @Test("a form that is missing, forged, twice, of another step, respondent or page is refused")
  func forms() async throws {
    let site = try Site()
    try await site.visit { browser in
      let (link, other) = (try await browser.begin(language: "it"), try await browser.begin())
      let form = try await browser.get("\(link)/0").form
      try await browser.answer(other, upTo: 1)
      let forged = Signer(secret: "another").token(for: .answer(respondent: 1, step: 0))
      let person = try await site.respondent(link)
      let wrong = [
        "", "x", forged, form + "A", String(form.dropLast()), form.uppercased(),
        try await browser.get("/").form,
        site.signer.token(for: .answer(respondent: person.id + 1, step: 0)),
        site.signer.token(for: .answer(respondent: person.id, step: 1)),
      ]
      for token in wrong {
        let page = try await browser.send(link, 0, token, Browser.usual(0))
        #expect(
          page.status == 403 && page.language == "it" && page.text.contains("href=\"\(link)\""), "\(token)")
      }
      for fields: KeyValuePairs in [
        ["screen": "large", "familiarity": "no"],
        ["form": form, "screen": "large", "familiarity": "no", "form": form],
        ["form": form, "screen": "large", "familiarity": "no", "form": ""],
        ["Form": form, "screen": "large", "familiarity": "no"],
      ] { #expect(try await browser.post("\(link)/0", fields).status == 403) }
      // Another's form is not good for one's own link, nor the other way round.
      #expect(try await browser.send(other, 0, form, Browser.usual(0)).status == 403)
      #expect(try await site.respondent(link).answers.isEmpty)
      #expect(try await browser.send(link, 0, form, Browser.usual(0)).status == 303)
    }
  }

  @Test("who begins needs one form of ours, not too old")
  func starts() async throws {
    let site = try Site()
    try await site.visit { browser in
      let form = try await browser.get("/").form
      let old = site.signer.token(for: .start, now: Date(timeIntervalSinceNow: -86_400 - 120))
      let wrong = [
        "", "x", old, form + "A", Signer(secret: "another").token(for: .start),
        site.signer.token(for: .answer(respondent: 1, step: 0)),
      ]
      for token in wrong {
        let page = try await browser.post("/start", ["form": token, "language": "it", "consent": "yes"])
        #expect(page.status == 403 && page.language == "it" && page.text.contains("href=\"/\""))
      }
      #expect(try await browser.post("/start", ["language": "it", "consent": "yes"]).status == 403)
      #expect(try await browser.post("/start", ["form": form, "form": form, "consent": "yes"]).status == 403)
      #expect(try await browser.post("/start", ["form": form, "consent": "yes"]).status == 303)
    }
    #expect(try await site.store.counts().begun == 1)
  }

  @Test("a body of 16 KiB is read, one byte more is not")
  func large() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin(language: "it")
      let form = try await browser.get("\(link)/0").form
      func send(_ bytes: Int) async throws -> Page {
        let body = "form=\(form)&screen=large&familiarity=no&x="
        let padded = body + String(repeating: "a", count: bytes - body.utf8.count)
        return try await browser.ask(
          .post, "\(link)/0", headers: [.contentType: Browser.formType], body: padded)
      }
      for bytes in [16 * 1024 + 1, 100_000, 3_000_000] {
        let page = try await send(bytes)
        #expect(page.status == 413 && page.language == "it", "\(bytes)")
      }
      #expect(try await site.respondent(link).answers.isEmpty)
      #expect(try await send(16 * 1024).status == 303)
    }
  }

  @Test(
    "a body that is no form is refused",
    arguments: [
      (nil, 415), ("", 415), ("text/plain", 415), ("application/json", 415),
      ("multipart/form-data; boundary=x", 415),
      ("application/x-www-form-urlencodedx", 415), ("x; application/x-www-form-urlencoded", 415),
      ("application/x-www-form-urlencoded", 303), ("application/x-www-form-urlencoded; charset=UTF-8", 303),
      ("Application/X-WWW-Form-URLencoded;charset=utf-8", 303), (" application/x-www-form-urlencoded ", 303),
    ] as [(String?, Int)])
  func types(type: String?, status: Int) async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin(language: "it")
      let body = "form=\(try await browser.get("\(link)/0").form)&screen=large&familiarity=no"
      let page = try await browser.ask(
        .post, "\(link)/0", headers: type.map { [.contentType: $0] } ?? [:], body: body)
      #expect(page.status == status)
      if status == 415 { #expect(page.language == "it") }
      #expect(try await site.respondent(link).answers.isEmpty == (status == 415))
    }
  }

  @Test(
    "a form that cannot be read is refused",
    arguments: ["x=%", "x=%zz", "x=%FF", "x=%00", "x=%0A", String(repeating: "x=1&", count: 40)])
  func unreadable(rest: String) async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin(language: "it")
      let body = "form=\(try await browser.get("\(link)/0").form)&screen=large&familiarity=no&\(rest)"
      let page = try await browser.ask(
        .post, "\(link)/0", headers: [.contentType: Browser.formType], body: body)
      #expect(page.status == 400 && page.language == "it" && page.text.contains("href=\"\(link)\""))
      #expect(try await site.respondent(link).answers.isEmpty)
    }
  }

  @Test(
    "there is nothing else",
    arguments: [
      "/index.html", "//", "/start/", "/study.json", "/secret", "/admin-token", "/answers.sqlite",
      "/texts/en.json",
      "/media", "/media/", "/media/study.json", "/media/../study.json", "/media/%2e%2e/study.json",
      "/media/..%2fstudy.json", "/media/0000000000000000.mp4/", "/media/0000000000000000.MP4",
      "/media/0000000000000000", "/media/%30000000000000000.mp4", "/media/0000000000009999.mp4", "/r/",
      "/r/x",
      "/r//0", "/r/AAAAAAAAAAAAAAAAAAAAAA", "/r/AAAAAAAAAAAAAAAAAAAAAA/0", "/r/AAAAAAAAAAAAAAAAAAAAAA/00",
      "/é", "/%00", "/" + String(repeating: "a", count: 5000),
    ])
  func unknown(path: String) async throws {
    let site = try Site()
    try await site.visit { browser in
      let page = try await browser.get(path, [.acceptLanguage: "it"])
      #expect(page.status == 404 && page.language == "it")
      #expect(page.headers[.contentType] == "text/html; charset=utf-8")
      #expect(try await browser.ask(.head, path).status == 404)
    }
  }

  @Test("a link works as it is and in no other writing")
  func links() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      let code = String(link.dropFirst(3))
      #expect(try await browser.get("/r/\(code)").status == 303)
      // The same bits with others behind them.
      let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
      let character = try #require(code.last)
      let last = try #require(digits.firstIndex(of: character))
      for other in [
        code.dropLast() + String(digits[last + 1]), code + "==", code + "%20", code + "A",
        String(code.dropLast()),
        code.lowercased() == code ? code.uppercased() : code.lowercased(), "%" + code.dropFirst(),
      ] { #expect(try await browser.get("/r/\(other)/0").status == 404) }
    }
  }

  @Test("another method is refused, and told which there are")
  func methods() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      for method in [HTTPRequest.Method.put, .delete, .options, .patch, .trace] {
        for path in ["/", "/style.css", "/health", "/media/0000000000000000.mp4", "/admin", link] {
          let page = try await browser.ask(method, path)
          #expect(page.status == 405 && page.headers[.allow] == "GET, HEAD", "\(method) \(path)")
        }
        #expect(try await browser.ask(method, "\(link)/0").headers[.allow] == "GET, HEAD, POST")
        #expect(try await browser.ask(method, "/start").headers[.allow] == "POST")
      }
      let page = try await browser.get("/start")
      #expect(page.status == 405 && page.headers[.allow] == "POST")
      #expect(try await browser.post("/", [:]).status == 405)
      #expect(try await browser.ask(.options, "*").status == 400)
      #expect(try await browser.get("http://example.org/health").status == 400)
    }
  }

  @Test("HEAD is as GET, without a body and with its length")
  func head() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      for path in [
        "/", "/style.css", "/nice.js", "/icon.svg", "/health", "/media/0000000000000000.mp4", "\(link)/0",
        link,
        "/nothing", "/admin",
      ] {
        let (head, get) = (try await browser.ask(.head, path), try await browser.get(path))
        #expect(head.status == get.status && head.bytes.isEmpty)
        #expect(head.headers[.contentLength] == String(get.bytes.count), "\(path)")
        #expect(get.headers[.contentLength] == String(get.bytes.count), "\(path)")
        #expect(head.headers[.contentType] == get.headers[.contentType])
      }
    }
  }

  @Test("every answer has the headers that keep browsers from what they should not do")
  func security() async throws {
    let site = try Site(limits: [.login: .init(perSecond: 0, burst: 1)])
    try await site.visit { browser in
      let link = try await browser.begin()
      let form = try await browser.get("\(link)/0").form
      let media = "/media/0000000000000000.mp4"
      let tag = try #require(try await browser.get(media).headers[.eTag])
      func admin(_ password: String, _ path: String = "/admin") async throws -> Page {
        try await browser.get(path, [.authorization: AdministratorTests.basic(password)])
      }
      var pages: [Page] = []
      for path in [
        "/", "/style.css", "/nice.js", "/icon.svg", "/health", media, link, "\(link)/0", "/x", "/start",
      ] {
        pages += [try await browser.get(path), try await browser.ask(.head, path)]
      }
      pages.append(try await browser.get(media, [.range: "bytes=0-1"]))
      pages.append(try await browser.get(media, [.range: "bytes=999999-"]))
      pages.append(try await browser.get(media, [.ifNoneMatch: tag]))
      pages.append(try await browser.post("/start", ["form": try await browser.get("/").form]))
      pages.append(try await browser.post("/start", [:]))
      pages.append(try await browser.ask(.post, "/start", body: "x"))
      pages.append(try await browser.post("/start", ["x": String(repeating: "x", count: 20_000)]))
      pages.append(
        try await browser.ask(.post, "/start", headers: [.contentType: Browser.formType], body: "%"))
      pages.append(try await browser.send(link, 0, form, Browser.usual(0)))
      pages.append(try await browser.send(link, 0, form, ["screen": "small", "familiarity": "no"]))
      pages += [try await browser.get("/admin"), try await admin("x"), try await admin("x")]
      for path in ["/admin", "/admin/section/1", "/admin/answers.csv", "/admin/answers.sqlite"] {
        pages.append(try await admin(StudyFolder.token, path))
      }
      try site.store.close()
      pages.append(try await browser.get(link))
      #expect(
        Set(pages.map(\.status)) == [
          200, 206, 303, 304, 400, 401, 403, 404, 405, 409, 413, 415, 416, 422, 429, 503,
        ])
      for page in pages {
        let policy = page["Content-Security-Policy"] ?? ""
        for part in [
          "default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ] { #expect(policy.components(separatedBy: "; ").contains(part)) }
        #expect(!policy.contains("unsafe") && !policy.contains("*"))
        #expect(page["X-Content-Type-Options"] == "nosniff" && page["X-Frame-Options"] == "DENY")
        #expect(page["Referrer-Policy"] == "no-referrer")
        #expect(page["Cross-Origin-Opener-Policy"] == "same-origin")
        #expect(page["Cross-Origin-Resource-Policy"] == "same-origin")
        #expect(page["Permissions-Policy"]?.contains("camera=()") == true)
        #expect(
          page["Strict-Transport-Security"] == nil && page["Set-Cookie"] == nil && page["Server"] == nil)
        // Only files that are the same for all may be kept.
        let isFile = page.headers[.contentType].map { !$0.hasPrefix("text/html") } ?? false
        #expect(page["Cache-Control"] == "no-store" || isFile)
      }
    }
  }

  @Test("who is reached by HTTPS says to stay with it")
  func https() async throws {
    let site = try Site(settings: SurveyServer.Settings(isHTTPS: true))
    try await site.visit { browser in
      for path in ["/", "/nothing", "/media/0000000000000000.mp4"] {
        let page = try await browser.get(path)
        #expect(page["Strict-Transport-Security"] == "max-age=31536000")
      }
    }
  }

  @Test("too many requests are refused before anything is looked at, and told when to come again")
  func tooMany() async throws {
    let site = try Site(limits: [.request: .init(perSecond: 0, burst: 5)])
    try await site.visit { browser in
      for _ in 0..<5 { #expect(try await browser.get("/health").status == 200) }
      for path in ["/health", "/", "/nothing", "/admin"] {
        let page = try await browser.get(path, [.acceptLanguage: "it"])
        #expect(page.status == 429 && page.headers[.retryAfter] == "60" && page.language == "it")
      }
    }
  }

  @Test("too many who begin are refused, and who has begun goes on")
  func tooManyStarts() async throws {
    let site = try Site(limits: [.start: .init(perSecond: 0, burst: 2)])
    try await site.visit { browser in
      let link = try await browser.begin()
      _ = try await browser.begin()
      let page = try await browser.post(
        "/start", ["form": try await browser.get("/").form, "language": "it", "consent": "yes"])
      #expect(page.status == 429 && page.language == "it" && page.location == nil)
      try await browser.answer(link, upTo: 7)
    }
    #expect(try await site.store.counts().begun == 2)
  }

  @Test("refusals are told, without address and without link")
  func log() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      let code = link.dropFirst(3)
      _ = try await browser.send(link, 0, "forged", Browser.usual(0))
      _ = try await browser.get("/r/AAAAAAAAAAAAAAAAAAAAAA/3")
      _ = try await browser.get("/nothing%0A/\(code)")
      _ = try await browser.ask(.put, link)
      let lines = site.lines.all
      #expect(lines.count == 4)
      #expect(
        zip(lines, ["403 step 0", "404 step 3", "404 request", "405 request"]).allSatisfy {
          $0.hasPrefix("refused \($1): ")
        })
      #expect(lines.allSatisfy { !$0.contains(code) && !$0.contains("AAAA") && !$0.contains("\n") })
    }
  }

  // MARK: When the database fails

  @Test("when the database does not answer, nothing is acknowledged")
  func closed() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      let (start, form) = (try await browser.get("/").form, try await browser.get("\(link)/0").form)
      #expect(try await browser.get("/health").status == 200)
      try site.store.close()
      let pages = [
        try await browser.get("/health"), try await browser.get(link), try await browser.get("\(link)/0"),
        try await browser.send(link, 0, form, Browser.usual(0)),
        try await browser.post("/start", ["form": start, "consent": "yes"]),
        try await browser.get("/admin", [.authorization: AdministratorTests.basic(StudyFolder.token)]),
      ]
      for page in pages {
        #expect(page.status == 503 && page.location == nil)
        #expect(page.text.contains(site.responder.questionnaire.texts("en")[.unavailable]))
        #expect(!page.text.lowercased().contains("sqlite") && !page.text.contains(site.folder.path))
      }
      // What needs no database is still served.
      #expect(try await browser.get("/").status == 200)
      #expect(site.lines.all.allSatisfy { !$0.contains("\n") && !$0.contains(link.dropFirst(3)) })
      #expect(site.lines.all.count { $0.hasPrefix("failed ") } == 5)
    }
    let again = try Store(folder: site.folder.path, study: site.folder.study)
    let counts = try await again.counts()
    #expect(counts.begun == 1 && counts.answers == 0)
  }

  @Test("an answer that cannot be written is not acknowledged, and the same form is good later")
  func unwritable() async throws {
    let site = try Site()
    let queue = try DatabaseQueue(path: site.folder.path + "/answers.sqlite")
    try await site.visit { browser in
      let link = try await browser.begin()
      let form = try await browser.get("\(link)/0").form
      try await queue.write {
        try $0.execute(
          sql:
            "CREATE TRIGGER full BEFORE INSERT ON answer BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
      }
      let page = try await browser.send(link, 0, form, Browser.usual(0))
      #expect(page.status == 503 && page.location == nil && page.headers[.retryAfter] == "60")
      #expect(!page.text.contains("disk"))
      #expect(try await site.respondent(link).answers.isEmpty)
      #expect(try await browser.get(link).location == "\(link)/0")
      #expect(site.lines.all.contains { $0.hasPrefix("failed step 0: ") && $0.contains("the disk is full") })
      try await queue.write { try $0.execute(sql: "DROP TRIGGER full") }
      #expect(try await browser.send(link, 0, form, Browser.usual(0)).location == "\(link)/1")
      #expect(try await site.respondent(link).answers.count == 1)
    }
  }
}
