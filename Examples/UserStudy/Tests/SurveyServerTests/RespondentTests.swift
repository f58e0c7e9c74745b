import Foundation
import HTTPTypes
import SurveyModel
import Testing

@testable import SurveyServer

/// What one who takes part is shown.
struct RespondentTests {
  @Test("one respondent's way, from the introduction to thanks", arguments: ["en", "it"])
  func way(language: String) async throws {
    let site = try Site()
    let texts = site.responder.questionnaire.texts(language)
    try await site.visit { browser in
      let introduction = try await browser.get("/?language=\(language)")
      #expect(introduction.status == 200 && introduction.language == language)
      #expect(introduction.text.contains(texts[.duration, ["sections": "3"]]))
      let start = try await browser.post(
        "/start", ["form": introduction.form, "language": language, "consent": "yes"])
      #expect(start.status == 303 && start.bytes.isEmpty)
      let link = String(try #require(start.location).dropLast(2))
      #expect(try await browser.get(link).location == "\(link)/0")

      let about = try await browser.get("\(link)/0")
      #expect(about.status == 200 && about.language == language && about.headers[.cacheControl] == "no-store")
      #expect(about.text.contains("action=\"\(link)/0\"") && about.text.contains("name=\"familiarity\""))
      let schedule = try await site.respondent(link).schedule
      #expect(schedule.steps == 7)
      #expect(
        try await browser.send(link, 0, about.form, ["screen": "small", "familiarity": "yes"]).location
          == "\(link)/1")

      for (place, shown) in schedule.sections.enumerated() {
        let (section, one) = (site.folder.study.sections[shown.section - 1], 2 * place + 1)
        let (real, fake) = try (
          #require(site.folder.study.video(section.real)?.media),
          #require(site.folder.study.video(section.fake)?.media)
        )
        #expect(try await browser.get(link).location == "\(link)/\(one)")
        let pair = try await browser.get("\(link)/\(one)")
        #expect(pair.videos == (shown.left == .fake ? [fake, real] : [real, fake]))
        let progress = texts[.progress, ["section": String(place + 1), "sections": "3"]]
        #expect(pair.text.contains(progress) && pair.language == language)
        #expect(!pair.text.contains("checked"))
        #expect(
          try await browser.send(link, one, pair.form, ["choice": "unknown"]).location == "\(link)/\(one + 1)"
        )

        let animations = try await browser.get("\(link)/\(one + 1)")
        #expect(animations.videos == shown.explainers.map { section.animations[$0]! })
        let number = shown.left == .fake ? "1" : "2"
        #expect(
          animations.between("class=\"belief\">", "<")
            == texts[.beliefFake, ["number": number, "percent": "75\u{A0}%"]])
        #expect(animations.text.contains(progress))
        // What is fetched ahead is the next pair, whole.
        let ahead = animations.text.components(separatedBy: "<link rel=\"prefetch\" href=\"/media/")
          .dropFirst()
          .map { String($0.prefix(20)) }
        #expect(ahead.count == (place < 2 ? 2 : 0))
        let last = try await browser.send(link, one + 1, animations.form, ["best": "2"])
        #expect(last.status == 303 && last.location == "\(link)/\(one + 2)")
      }

