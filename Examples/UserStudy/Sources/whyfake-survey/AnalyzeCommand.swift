import ArgumentParser
import Foundation
import SurveyAnalysis
import SurveyModel
import SurveyServer

/// `whyfake-survey analyze`: from answers to tables, figures and a page.
struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Says what people answered, and how far chance could have made it.",
    discussion: """
      An input is a study's folder, a CSV of answers (as the administrator's page gives it), a CSV that another service's form \
      exports (Google Forms), with --key, or a CSV of counted votes (explainer,votes). Several forms of one study are several inputs, each \
      with its own --key, in the same order.
      """)

  @Argument(help: "A study's folder, or CSV files.")
  var inputs: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The folder to write; without it the result goes to standard output.", valueName: "folder"))
  var output: String?

  @Option(
    help: ArgumentHelp("What a form's columns and answers mean; once for each input.", valueName: "file"))
  var key: [String] = []

  @Option(
    help: ArgumentHelp(
      "Whom to leave out, again for each rule: unfinished, fewer-than=SECTIONS, faster-than=SECONDS, all-unknown, same-place.",
      valueName: "rule"))
  var exclude: [String] = []

  @Option(
    help: ArgumentHelp(
      "A folder of whyfake compare: do its metrics go with what people prefer?", valueName: "folder"))
  var compared: String?

  @Option(help: "Of intervals.")
  var level: Double = 0.95

  @Option(help: "Arrangements that permutation tests draw.")
  var permutations: Int = 100_000

  @Option(help: "Of what is drawn.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("What goes to standard output.", valueName: "text|json"))
  var format: String = "text"

  func validate() throws {
    guard level > 0.5, level < 1 else { throw ValidationError("--level is above 0.5 and below 1.") }
    guard (1...100_000_000).contains(permutations) else {
      throw ValidationError("--permutations is above 0.")
    }
    guard ["text", "json"].contains(format) else { throw ValidationError("--format is text or json.") }
    for rule in exclude where Exclusion(rule) == nil {
      throw ValidationError(
        "--exclude \(rule) is no rule: unfinished, fewer-than=3, faster-than=2.5, all-unknown, same-place.")
    }
    guard key.isEmpty || key.count == inputs.count else {
      throw ValidationError("Give one --key for each input, or none.")
    }
  }

  func run() throws {
    try Terminal.orFail {
      let provenance = AnalysisReport.Provenance(
        program: "whyfake-survey \(Survey.configuration.version)",
        inputs: inputs.map { ($0 as NSString).lastPathComponent }, seed: seed, permutations: permutations)
      let (report, findings) = try report(provenance)
      if let output {
        let folder = try OutputFolder(output, replacing: "analysis.json")
        for (name, text) in report.files { try folder.write(text, to: name) }
        try folder.commit()
      }
      print(format == "json" ? report.json : findings.joined(separator: "\n"))
    }
  }

  private func report(_ provenance: AnalysisReport.Provenance) throws -> (AnalysisReport, [String]) {
    if inputs.count == 1, key.isEmpty, let data = FileManager.default.contents(atPath: inputs[0]),
      Self.isCount(data)
    {
      guard exclude.isEmpty, compared == nil else {
        throw SurveyError(
          "counts votes and no people; --exclude and --compared need answers", path: inputs[0])
      }
      let counts = try VoteCounts(data, path: inputs[0], level: level)
      let report = try AnalysisReport(counts, provenance: provenance)
      return (report, report.findings)
    }
    let responses = try responses()
    var analysis = StudyAnalysis(
      responses,
      options: .init(
        exclusions: exclude.compactMap(Exclusion.init), level: level, permutations: permutations, seed: seed))
    guard analysis.respondents > 0 else {
      throw SurveyError("nobody has answered anything yet", path: inputs[0])
    }
    guard analysis.included > 0 else {
      throw SurveyError("the rules of --exclude leave nobody", path: inputs[0])
    }
    var notes: [String] = []
    if let compared {
      let known = analysis.compare(try ComparedTable(folder: compared), sections: responses.sections)
      guard known.known > 0 else { throw SurveyError("has none of the study's videos", path: compared) }
      if known.known < known.of {
        notes.append("Metrics are known of \(known.known) of the \(known.of) videos that are explained.")
      }
    }
    let report = try AnalysisReport(analysis, provenance: provenance, notes: notes)
    return (report, report.findings)
  }

  private func responses() throws -> Responses {
    var joined: Responses?
    for (place, input) in inputs.enumerated() {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) else {
        throw SurveyError("there is no such file or folder", path: input)
      }
      let one: Responses
      if isFolder.boolValue {
        one = try Store.responses(folder: input)
      } else {
        guard let data = FileManager.default.contents(atPath: input) else {
          throw SurveyError("cannot be read", path: input)
        }
        one =
          try key.isEmpty
          ? ResponsesTable.read(data, path: input)
          : FormKey.read(key[place]).responses(data, path: input, form: place + 1)
      }
      joined = try joined?.joined(with: one, path: input) ?? one
    }
    return joined!
  }

  private static func isCount(_ data: Data) -> Bool {
    let header =
      String(decoding: data.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
    return header.replacingOccurrences(of: "\u{FEFF}", with: "").trimmingCharacters(in: .whitespaces)
      == "explainer,votes"
  }
}
