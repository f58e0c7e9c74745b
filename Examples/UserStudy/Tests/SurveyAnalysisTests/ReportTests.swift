import Foundation
import SurveyModel
import Testing

@testable import SurveyAnalysis

/// The files of an analysis.
struct ReportTests {
  private static let provenance = AnalysisReport.Provenance(
    program: "whyfake-survey 0", inputs: ["<answers>.csv"], seed: 0, permutations: 200)

  private func report(_ responses: Responses) throws -> AnalysisReport {
    try AnalysisReport(
      StudyAnalysis(responses, options: .init(permutations: 200)), provenance: Self.provenance)
  }

  private func file(_ name: String, _ report: AnalysisReport) throws -> String {
    try #require(report.files.first { $0.name == name }).text
  }

  private var counts: VoteCounts {
    get throws {
      try VoteCounts(
        Data("explainer,votes\ngradcam,165\nshap,221\nltpa,137\nattention,185\n".utf8), path: "votes.csv",
        level: 0.95)
    }
  }

  /// `people` of whom `fans` prefer SHAP in every section, the others Grad-CAM.
  private func taste(_ people: Int, fans: Int) -> Responses {
    responses((0..<people).map { i in (1...4).map { answer($0, i < fans ? "shap" : "gradcam") } })
  }

  @Test("the record follows its schema", arguments: 0..<6 as Range<UInt64>)
  func schema(seed: UInt64) throws {
    let responses = simulated(seed, people: [1, 2, 3, 8, 20, 40][Int(seed)])
    var analysis = StudyAnalysis(
      responses, options: .init(exclusions: [.unfinished, .fasterThan(2)], permutations: 50))
    try withFolder { folder in
      let rows = responses.explainers.enumerated().map { "/x/set/v1.mp4,\($1),16,\($0),1" }
      try Data((["input,explainer,frames,insertion,deletion"] + rows).joined(separator: "\n").utf8)
        .write(to: URL(filePath: folder + "/videos.csv"))
      _ = analysis.compare(try ComparedTable(folder: folder), sections: responses.sections)
    }
    let report = try AnalysisReport(analysis, provenance: Self.provenance)
    let schema = try JSONSchema("survey-analysis-1")
    #expect(try schema.violations(report.json) == [])
    #expect(try schema.violations(file("analysis.json", report)) == [])
  }