      #expect(try await browser.get(link).location == "\(link)/7")
      let thanks = try await browser.get("\(link)/7")
      #expect(thanks.status == 200 && thanks.text.contains(texts[.thanks]) && thanks.language == language)
    }
    let counts = try await site.store.counts()
    #expect(
      counts.begun == 1 && counts.finished == 1 && counts.answers == 7 && counts.languages == [language: 1])
    #expect(site.lines.all.isEmpty)
  }

  @Test("no page tells an explainer's name or a word of the key")
  func secrets() async throws {
    let site = try Site()
    let study = site.folder.study
    let words =
      study.explainers + study.videos.flatMap { [$0.name, $0.path, $0.sha256] + $0.people }
      + [
        "deepfakes/", "original", "ffpp", "c23", "probability", "0.75", "subject", StudyFolder.token,
        StudyFolder.secret,
      ]
    try await site.visit { browser in
      var pages = [try await browser.get("/"), try await browser.get("/?language=it")]
      pages.append(try await browser.post("/start", ["form": pages[0].form]))
      let link = try await browser.begin()
      for step in 0..<7 {
        let page = try await browser.get("\(link)/\(step)")
        pages += [page, try await browser.send(link, step, page.form, [:])]
        pages.append(try await browser.send(link, step, page.form, Browser.usual(step)))
        pages.append(try await browser.get("\(link)/\(step)"))
      }
      pages += [try await browser.get("\(link)/7"), try await browser.get("/nothing")]
      pages += [try await browser.get("/admin"), try await browser.get("/style.css")]
      pages += [try await browser.get("/nice.js"), try await browser.get("/media/" + study.videos[0].media)]
      for page in pages {
        let all = (page.text + page.headers.map { "\($0.name): \($0.value)\n" }.joined()).lowercased()
        for word in words { #expect(!all.contains(word.lowercased()), "\(word)") }
      }
      #expect(Set(pages.map(\.status)) == [200, 303, 401, 404, 422])
    }
  }

  @Test(
    "the language is the one that was chosen, else the browser's, else English",
    arguments: [
      ("/", nil, "en"), ("/", "it-IT,it;q=0.9", "it"), ("/", "de", "en"), ("/?language=it", nil, "it"),
      ("/?language=it", "en", "it"), ("/?language=en", "it", "en"), ("/?language=xx", "it", "it"),
      ("/?language=", "it", "it"), ("/?language", "it", "it"), ("/?", "it", "it"), ("/?&&=&", "it", "it"),
      ("/?language=%", "it", "it"), ("/?language=%ff%00", "it", "it"), ("/?language=../texts/it", "en", "en"),
      ("/?language=IT", "en", "en"), ("/?x=1&language=it#y", nil, "it"),
    ] as [(String, String?, String)])
  func languages(path: String, header: String?, language: String) async throws {
    let site = try Site()
    try await site.visit { browser in
      let page = try await browser.get(path, header.map { [.acceptLanguage: $0] } ?? [:])
      #expect(page.status == 200 && page.language == language)
    }
  }

  @Test("a respondent stays with the language in which they began, whatever the browser says")
  func stays() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin(language: "it")
      #expect(try await browser.get("\(link)/0", [.acceptLanguage: "en"]).language == "it")
      let other = try await browser.begin(language: "xx", headers: [.acceptLanguage: "it"])
      #expect(try await browser.get("\(other)/0", [.acceptLanguage: "en"]).language == "it")
    }
  }

  @Test("nobody takes part without consent")
  func consent() async throws {
    let site = try Site()
    try await site.visit { browser in
      let form = try await browser.get("/").form
      for fields: KeyValuePairs in [
        ["form": form, "language": "it"], ["form": form, "language": "it", "consent": ""],
        ["form": form, "language": "it", "consent": "no"],
        ["form": form, "language": "it", "consent": "YES"],
        ["form": form, "language": "it", "consent": "yes", "consent": "yes"],
      ] {
        let page = try await browser.post("/start", fields)
        #expect(page.status == 422 && page.language == "it" && page.location == nil)
        #expect(page.text.contains("role=\"alert\"") && !page.form.isEmpty)
      }
    }
    #expect(try await site.store.counts().begun == 0)
  }

  @Test("the same form that begins leads to the same link, and another to another")
  func twice() async throws {
    let site = try Site()
    try await site.visit { browser in
      let form = try await browser.get("/").form
      let fields: KeyValuePairs = ["form": form, "language": "en", "consent": "yes"]
      let first = try await browser.post("/start", fields)
      #expect(try await browser.post("/start", fields).location == first.location)
      #expect(try await browser.begin() != first.location.map { String($0.dropLast(2)) })
    }
    #expect(try await site.store.counts().begun == 2)
  }

  @Test("when there are as many as there may be, the next one is told so and who has begun goes on")
  func full() async throws {
    let site = try Site(settings: SurveyServer.Settings(maximumRespondents: 1))
    try await site.visit { browser in
      let link = try await browser.begin()
      let page = try await browser.post(
        "/start", ["form": try await browser.get("/").form, "language": "it", "consent": "yes"])
      #expect(page.status == 503 && page.language == "it")
      #expect(page.text.contains(site.responder.questionnaire.texts("it")[.full]))
      #expect(try await browser.answer(link, 0, Browser.usual(0)).status == 303)
    }
    #expect(try await site.store.counts().begun == 1)
  }

  @Test("what was not answered is asked again, with a form that is good, and stores nothing")
  func missing() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin(language: "it")
      let wrong: [KeyValuePairs<String, String>] = [
        [:], ["screen": "large"], ["screen": "large", "familiarity": "maybe"], ["choice": "1"],
        ["choice": "3"],
        ["choice": "1", "choice": "2"], ["best": "4"], ["best": "1", "best": "1"], ["best": "0"],
      ]
      for step in 0..<7 {
        var page = try await browser.get("\(link)/\(step)")
        for fields in wrong where step % 2 == 0 || fields.map(\.value) != ["1"] {
          page = try await browser.send(link, step, page.form, fields)
          #expect(page.status == 422 && page.language == "it" && page.text.contains("role=\"alert\""))
          #expect(page.text.contains("action=\"\(link)/\(step)\""))
        }
        #expect(try await site.store.counts().answers == step)
        #expect(try await browser.send(link, step, page.form, Browser.usual(step)).status == 303)
      }
    }
  }

  @Test("what was answered is shown when one comes back, and can be changed until Q2 was shown")
  func back() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      try await browser.answer(link, upTo: 2)
      #expect(try await browser.get("\(link)/0").text.contains("value=\"heard\" required checked"))
      let choice = try await browser.get("\(link)/1")
      #expect(choice.text.contains("value=\"1\" required checked") && !choice.text.contains("disabled"))
      #expect(try await browser.send(link, 1, choice.form, ["choice": "2"]).location == "\(link)/2")

      let preference = try await browser.get("\(link)/2")
      let closed = try await browser.get("\(link)/1")
      #expect(
        closed.text.contains("<fieldset disabled>") && closed.text.contains("value=\"2\" required checked"))
      #expect(closed.text.contains(site.responder.questionnaire.texts("en")[.choiceClosed]))
      #expect(!closed.text.contains("<button") && closed.text.contains("href=\"\(link)/2\""))
      for fields: KeyValuePairs in [["choice": "1"], [:]] {
        #expect(try await browser.send(link, 1, closed.form, fields).status == 409)
      }
      #expect(try await browser.send(link, 1, closed.form, ["choice": "2"]).status == 303)
      #expect(try await site.respondent(link).answers[1] == .choice("2"))

      #expect(try await browser.send(link, 2, preference.form, ["best": "1"]).status == 303)
      let changed = try await browser.get("\(link)/2")
      #expect(changed.text.components(separatedBy: " checked").count == 2)
      #expect(try await browser.send(link, 2, changed.form, ["best": "2", "best": "3"]).status == 303)
      #expect(try await site.respondent(link).answers[2] == .preference([2, 3]))
    }
    #expect(try await site.store.counts().answers == 5)
  }

  @Test("the same form with the same answers goes on and stores nothing; with others it is refused")
  func replay() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin(language: "it")
      for step in 0..<6 {
        let form = try await browser.get("\(link)/\(step)").form
        for _ in 0..<3 {
          let page = try await browser.send(link, step, form, Browser.usual(step))
          #expect(page.status == 303 && page.location == "\(link)/\(step + 1)")
        }
        let other = try await browser.send(
          link, step, form,
          step == 0
            ? ["screen": "small", "familiarity": "no"] : step % 2 == 1 ? ["choice": "2"] : ["best": "2"])
        #expect(other.status == 409 && other.language == "it" && other.text.contains("href=\"\(link)\""))
        #expect(try await site.store.counts().answers == step + 1)
      }
    }
  }

  @Test("nobody skips ahead")
  func ahead() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      for (end, due) in [(0, 0), (1, 1), (2, 2), (4, 4)] {
        try await browser.answer(link, upTo: end)
        let person = try await site.respondent(link)
        for step in [due + 1, 6, 7, 8, 9999] where step > due {
          let page = try await browser.get("\(link)/\(step)")
          #expect(page.status == 303 && page.location == "\(link)/\(due)")
          // A form of ours, though nobody was given it.
          let form = site.signer.token(for: .answer(respondent: person.id, step: step))
          #expect(
            try await browser.send(link, step, form, Browser.usual(step)).status == (step < 7 ? 409 : 403))
          #expect(try await browser.send(link, step, form, [:]).status == (step < 7 ? 409 : 403))
        }
        #expect(try await site.respondent(link).visited.max() ?? -1 == due - 1)
      }
    }
  }

  @Test("after the end there are thanks, and nothing is changed")
  func after() async throws {
    let site = try Site()
    try await site.visit { browser in
      let link = try await browser.begin()
      let early = try await browser.get("\(link)/0").form
      try await browser.answer(link, upTo: 7)
      let person = try await site.respondent(link)
      for step in [0, 1, 2, 6, 8, 9999] {
        let page = try await browser.get("\(link)/\(step)")
        #expect(page.status == 303 && page.location == "\(link)/7")
      }
      #expect(try await browser.get(link).location == "\(link)/7")
      #expect(try await browser.send(link, 0, early, ["screen": "small", "familiarity": "no"]).status == 409)
      #expect(try await browser.send(link, 0, early, [:]).status == 409)
      for step in 0..<7 {
        let form = site.signer.token(for: .answer(respondent: person.id, step: step))
        let other: KeyValuePairs =
          step == 0
          ? ["screen": "small", "familiarity": "no"] : step % 2 == 1 ? ["choice": "2"] : ["best": "2"]
        #expect(try await browser.send(link, step, form, other).status == 409)
      }
      #expect(try await site.respondent(link) == person)
    }
  }
}
