import Foundation
import Mustache
import SurveyModel

/// The files of an analysis: numbers, tables, figures and a page with all of it.
public struct AnalysisReport: Sendable {
  /// Names within the folder, and what is in them.
  public let files: [(name: String, text: String)]
  /// The record, one JSON object.
  public let json: String
  /// What was found, in sentences.
  public let findings: [String]

  /// Where an analysis is from.
  public struct Provenance: Sendable, Encodable {
    /// The program and its version.
    public var program: String
    /// The inputs' names.
    public var inputs: [String]
    /// Of what was drawn.
    public var seed: UInt64
    /// Arrangements that permutation tests draw.
    public var permutations: Int

    /// A provenance from its parts.
    public init(program: String, inputs: [String], seed: UInt64, permutations: Int) {
      (self.program, self.inputs, self.seed, self.permutations) = (program, inputs, seed, permutations)
    }
  }

  /// The report on answers.
  public init(_ analysis: StudyAnalysis, provenance: Provenance, notes: [String] = []) throws {
    var caveats = [
      "Videos are those of this study: intervals and tests speak of other people, not of other videos.",
      "Sections share videos where the study reuses them, and answers to these are not independent.",
    ]
    if analysis.included < 20 {
      caveats.append(
        "\(Words.count(analysis.included, "person is", "people are")) few: intervals are wide, and tests see only what is large."
      )
    }
    let wrong = analysis.sections.count { $0.belief != nil && $0.label != nil && $0.belief != $0.label }
    if wrong > 0 {
      caveats.append(
        "Of \(Words.count(wrong, "section")) the detector is wrong about the video: its explanations explain a mistake."
      )
    }
    try self.init(
      kind: "study", record: analysis, title: "What people answered", findings: Findings(analysis).sentences,
      tables: analysis.tables, figures: analysis.figures, caveats: caveats + notes, provenance: provenance)
  }

  /// The report on votes that somebody counted.
  public init(_ counts: VoteCounts, provenance: Provenance) throws {
    let votes = Table(
      name: "votes", title: "Votes", note: "Intervals are of independent votes.",
      columns: ["Explainer", "Votes", "Share"],
      rows: counts.counts.map {
        [.init(Names.title($0.explainer), raw: $0.explainer), .init($0.share.count), .init($0.share)]
      })
    let pairs = Table(
      name: "preferences", title: "Preferences by pair",
      note: "Exact two-sided binomial tests, Holm's correction over pairs.",
      columns: ["Pair", "Votes", "p", "Holm"],
      rows: counts.pairs.map { pair in
        [
          .init(
            "\(Names.title(pair.first)) : \(Names.title(pair.second))", raw: "\(pair.first):\(pair.second)"),
          .init("\(pair.test.wins) : \(pair.test.losses)"), .p(pair.test.pValue), .p(pair.test.corrected),
        ]
      })
    let figure = IntervalFigure(
      name: "votes", title: "Share of votes",
      summary: "A row for each explainer, with intervals of independent votes.",
      range: IntervalFigure.range(counts.counts.map(\.share.upper)),
      reference: 1 / Double(counts.counts.count), tick: Words.percent,
      rows: counts.counts.map {
        .init(
          label: Names.title($0.explainer), estimate: ($0.share.value, $0.share.lower, $0.share.upper),
          text: Words.percent($0.share.value))
      })
    let caveat =
      "Votes of one person are not independent, and counts do not say who gave them: every p here is too small where people keep to a taste."
    try self.init(
      kind: "counts", record: counts, title: "Votes that were counted",
      findings: [
        counts.counts.map {
          "\(Names.title($0.explainer)) \($0.share.count) (\(Words.percent($0.share.value)))"
        }
        .joined(separator: ", ") + ".", caveat,
      ], tables: [votes, pairs], figures: [(figure.name, figure.svg)], caveats: [caveat],
      provenance: provenance)
  }

  private struct Record<Content: Encodable>: Encodable {
    var schemaVersion = 1
    var kind: String
    var content: Content
    var findings: [String]
    var caveats: [String]
    var provenance: Provenance
    var files: [String]

    enum CodingKeys: String, CodingKey {
      case schemaVersion, kind, content, findings, caveats, provenance, files
    }
  }

  private init(
    kind: String, record: some Encodable, title: String, findings: [String], tables: [Table],
    figures: [(name: String, svg: String)], caveats: [String], provenance: Provenance
  ) throws {
    self.findings = findings
    var files: [(name: String, text: String)] = []
    for table in tables {
      files.append(("tables/\(table.name).csv", table.csv))
      files.append(("tables/\(table.name).md", table.markdown))
      files.append(("tables/\(table.name).tex", table.latex))
    }
    for figure in figures { files.append(("figures/\(figure.name).svg", figure.svg)) }
    let template = try MustacheTemplate(
      string: String(decoding: PackageResources.report_mustache, as: UTF8.self))
    files.append(
      (
        "report.html",
        template.render(
          [
            "title": title, "findings": findings, "tables": tables.map(\.values),
            "hasFigures": !figures.isEmpty,
            "figures": figures.map { ["svg": $0.svg] }, "caveats": caveats,
            "footer":
              "\(provenance.program); \(provenance.inputs.joined(separator: ", ")); seed \(provenance.seed), "
              + "\(provenance.permutations) arrangements. Beside this page are its tables (CSV, Markdown, LaTeX), its figures (SVG) and analysis.json.",
          ] as [String: Any])
      ))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let names = (files.map(\.name) + ["analysis.json"]).sorted()
    let whole = Record(
      kind: kind, content: record, findings: findings, caveats: caveats, provenance: provenance, files: names)
    let pretty = String(decoding: try encoder.encode(whole), as: UTF8.self) + "\n"
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    json = String(decoding: try encoder.encode(whole), as: UTF8.self)
    self.files = files + [("analysis.json", pretty)]
  }
}
