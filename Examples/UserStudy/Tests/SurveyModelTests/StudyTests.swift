import Foundation
import Testing

@testable import SurveyModel

/// A study of `sections` sections in `forms` forms, of as many videos.
func study(sections: Int = 4, forms: Int = 1, explainers: [String] = ["gradcam", "shap", "ltpa"]) -> Study {
  func media(_ number: Int, _ suffix: String) -> String {
    String(repeating: "0", count: 16 - String(number).count) + String(number) + ".\(suffix)"
  }
  let videos = (0..<2 * sections).map { i in
    Study.Video(
      name: "v\(i)", path: "/videos/v\(i).mp4", sha256: "", label: i % 2 == 0 ? .real : .fake,
      people: ["p\(i)"],
      media: media(2 * i, "mp4"), poster: media(2 * i + 1, "jpg"))
  }
  return Study(
    seed: 7, explainers: explainers, reuse: 1, width: 64, height: 48, videos: videos,
    sections: (0..<sections).map { i in
      Study.Section(
        number: i + 1, form: i * forms / sections + 1, real: "v\(2 * i)", fake: "v\(2 * i + 1)",
        subject: .fake,
        belief: .fake, probability: 0.75,
        animations: Dictionary(
          uniqueKeysWithValues: explainers.enumerated().map { ($1, media(1000 + 100 * i + $0, "mp4")) }))
    })
}

struct StudyTests {
  @Test("a study is the same after it was written and read")
  func roundTrip() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/study-\(UInt64.random(in: 0...(.max)))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let study = study(sections: 5, forms: 2)
    try study.json().write(to: URL(fileURLWithPath: folder + "/study.json"))
    #expect(try Study.read(folder) == study)
    #expect(
      study.forms == 2 && study.sections(ofForm: 1) == [1, 2, 3] && study.sections(ofForm: 2) == [4, 5])
    #expect(study.mediaFiles.count == 2 * 10 + 5 * 3)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder + "/study.json"))
    #expect(throws: SurveyError.self) { try Study.read(folder) }
    #expect(throws: SurveyError.self) { try Study.read(folder + "/nowhere") }
  }

  typealias Change = @Sendable (inout Study) -> Void

  private static let contradictions: [(word: String, change: Change)] = [
    ("version", { $0.schemaVersion = 2 }), ("numbered", { $0.sections[1].number = 3 }),
    ("listed", { $0.sections[0].fake = "v0" }), ("animation", { $0.sections[0].animations["shap"] = nil }),
    ("probability", { $0.sections[0].probability = .nan }), ("forms", { $0.sections[0].form = 3 }),
    ("media", { $0.videos[0].media = "../study.json" }),
    ("media", { $0.videos[0].media = "0000000000000000.html" }),
    ("media", { $0.sections[0].animations["shap"] = "000000000000000g.mp4" }),
    ("one name", { $0.videos[1].name = "v0" }), ("explainers", { $0.explainers = ["shap"] }),
    ("size", { $0.width = 0 }),
  ]

  @Test("a study that contradicts itself is refused, in words", arguments: 0..<12)
  func contradiction(place: Int) {
    var changed = study()
    #expect(changed.problem == nil)
    Self.contradictions[place].change(&changed)
    #expect(changed.problem?.contains(Self.contradictions[place].word) == true)
  }

  @Test("a schedule is decided by the seed and the respondent, and shows each section of the form once")
  func schedules() {
    let study = study(sections: 12, forms: 2)
    let first = Schedule(study, form: 2, respondent: 1)
    #expect(first == Schedule(study, form: 2, respondent: 1))
    #expect(
      Set(first.sections.map(\.section)) == Set(7...12) && first.sections.count == 6 && first.steps == 13)
    #expect(first.sections.allSatisfy { Set($0.explainers) == Set(study.explainers) })
    var other = study
    other.seed = 8
    #expect(
      Schedule(other, form: 2, respondent: 1) != first && Schedule(study, form: 2, respondent: 2) != first)
    #expect(first.sections.allSatisfy { $0.fake == ($0.left == .fake ? "1" : "2") })
  }

  @Test("sides and orders are drawn evenly")
  func balance() {
    let study = study(sections: 10)
    let sections = (0..<600).flatMap { Schedule(study, form: 1, respondent: $0).sections }
    let left = sections.count { $0.left == .fake }
    // 6000 draws: five standard deviations are 194.
    #expect(abs(left - 3000) < 194)
    for explainer in study.explainers {
      #expect(abs(sections.count { $0.explainers[0] == explainer } - 2000) < 183)
    }
    // The place of a section, too: 600 respondents, 60 each.
    let firsts = (0..<600).map { Schedule(study, form: 1, respondent: $0).sections[0].section }
    #expect((1...10).allSatisfy { section in abs(firsts.count { $0 == section } - 60) < 37 })
  }
}

