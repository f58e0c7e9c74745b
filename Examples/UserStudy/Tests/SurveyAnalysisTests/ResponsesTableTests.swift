import Foundation
import SurveyModel
import Testing

/// The table of answers, and what is no such table.
struct ResponsesTableTests {
  private static let header =
    "respondent,form,screen,familiarity,finished,section,video,path,label,belief,choice,preferred,shown,choiceSeconds,preferredSeconds"
  private static let row = "1,1,large,yes,yes,1,v1,/v1.mp4,fake,fake,right,gradcam,gradcam;shap,3,4"

  /// What is said of a table; nil where it is read.
  private func complaint(_ data: Data) -> String? {
    do {
      _ = try ResponsesTable.read(data, path: "answers.csv")
      return nil
    } catch { return String(describing: error) }
  }

  private func complaint(_ lines: String...) -> String? {
    complaint(Data(lines.joined(separator: "\n").utf8))
  }

  @Test("responses are the same after they were written and read", arguments: 0..<20 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var responses = simulated(
      seed, people: 9,
      explainers: seed % 2 == 0 ? ["gradcam", "shap", "ltpa", "attention"] : ["gradcam", "lime", "rise"])
    // What is not plain: separators, quotes, line feeds, other scripts, people without answers, answers without one of two.
    let odd = [
      "a,b", "say \"no\"", "two\nlines", "more\r\nlines", " blanks ", "è 漢字 🙂", "=1+2", "\t", "'", "x;y",
    ]
    for i in responses.respondents.indices { responses.respondents[i].id = odd[i] }
    responses.sections[0].video = "videos, \"and\"\nmore"
    responses.sections[1].path = nil
    responses.respondents[2].answers = []
    responses.respondents[3].form = 2
    responses.respondents[4].answers = [
      Responses.Answer(section: 1, choice: .wrong, seconds: (nil, 0.1 + 0.2)), answer(3, "gradcam"),
    ]
    let text = ResponsesTable.csv(responses)
    #expect(try ResponsesTable.read(Data(text.utf8), path: "x") == responses)
    // As spreadsheets write it.
    let lines = text.replacingOccurrences(of: "\r\n", with: "\n").replacingOccurrences(of: "\n", with: "\r\n")
    #expect(try ResponsesTable.read(Data("\u{FEFF}\(lines)".utf8), path: "x").respondents.count == 9)
  }

  @Test("columns may stand in any order, beside others")
  func columns() throws {
    let header = Self.header.split(separator: ",").map(String.init)
    let row = Self.row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let text =
      (["note"] + header.reversed()).joined(separator: ",") + "\n"
      + (["x"] + row.reversed()).joined(separator: ",")
    let plain = try ResponsesTable.read(Data("\(Self.header)\n\(Self.row)\n".utf8), path: "x")
    #expect(try ResponsesTable.read(Data(text.utf8), path: "x") == plain)
  }

  @Test("what is no table says in one line which file and what is wrong")
  func noTable() throws {
    let cases: [(Data, String)] = [
      (Data(), "empty"), (Data("\n\n\n".utf8), "empty"), (Data([0xFF, 0xD8, 0x00, 0x10]), "UTF-8"),
      (Data("a\0b".utf8), "no text"), (Data("respondent\n1\n".utf8), "no column"),
      (Data("\(Self.header),section\n".utf8), "twice"), (Data("\(Self.header)\n\"1,1,large".utf8), "quote"),
      (Data("\(Self.header)\n\"1\"x,1".utf8), "quote"), (Data("\(Self.header)\n".utf8), "explainers"),
      (Data((0..<4096).map { _ in UInt8.random(in: 1...255) }), "UTF-8"),
      (Data(String(repeating: "x", count: 65 << 20).utf8), "64 MB"),
    ]
    for (data, expected) in cases {
      let text = try #require(complaint(data))
      #expect(text.hasPrefix("answers.csv: ") && text.contains(expected), "\(text)")
      #expect(!text.contains("\n") && text.utf8.count < 300)
    }
  }

