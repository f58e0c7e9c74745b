import ArgumentParser
import Datasets
import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import WhyFake

/// A part of the work, such as `2/8`.
struct Shard: ExpressibleByArgument {
  let number: Int
  let count: Int

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], count >= 1,
      (1...count).contains(number)
    else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// Whether the video at `position` of all belongs to it.
  func contains(_ position: Int) -> Bool { position % count == number - 1 }
}

/// `whyfake compare INPUT…`.
struct CompareRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Explains videos and measures the explanations.", shouldDisplay: false)

  @Argument(
    help: ArgumentHelp(
      "Videos, and folders of them; of a dataset's folder the labels are known.", valueName: "input"))
  var inputs: [String]

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

  @Option(help: "Only videos of this label, as their dataset tells.")
  var label: FaceRecord.Label?

  @Option(
    name: .customLong("class"),
    help: "The class that is explained; predicted is what the model says of the face at hand.")
  var target: ClassChoice = .predicted

  @Option(help: "Frames of a video, evenly spaced.")
  var frames: Int = AnalysisOptions.explain([]).frames

  @Option(help: ArgumentHelp("Only this part of the videos, such as 2/8.", valueName: "i/n"))
  var shard: Shard?

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
  }

  func run() throws {
    common.prepare()
    var failures = 0
    try orFail { failures = try compare() }
    if failures > 0 { throw ExitCode.failure }
  }

  /// Returns how many inputs could not be done.
  private func compare() throws -> Int {
    let (videos, failures) = try found()
    guard !videos.isEmpty else { throw Failure("there is no video to compare on") }
    let bench = try ComparisonBench(self)
    let store = try ResultStore(output)
    var (done, failed): ([Comparison.Video], Int) = ([], failures)
    for (number, video) in videos.enumerated() {
      do {
        let results = try bench.measure(video.path, original: video.original, into: store) {
          stage, fraction in
          ProgressLine.shared.show(
            "comparing:", (Double(number) + fraction) / Double(videos.count),
            detail:
              "\(number + 1)/\(videos.count) \(Terminal.shown((video.path as NSString).lastPathComponent)), \(stage)"
          )
        }
        done.append(.init(path: video.path, label: video.label, method: video.method, results: results))
      } catch {
        failed += 1
        Terminal.message(oneLine(error, about: video.path))
      }
    }
    guard !done.isEmpty else { throw Failure("none of the \(videos.count) videos could be compared") }
    let comparison = Comparison(settings: bench.settings, videos: done)
    try comparison.write(to: output)
    ProgressLine.shared.clear()
    for line in try ComparisonTable(comparison, store).text { try Terminal.result(line) }
    return failed
  }

  /// The videos that are asked for, by path, with what their datasets say of them; and how many inputs are no videos.
  private func found() throws -> (videos: [Found], failures: Int) {
    var (found, failures): ([String: Found], Int) = ([:], 0)
    for (input, files) in Inputs.expand(inputs) {
      switch files {
      case .failure(let error):
        failures += 1
        Terminal.message(oneLine(error, about: input))
      case .success(let paths):
        let known = (try? VideoDataset(input, splits: .all(.test))).map { dataset in
          Dictionary(dataset.videos.map { ($0.path, $0) }) { first, _ in first }
        }
        for path in paths {
          let video = known?[path]
          let original = video?.originalPlace.flatMap { place in
            known?.values.first { $0.place == place }?.path
          }
          found[path] = Found(
            path: path, label: video?.label.rawValue, method: video?.method, original: original)
        }
      }
    }
    var videos = found.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    if let label {
      let unknown = videos.count { $0.label == nil }
      if unknown > 0 {
        Terminal.message(
          "\(Words.count(unknown, "video")) without a label left out; give the folder of a dataset")
      }
      videos = videos.filter { $0.label == label.rawValue }
    }
    if let shard { videos = videos.enumerated().filter { shard.contains($0.offset) }.map(\.element) }
    return (videos, failures)
  }

  private struct Found {
    var path: String
    var label: String?
    var method: String?
    /// For a fake: the real video that it was made from, where its dataset has it.
    var original: String?
  }
}

extension FaceRecord.Label: Choice {}