struct StepTests {
  @Test("steps are numbered: who answers, then two for each section")
  func numbers() {
    #expect(
      (0...6).map { Step($0, sections: 3) } == [
        .about, .choice(0), .preference(0), .choice(1), .preference(1), .choice(2), .preference(2),
      ])
    #expect(Step(7, sections: 3) == nil && Step(-1, sections: 3) == nil)
    #expect((0...6).allSatisfy { Step($0, sections: 3)?.number == $0 })
  }

  @Test(
    "only answers that may be given are taken",
    arguments: [
      (Step.about, [("screen", "large"), ("familiarity", "no")], true),
      (.about, [("screen", "large")], false), (.about, [("screen", "huge"), ("familiarity", "no")], false),
      (.about, [("screen", "large"), ("screen", "large"), ("familiarity", "no")], false),
      (.choice(0), [("choice", "unknown")], true), (.choice(0), [("choice", "3")], false),
      (.choice(0), [], false),
      (.choice(0), [("choice", "1"), ("choice", "2")], false), (.choice(0), [("choice", "１")], false),
      (.preference(0), [("best", "2"), ("best", "1")], true), (.preference(0), [], false),
      (.preference(0), [("best", "4")], false), (.preference(0), [("best", "0")], false),
      (.preference(0), [("best", "1"), ("best", "1")], false), (.preference(0), [("best", "01")], false),
      (.preference(0), [("best", " 1")], false), (.preference(0), [("choice", "1")], false),
    ] as [(Step, [(String, String)], Bool)])
  func answers(step: Step, fields: [(String, String)], isAnswer: Bool) throws {
    let answer = GivenAnswer(fields.map { (name: $0.0, value: $0.1) }, to: step, explainers: 3)
    #expect((answer != nil) == isAnswer)
    if let answer { #expect(GivenAnswer(text: answer.text, to: step, explainers: 3) == answer) }
  }

  @Test("an answer is written as JSON with sorted keys, whatever order the form had")
  func text() {
    #expect(
      GivenAnswer.about(screen: "small", familiarity: "heard").text
        == #"{"familiarity":"heard","screen":"small"}"#)
    #expect(GivenAnswer.choice("2").text == #"{"choice":"2"}"#)
    let best = GivenAnswer([("best", "3"), ("best", "1")], to: .preference(1), explainers: 4)
    #expect(best?.text == #"{"best":["1","3"]}"#)
    #expect(GivenAnswer(text: "{}", to: .choice(0), explainers: 4) == nil)
    #expect(GivenAnswer(text: #"{"best":["5"]}"#, to: .preference(0), explainers: 4) == nil)
  }
}

struct TextsTests {
  private func changed(_ change: (inout [String: String]) -> Void) throws -> Data {
    var strings = try JSONDecoder().decode([String: String].self, from: Data(Texts.shipped["en"]!))
    change(&strings)
    return try JSONEncoder().encode(strings)
  }

  @Test("what ships is whole, in each language", arguments: ["en", "it"])
  func shipped(language: String) throws {
    let texts = try Texts(Data(Texts.shipped[language]!), language: language, path: "\(language).json")
    #expect(texts[.progress, ["section": "3", "sections": "20"]].contains("3"))
    for key in Texts.Key.allCases {
      #expect(!texts[key, Texts.values].contains("{"), "\(key) has a placeholder that nobody fills")
    }
  }

  @Test("the two languages differ in every text but names")
  func translated() throws {
    let (en, it) = try (
      JSONDecoder().decode([String: String].self, from: Data(Texts.shipped["en"]!)),
      JSONDecoder().decode([String: String].self, from: Data(Texts.shipped["it"]!))
    )
    #expect(en.keys.filter { en[$0] == it[$0] }.sorted() == ["familiarityNo", "video"])
  }

  @Test("a text that is missing, unknown, empty or lacks what is put into it is named")
  func problems() throws {
    func message(_ data: Data, language: String = "en") -> String {
      do {
        _ = try Texts(data, language: language, path: "en.json")
        return ""
      } catch { return error.description }
    }
    #expect(message(try changed { $0["next"] = nil }) == "en.json: has no text for next")
    #expect(message(try changed { $0["next"] = "  " }) == "en.json: has no text for next")
    #expect(message(try changed { $0["nxt"] = "a" }) == "en.json: has a text for nxt, which nothing asks for")
    #expect(message(try changed { $0["video"] = "Video" }) == "en.json: its text for video lacks {number}")
    #expect(message(Data("[]".utf8)).contains("no JSON object"))
    #expect(message(try changed { _ in }, language: "../x").contains("named by its language"))
    #expect(message(try changed { _ in }).isEmpty)
  }

  @Test(
    "the language that a browser asks for",
    arguments: [
      ("it-IT,it;q=0.9,en;q=0.5", "it"), ("de,en;q=0.7", "en"), ("de", "en"), (nil, "en"),
      ("it;q=0,en", "en"),
      ("en;q=0.3, it;q=0.8", "it"), ("*", "en"), (String(repeating: "it,", count: 1000), "en"),
      (";;;,,", "en"),
    ] as [(String?, String)])
  func preferred(header: String?, language: String) {
    #expect(Texts.preferred(header, of: ["it", "en"]) == language)
  }
}

extension Texts {
  fileprivate static let values: KeyValuePairs = [
    "section": "1", "sections": "2", "number": "3", "percent": "4 %",
  ]
}
