import ArgumentParser
import Foundation
import SurveyMaking
import SurveyModel

/// `whyfake-survey create`: a study's folder from labelled videos.
struct CreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Makes a study from videos that are known to be real or fake.",
    discussion: """
      An input is the folder of a dataset (FaceForensics++, DFDC, Celeb-DF v2, or two folders real and fake), or a CSV list with \
      the columns video, label (real, fake) and people (names joined by ;). The two videos of a section never share a person. \
      Videos are explained by whyfake; what it found is kept in the cache, so that a run that was stopped goes on.
      """)

  @Argument(help: "Folders of datasets, or CSV lists.")
  var inputs: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The study's folder, which is not there yet.", valueName: "folder"))
  var output: String

  @Option(help: ArgumentHelp("How many sections, or all that the videos allow.", valueName: "number|all"))
  var sections: String = "20"

  @Option(help: "Into how many forms the sections are dealt; each respondent is given one.")
  var forms: Int = 1

  @Option(help: "In how many sections one video may be, at most.")
  var reuse: Int = 1

  @Option(
    help: ArgumentHelp("Which video of a section is explained; any draws one.", valueName: "fake|real|any"))
  var subject: String = "fake"

  @Option(help: ArgumentHelp("Explainers of whyfake, separated by commas.", valueName: "names"))
  var explainers: String = "gradcam,shap,ltpa,attention"

  @Option(help: ArgumentHelp("Languages to begin with, separated by commas.", valueName: "tags"))
  var languages: String = "en,it"

  @Option(help: "Seed of what is drawn: pairs, and each respondent's order.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Columns and rows of the web videos.", valueName: "WxH"))
  var size: String = "854x480"

  @Option(help: "Seconds of the web videos.")
  var seconds: Double = 8

  @Option(help: "Pictures that an animation shows a second.")
  var pace: Double = 4

  @Option(
    help: ArgumentHelp(
      "The program whyfake; by default WHYFAKE, beside this program, or in PATH.", valueName: "file"))
  var whyfake: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Further options for whyfake explain, as one text: \"--frames 8 --budget 800\".", valueName: "text"))
  var explainOptions: String = ""

  @Option(help: ArgumentHelp("Where explanations are kept; by default OUTPUT.cache.", valueName: "folder"))
  var cache: String?

  private var canvas: (width: Int, height: Int)? {
    let parts = size.split(separator: "x").compactMap { Int($0) }
    guard parts.count == 2, parts.allSatisfy({ (64...3840).contains($0) && $0 % 2 == 0 }) else { return nil }
    return (parts[0], parts[1])
  }

  private var names: [String] {
    explainers.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  private var tags: [String] {
    languages.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  func validate() throws {
    guard sections == "all" || Int(sections).map({ (1...1000).contains($0) }) == true else {
      throw ValidationError("--sections is a number from 1 to 1000, or all.")
    }
    guard (1...100).contains(reuse) else { throw ValidationError("--reuse is a number from 1 to 100.") }
    guard (1...100).contains(forms) else { throw ValidationError("--forms is a number from 1 to 100.") }
    guard subject == "any" || Study.Label(rawValue: subject) != nil else {
      throw ValidationError("--subject is fake, real or any.")
    }
    guard (2...12).contains(names.count), Set(names).count == names.count else {
      throw ValidationError("--explainers names 2 to 12, each once.")
    }
    let shipped = Texts.shipped.keys.sorted()
    guard !tags.isEmpty, tags.allSatisfy(shipped.contains) else {
      throw ValidationError(
        "--languages is of \(shipped.joined(separator: ", ")); another is added to the study's folder, in texts."
      )
    }
    guard canvas != nil else {
      throw ValidationError("--size is columns x rows, even, from 64 to 3840, such as 854x480.")
    }
    guard (1...60).contains(seconds) else { throw ValidationError("--seconds is from 1 to 60.") }
    guard (0.5...30).contains(pace) else { throw ValidationError("--pace is from 0.5 to 30.") }
  }

  func run() throws {
    try Terminal.orFail {
      guard let canvas else { return }
      let place = try OutputFolder(output, interrupt: ExplainTool.interrupt)
      let pool = try VideoPool(inputs)
      for note in pool.notes { Terminal.message(note) }
      let tool = try ExplainTool(
        path: whyfake, explainers: names,
        options: explainOptions.split(separator: " ").map(String.init) + ["--seed", String(seed)],
        cache: cache ?? place.destination + ".cache")
      let options = StudyMaker.Options(
        sections: Int(sections), forms: forms, reuse: reuse, subject: Study.Label(rawValue: subject),
        explainers: names, languages: tags, seed: seed,
        web: WebVideo(width: canvas.width, height: canvas.height, seconds: seconds), pace: pace)
      let maker = StudyMaker(options, tool: tool, progress: Terminal.progress, note: Terminal.message)
      let study = try maker.make(pool, in: place.path, provenance: provenance)
      try place.commit()
      Terminal.clear()
      let uses =
        Dictionary(grouping: study.sections.flatMap { [$0.real, $0.fake] }) { $0 }.map(\.value.count).max()
        ?? 1
      let right = study.sections.count { $0.belief == $0.subject }
      print(
        "\(output): \(study.sections.count) sections in \(study.forms == 1 ? "1 form" : "\(study.forms) forms"), "
          + "\(study.videos.count { $0.label == .real }) real and \(study.videos.count { $0.label == .fake }) fake videos, "
          + "none more than \(uses == 1 ? "once" : "\(uses) times"); the detector is right about \(right)")
    }
  }

  private var provenance: [String: String] {
    [
      "program": "whyfake-survey \(Survey.configuration.version)",
      "command": CommandLine.arguments.dropFirst().joined(separator: " "),
    ]
  }
}
