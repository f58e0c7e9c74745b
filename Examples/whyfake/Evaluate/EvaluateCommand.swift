import ArgumentParser
import Datasets
import Detector
import Evaluation
import Foundation
import Tensor
import Training
import WhyFake

/// `whyfake evaluate`: how good a detector is on labelled face crops.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Says how good a detector is on labelled face crops.",
    discussion: """
      Figures come with intervals over the originals that crops were made from. With --output it also writes a \
      folder with evaluation.json, scores.csv and figures (Documentation/Evaluation.md).
      """)

  @OptionGroup var options: EvaluationOptions

  @Option(help: ArgumentHelp("A model's name or file.", valueName: "name-or-file"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Judge these scores, which an evaluation wrote, instead of asking a model.", valueName: "csv"))
  var scores: String?

  @Option(
    help: ArgumentHelp(
      "Fit a temperature on this half of the validation split and say what it does to what is judged.",
      valueName: "half"))
  var temperatureFrom: FaceRecord.Half?

  @Option(
    help: ArgumentHelp(
      "Where face sizes are parted, in pixels, such as 96,160; by default in thirds.", valueName: "edges"),
    transform: EvaluateCommand.edges)
  var faceSizes: [Double]?

  @Option(help: ArgumentHelp("A folder for the record, the scores and the figures.", valueName: "folder"))
  var output: String?

  @Option(help: "How results are printed.")
  var format: OutputFormat = .text

  func validate() throws {
    if scores != nil {
      guard options.folders.isEmpty, model == nil, options.size == nil else {
        throw ValidationError("--scores is judged as it is: no folder, --model or --size goes with it.")
      }
    } else if options.folders.isEmpty {
      throw ValidationError("Give a folder of face crops, or --scores.")
    }
    if let temperatureFrom, split ?? .validation == .validation,
      options.half ?? temperatureFrom == temperatureFrom
    {
      throw ValidationError(
        "What a temperature is fitted on must not be judged: give another --half than \(temperatureFrom.rawValue), "
          + "or --split test.")
    }
  }

  /// Of the crops that are judged; nil: all.
  private var split: FaceRecord.Split? {
    options.split ?? (scores == nil || options.half != nil ? .validation : nil)
  }

  func run() throws {
    ComputeRuntime.prepareProcess(threads: options.threads)
    do {
      if try evaluate() { return }
    } catch {
      Terminal.message(oneLine(error))
    }
    throw ExitCode.failure
  }

  /// Returns whether everything could be done.
  private func evaluate() throws -> Bool {
    let start = Date()
    let clock = ContinuousClock()
    let folder = try output.map { try OutputFolder($0, record: "evaluation.json") }
    var result = Scoring.Result()
    var detector: DeepfakeDetector?
    let isWanted = { (record: FaceRecord) in
      options.isJudged(record, among: split) || record.split == .validation && record.half == temperatureFrom
    }
    let scoring = try clock.measure {
      if let scores {
        result.faces = try ScoreFile.read(scores, missingSplit: split ?? .validation)
          .filter { isWanted($0.record) }
      } else {
        let sets = try options.sets()
        let loaded = try options.detector(model ?? ModelZoo.defaultModel)
        detector = loaded
        result = try Scoring.run(loaded, on: sets, where: isWanted)
      }
    }
    result.problems.tell()
    let judged = result.faces.filter { options.isJudged($0.record, among: split) }
    guard !judged.isEmpty else {
      throw Failure(
        "there are no crops of \(options.selection(split).isEmpty ? "any kind" : options.selection(split))")
    }
    let fitted = result.faces.filter { $0.record.split == .validation && $0.record.half == temperatureFrom }
    var summary: EvaluationSummary?
    let judging = try clock.measure {
      summary = try EvaluationSummary(
        judged.map(\.sample), bootstrap: options.bootstrap, faceSizes: faceSizes,
        fit: temperatureFrom == nil ? nil : fitted.map(\.sample))
    }
    guard let summary else { return false }
    let figures = folder == nil ? [] : try summary.figures()
    let files = folder == nil ? [] : figures.map(\.name) + ["scores.csv", "evaluation.json"]
    let record = EvaluationRecord(
      summary: summary, created: start.formatted(.iso8601), model: detector?.info, scores: scores,
      folders: options.folders, split: split, half: options.half, temperatureFrom: temperatureFrom,
      problems: result.problems.map { oneLine($0) },
      seconds: [
        ("scoring", scoring / .seconds(1)), ("detector", result.detectorSeconds),
        ("judging", judging / .seconds(1)),
      ], files: files
    ).json()
    if let folder {
      for figure in figures { try folder.write(figure.figure.svg(), to: figure.name) }
      try folder.write(ScoreFile.text(judged), to: "scores.csv")
      try folder.write(record.text(pretty: true) + "\n", to: "evaluation.json")
      try folder.commit()
    }
    switch format {
    case .json: try Terminal.result(record.text())
    case .text:
      let subject =
        detector.map { "\($0.info.name) (\($0.info.architecture), \($0.info.inputSize) pixels)" } ?? scores
        ?? ""
      let selection = options.selection(split)
      for line in summary.lines(subject: Terminal.shown(subject), selection: selection) {
        try Terminal.result(line)
      }
    }
    if let reason = summary.oneClass { Terminal.message(reason) }
    return result.problems.isEmpty && summary.oneClass == nil
  }

  /// `96,160` as increasing numbers.
  private static func edges(_ text: String) throws -> [Double] {
    let edges = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard edges.allSatisfy({ $0 > 0 && $0.isFinite }), zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw ValidationError(
        "--face-sizes \(text) is no list of increasing numbers of pixels, such as 96,160.")
    }
    return edges
  }
}
