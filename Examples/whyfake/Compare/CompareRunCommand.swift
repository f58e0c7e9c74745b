import ArgumentParser
import Datasets
import Detector
import ExplanationMetrics
import Explainers
import Foundation
import Tensor
import WhyFake

/// `whyfake compare INPUT…`.
struct CompareRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Explains videos and measures the explanations.", shouldDisplay: false)

  @OptionGroup var selection: CompareSelection

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The folder of results; an earlier one is added to.", valueName: "folder"))
  var output: String

  @Option(
    help: ArgumentHelp("Explainers, separated by commas: \(ExplainerChoice.list).", valueName: "names"),
    transform: { try list($0, "explainer") })
  var explainers: [ExplainerChoice] = [.gradcam, .shap, .ltpa, .attention]

  @Option(
    help: ArgumentHelp(
      "Metrics, separated by commas: \(MetricChoice.allValueStrings.joined(separator: ", ")). By default all that ask no "
        + "explainer again.", valueName: "names"),
    transform: { try list($0, "metric") })
  var metrics: [MetricChoice] = MetricChoice.standard

  @Option(
    name: .customLong("class"),
    help: "The class that is explained; predicted is what the model says of the face at hand.")
  var target: ClassChoice = .predicted

  @Option(
    help:
      "What deletion, insertion, comprehensiveness and sufficiency take away at once: pixels by their own value, or segments (--segments) by their mean."
  )
  var unit: UnitChoice = .pixels

  @Option(help: "Frames of a video, evenly spaced.")
  var frames: Int = AnalysisOptions.explain([]).frames

  @OptionGroup var explaining: ExplainerOptions

  @OptionGroup var common: CommonOptions

  func validate() throws {
    try WhyFakeTool.validate(frames: frames)
    guard !explainers.isEmpty, !metrics.isEmpty else {
      throw ValidationError("Give at least one explainer and one metric.")
    }
    if explaining.paired != nil || explaining.combined || explaining.weighted {
      throw ValidationError("--paired, --combined and --weighted are for explain.")
    }
    if explaining.replacement == .paired, selection.masks != nil {
      throw ValidationError(
        "--replacement paired needs the originals, and --masks gives masks in their place.")
    }
  }

  func run() throws {
    common.prepare()
    var failures = 0
    try orFail { failures = try compare() }
    if failures > 0 { throw ExitCode.failure }
  }

  /// Returns how many inputs could not be done.
  private func compare() throws -> Int {
    let (inputs, failures) = try selection.find(
      seed: common.seed, comparable: metrics.contains(where: \.needsMask))
    let bench = try ComparisonBench(self)
    let store = try ResultStore(output)
    var (done, failed): ([Comparison.Video], Int) = ([], failures)
    for (number, input) in inputs.enumerated() {
      do {
        let results = try bench.measure(input, into: store) { stage, fraction in
          ProgressLine.shared.show(
            "comparing:", (Double(number) + fraction) / Double(inputs.count),
            detail:
              "\(number + 1)/\(inputs.count) \(Terminal.shown((input.path as NSString).lastPathComponent)), \(stage)"
          )
        }
        done.append(
          .init(path: input.path, label: input.label?.rawValue, method: input.method, results: results))
      } catch {
        failed += 1
        Terminal.message(oneLine(error, about: input.path))
      }
    }
    // A part may be empty; the whole may not.
    guard !done.isEmpty || selection.shard != nil else {
      throw Failure("none of the \(inputs.count) videos could be compared")
    }
    let comparison = Comparison(settings: bench.settings, videos: done)
    try comparison.write(to: output)
    ProgressLine.shared.clear()
    for line in try ComparisonTable(comparison, store).text { try Terminal.result(line) }
    return failed
  }
}
