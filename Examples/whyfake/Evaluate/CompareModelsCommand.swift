import ArgumentParser
import Datasets
import Detector
import Evaluation
import Foundation
import Tensor
import Training
import VideoIO
import WhyFake

/// How a comparison is printed.
enum ComparisonFormat: String, Choice { case text, json, markdown }

/// `whyfake compare-models`: several detectors on the same crops.
struct CompareModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare-models",
    abstract: "Judges several detectors on the same labelled face crops.",
    discussion: """
      A row for each model: its network, attention and size as its own file says, figures with intervals over \
      originals, milliseconds for each crop, and how far it is from the first model on the same crops \
      (Documentation/Evaluation.md).
      """)

  @OptionGroup var options: EvaluationOptions

  @Option(help: ArgumentHelp("A model's name or file; given at least twice.", valueName: "name-or-file"))
  var model: [String] = []

  @Option(help: ArgumentHelp("A file for the table as comma-separated values.", valueName: "csv"))
  var output: String?

  @Option(help: "How results are printed.")
  var format: ComparisonFormat = .text

  func validate() throws {
    if options.folders.isEmpty { throw ValidationError("Give a folder of face crops.") }
    if model.count < 2 { throw ValidationError("Give at least two models, each with --model.") }
  }

  func run() throws {
    ComputeRuntime.prepareProcess(threads: options.threads)
    do {
      if try compare() { return }
    } catch {
      Terminal.message(oneLine(error))
    }
    throw ExitCode.failure
  }

  /// Returns whether everything could be done.
  private func compare() throws -> Bool {
    let start = Date()
    let split = options.split ?? .validation
    let sets = try options.sets()
    // All are loaded first: a name that is wrong costs no time.
    let detectors = try model.map(options.detector)
    var (results, problems) = ([Scoring.Result](), [DatasetError]())
    for (number, detector) in detectors.enumerated() {
      let result = try Scoring.run(
        detector, on: sets, label: "\(number + 1)/\(detectors.count) \(Terminal.shown(detector.info.name)):",
        where: { options.isJudged($0, among: split) })
      if number == 0 {
        problems = result.problems
        problems.tell()
      }
      results.append(result)
    }
    guard !results[0].faces.isEmpty else {
      throw Failure("there are no crops of \(options.selection(split))")
    }
    let draws = try options.bootstrap.draws(ofModels: results.map(\.samples))
    let comparison = ModelComparison(
      rows: zip(detectors, results).map { detector, result in
        ModelComparison.Row(
          info: detector.info, architecture: detector.network.architecture,
          milliseconds: 1000 * result.detectorSeconds / Double(result.faces.count))
      }, draws: draws, folders: options.folders, split: split, half: options.half,
      created: start.formatted(.iso8601), problems: problems.map { oneLine($0) })
    if let output { try WholeFile.write(Array(comparison.csv.utf8), to: output) }
    switch format {
    case .json: try Terminal.result(comparison.json().text())
    case .text: for line in comparison.text(options.selection(split)) { try Terminal.result(line) }
    case .markdown: for line in comparison.markdown { try Terminal.result(line) }
    }
    return problems.isEmpty
  }
}
