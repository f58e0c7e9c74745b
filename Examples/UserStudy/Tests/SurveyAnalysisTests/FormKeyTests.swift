import Foundation
import SurveyAnalysis
import SurveyModel
import Testing

/// Reads counted votes.
enum VoteCountsReader {
  static func read(_ text: String) throws -> VoteCounts {
    try VoteCounts(Data(text.utf8), path: "votes.csv", level: 0.95)
  }
}

/// A form of another service: `Golden/form.csv` is as Google Forms exports one, `Golden/form.json` is its key.
struct FormKeyTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    .path

  private func read(_ csv: String, _ key: String, form: Int = 1) throws -> Responses {
    try withFolder { folder in
      try Data(key.utf8).write(to: URL(filePath: folder + "/key.json"))
      return try FormKey.read(folder + "/key.json").responses(Data(csv.utf8), path: "form.csv", form: form)
    }
  }

  private func complaint(_ csv: String, _ key: String) -> String {
    do {
      _ = try read(csv, key)
      return ""
    } catch { return String(describing: error) }
  }

  private static let key = """
    {"screen": {"column": 2, "answers": {"Big": "large", "Small": "small"}},
     "sections": [{"number": 3, "video": "v3", "label": "fake", "belief": "real",
       "choice": {"column": "Which?", "answers": {"Video 1": "right", "Video 2": "wrong", "I do not know": "unknown"}},
       "preferred": {"column": "Best?", "answers": {"A": "gradcam", "A, B": "shap", "B": "ltpa", "C; D": "attention"}}}]}
    """

  @Test("the example form is read as its key says")
  func example() throws {
    let key = try FormKey.read(Self.folder + "/form.json")
    let csv = try #require(FileManager.default.contents(atPath: Self.folder + "/form.csv"))
    let responses = try key.responses(csv, path: "form.csv", form: 2)
    #expect(responses.explainers.sorted() == ["attention", "gradcam", "ltpa", "shap"])
    #expect(responses.sections.map(\.number) == [11, 12] && responses.sections[0].video == "dfdc/brtujopkby")
    #expect(
      responses.respondents.map(\.id) == ["2.2", "2.3", "2.4"]
        && responses.respondents.allSatisfy { $0.form == 2 })
    let first = responses.respondents[0]
    #expect(first.screen == "small" && first.familiarity == "heard" && first.isFinished)
    #expect(
      first.answers[0] == Responses.Answer(section: 11, choice: .right, preferred: ["shap", "attention"]))
    #expect(responses.respondents[1].answers[1].choice == .unknown)
    #expect(!responses.respondents[2].isFinished && responses.respondents[2].answers.count == 1)
  }

  @Test(
    "options that hold the separator are told apart, the longest first, and tried again where that leads nowhere"
  )
  func separators() throws {
    for (cell, expected) in [
      ("A", ["gradcam"]), ("A, B", ["shap"]), ("A;B", ["gradcam", "ltpa"]), ("B, A, B", ["ltpa", "shap"]),
      ("A, B, C; D", ["shap", "attention"]), ("C; D;A", ["attention", "gradcam"]), (" A ", ["gradcam"]),
    ] {
      let responses = try read("t,s,Which?,Best?\n1,Big,Video 2,\"\(cell)\"\n", Self.key)
      #expect(responses.respondents[0].answers[0].preferred == Set(expected), "\(cell)")
    }
  }

  @Test("a text that the key does not know is named with its row and column")
  func unknown() {
    #expect(
      complaint("t,s,Which?,Best?\n1,Big,Video 3,A\n", Self.key).contains(
        "row 2, column 3 (Which?): the key does not know “Video 3”"))
    #expect(
      complaint("t,s,Which?,Best?\n1,Big,Video 1,\"A, X\"\n", Self.key).contains(
        "row 2, column 4 (Best?): the key does not know “A, X”"))
    #expect(complaint("t,s,Which?,Best?\n1,Medium,,\n", Self.key).contains("column 2"))
  }

  @Test("a column that is missing, or there twice, is named")
  func columns() {
    #expect(complaint("t,s,Best?\n1,Big,A\n", Self.key).contains("no column Which?"))
    #expect(complaint("t,s,Which?,Best?,Best?\n1,Big,Video 1,A,A\n", Self.key).contains("Best? twice"))
    #expect(
      complaint("t\n1\n", Self.key.replacingOccurrences(of: "\"column\": 2", with: "\"column\": 9")) != "")
  }

  @Test("a key with meanings that are none says so")
  func keys() {
    let csv = "t,s,Which?,Best?\n1,Big,Video 1,A\n"
    #expect(complaint(csv, "{").contains("no key"))
    #expect(complaint(csv, "{\"sections\": []}").contains("no section"))
    #expect(complaint(csv, Self.key.replacingOccurrences(of: "\"large\"", with: "\"wide\"")).contains("wide"))
    #expect(complaint(csv, Self.key.replacingOccurrences(of: "\"right\"", with: "\"yes\"")).contains("yes"))
    #expect(
      complaint(csv, Self.key.replacingOccurrences(of: "\"label\": \"fake\"", with: "\"label\": \"x\""))
        .contains("section 3"))
    #expect(throws: SurveyError.self) { try FormKey.read("/nowhere/key.json") }
  }
}