  @Test(
    "a row that cannot be is named by its number",
    arguments: [
      ("1,1,huge,yes,yes,1,,,,,right,gradcam,,,", "screen huge"),
      ("1,1,large,maybe,yes,1,,,,,right,gradcam,,,", "familiarity maybe"),
      ("1,1,large,yes,perhaps,1,,,,,right,gradcam,,,", "finished perhaps"),
      ("1,0,large,yes,yes,1,,,,,right,gradcam,,,", "form 0"),
      ("1,1,large,yes,yes,-1,,,,,right,gradcam,,,", "section -1"),
      ("1,1,large,yes,yes,99999999999999999999,,,,,right,gradcam,,,", "section 9"),
      ("1,1,large,yes,yes,1,,,true,,right,gradcam,,,", "label true"),
      ("1,1,large,yes,yes,1,,,,,Right,gradcam,,,", "choice Right"),
      ("1,1,large,yes,yes,1,,,,,right,gradcam;gradcam,,,", "preferred"),
      ("1,1,large,yes,yes,1,,,,,right,;,,,", "preferred"),
      ("1,1,large,yes,yes,1,,,,,right,lime,gradcam;shap,,", "not shown"),
      ("1,1,large,yes,yes,1,,,,,right,gradcam,,-3,", "choiceSeconds -3"),
      ("1,1,large,yes,yes,1,,,,,right,gradcam,,nan,", "choiceSeconds nan"),
      (",1,large,yes,yes,1,,,,,right,gradcam,,,", "no respondent"),
      ("1,1,large,yes,yes,1,,,,,right", "cells"),
      ("1,1,large,yes,yes,1,v1,/v1.mp4,fake,fake,right,gradcam,gradcam;shap,3,4", "again"),
      ("1,1,small,yes,yes,2,,,,,right,gradcam,,,", "respondent 1"),
      ("2,1,small,yes,yes,1,v2,/v1.mp4,fake,fake,right,gradcam,,,", "section 1"),
    ])
  func rows(row: String, expected: String) throws {
    let text = try #require(complaint(Self.header, Self.row, row))
    #expect(text.hasPrefix("answers.csv: row 3 ") && text.contains(expected), "\(text)")
  }

  @Test("a huge value does not make a huge message")
  func hugeValue() throws {
    let huge = String(repeating: "x", count: 1_000_000)
    let text = try #require(complaint(Self.header, "1,1,large,yes,yes,1,,,,,\(huge),gradcam,,,"))
    #expect(text.utf8.count < 200)
  }

  @Test("forms of one study are joined; what contradicts is said")
  func joining() throws {
    var (one, two) = (simulated(1), simulated(2))
    for i in two.respondents.indices { two.respondents[i].id = "2.\(i)" }
    two.sections.append(Responses.Section(number: 9))
    let joined = try one.joined(with: two, path: "b.csv")
    #expect(joined.respondents.count == 24 && joined.sections.map(\.number) == [1, 2, 3, 4, 9])
    #expect(throws: SurveyError.self) { try one.joined(with: one, path: "b.csv") }
    one.sections[0].video = "other"
    #expect(throws: SurveyError.self) { try one.joined(with: two, path: "b.csv") }
    two.explainers = ["gradcam", "lime"]
    #expect(throws: SurveyError.self) { try one.joined(with: two, path: "b.csv") }
  }

  @Test("counted votes say which row cannot be counted")
  func counts() throws {
    for (rows, expected) in [
      ("shap,1", "two explainers"), ("shap,-1\nltpa,2", "row 2"), ("shap,1\nshap,2", "row 3"),
      ("shap,0\nltpa,0", "no vote"),
      ("shap,1e3\nltpa,2", "row 2"), (",1\nltpa,2", "row 2"), ("shap,99999999999\nltpa,2", "row 2"),
    ] {
      let error = #expect(throws: SurveyError.self) {
        try VoteCountsReader.read("explainer,votes\n\(rows)\n")
      }
      #expect(error?.description.contains(expected) == true, "\(rows): \(error?.description ?? "")")
    }
  }
}