  @Test("the record of counted votes follows it too, and what is no record does not")
  func countsSchema() throws {
    let report = try AnalysisReport(try counts, provenance: Self.provenance)
    let schema = try JSONSchema("survey-analysis-1")
    #expect(try schema.violations(report.json) == [])
    #expect(try schema.violations(report.json.replacingOccurrences(of: "\"wins\"", with: "\"won\"")) != [])
    #expect(
      try schema.violations(
        report.json.replacingOccurrences(of: "\"counts\",\"prov", with: "\"study\",\"prov")) != [])
  }

  @Test("the record names exactly the files that are written")
  func files() throws {
    for report in [try report(simulated(1)), try AnalysisReport(try counts, provenance: Self.provenance)] {
      let named = try #require(try object(report.json)["files"] as? [String])
      #expect(named == report.files.map(\.name).sorted() && Set(named).count == named.count)
    }
  }

  @Test("words follow the test over people: one taste that many share is preferred")
  func preferred() throws {
    let found = try report(taste(20, fans: 18)).findings.joined(separator: " ")
    #expect(found.contains("people prefer SHAP to GradCAM (18 people against 2"))
  }

  @Test("many answers of few people are no preference beyond chance")
  func notPreferred() throws {
    // 4 of 5 people in 4 sections: p over answers is 0.012, over people 0.38.
    let responses = taste(5, fans: 4)
    let pair = StudyAnalysis(responses, options: .init(permutations: 50)).preferences[0]
    #expect(pair.answers.pValue < 0.05 && pair.people.pValue > 0.3)
    #expect(try report(responses).findings.contains { $0.hasPrefix("No explainer is preferred") })
  }

  @Test("tables are the same in CSV, Markdown and LaTeX, and hold what the analysis does")
  func tables() throws {
    let (responses, report) = (simulated(4, people: 20), try report(simulated(4, people: 20)))
    let analysis = StudyAnalysis(responses, options: .init(permutations: 200))
    let table = try CSVRows(Data(file("tables/votes.csv", report).utf8), path: "votes.csv")
    #expect(table.rows.map { $0.cells[0] } == analysis.explainers)
    #expect(table.rows.map { Int($0.cells[1]) } == analysis.votes.map(\.share.count))
    #expect(table.rows.map { Double($0.cells[2]) } == analysis.votes.map(\.share.value))
    #expect(Array(table.header[2...4]) == ["Share of votes", "Share of votes lower", "Share of votes upper"])
    #expect(table.rows.map { Double($0.cells[4]) } == analysis.votes.map(\.share.upper))
    for name in report.files.map(\.name) where name.hasSuffix(".csv") {
      let csv = try CSVRows(Data(file(name, report).utf8), path: name)
      let rows = csv.rows
      #expect(Set(csv.header).count == csv.header.count, "\(name)")
      let (markdown, latex) = (
        try file(name.replacingOccurrences(of: ".csv", with: ".md"), report),
        try file(name.replacingOccurrences(of: ".csv", with: ".tex"), report)
      )
      #expect(
        !rows.isEmpty && markdown.split(separator: "\n").count { $0.hasPrefix("|") } == rows.count + 2,
        "\(name)")
      #expect(
        latex.components(separatedBy: "\\\\\n").count == rows.count + 2 && latex.contains("\\begin{tabular}"),
        "\(name)")
    }
  }

  @Test("the page and the figures are XML, load nothing and show names as they are written")
  func page() throws {
    var responses = simulated(2, people: 15)
    responses.sections[0].video = "<script>alert(\"x\")</script> & {{title}}\n\\end{table} | 50 %\u{1}"
    let report = try report(responses)
    let page = try file("report.html", report)
    #expect(
      !page.contains("<script") && page.contains("&lt;script&gt;") && page.contains("&lt;answers&gt;.csv"))
    #expect(
      !page.contains("src=") && !page.contains("href=") && !page.contains("url(") && !page.contains("@import")
    )
    #expect(
      page.contains("prefers-color-scheme") && page.contains("@media print")
        && page.contains("name=\"viewport\""))
    func count(_ text: String) -> Int { page.components(separatedBy: text).count - 1 }
    #expect(
      count("<table") == count("<h2 id=") && count("scope=\"row\"") >= count("<table")
        && count("<svg") == count("</svg>"))
    for (name, text) in report.files where name.hasSuffix(".svg") {
      let parser = XMLCheck(text)
      #expect(
        parser.isWellFormed && text.contains("<title>") && text.contains("<desc>")
          && text.contains("role=\"img\""), "\(name)")
    }
  }

  @Test("the axis of votes holds every interval, in whole tenths")
  func axis() {
    #expect(IntervalFigure.range([0.3, 0.42]) == 0...0.5 && IntervalFigure.range([0.61]) == 0...0.7)
    #expect(IntervalFigure.range([0.98]) == 0...1 && IntervalFigure.steps(0...0.7) == 7)
    #expect(IntervalFigure.steps(0...1) == 4 && IntervalFigure.steps(-1...1) == 4)
  }

  @Test("equal answers give equal files")
  func equal() throws {
    let (a, b) = (try report(simulated(6)), try report(simulated(6)))
    for (x, y) in zip(a.files, b.files) { #expect(x.name == y.name && x.text == y.text, "\(x.name)") }
  }

  @Test("numbers are written as people write them")
  func words() {
    #expect(
      Words.p(1.0545e-5) == "1.1e\u{2212}5" && Words.p(0.0050537) == "0.0051" && Words.p(0.0823) == "0.082")
    #expect(Words.p(0.31) == "0.31" && Words.p(1) == "1.00" && Words.number(-0.001, 2) == "0.00")
    #expect(Words.percent(0.853) == "85\u{A0}%" && Words.number(-0.5, 1) == "\u{2212}0.5")
  }
}

/// Whether every element that is opened is closed: enough for figures that a program writes.
private struct XMLCheck {
  let isWellFormed: Bool

  init(_ text: String) {
    var (open, fine, rest) = ([Substring](), true, text[...])
    while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
      let tag = rest[rest.index(after: start)..<end]
      if tag.hasPrefix("/") {
        fine = fine && open.popLast() == tag.dropFirst()
      } else if !tag.hasSuffix("/") {
        open.append(tag.prefix { !$0.isWhitespace })
      }
      fine = fine && tag.count { $0 == "\"" } % 2 == 0
      rest = rest[rest.index(after: end)...]
    }
    isWellFormed = fine && open.isEmpty
  }
}
