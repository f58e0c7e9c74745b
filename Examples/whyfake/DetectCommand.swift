import ArgumentParser
import Foundation
import WhyFake

/// `whyfake detect`: a line per input.
struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Says of each input whether its faces are fakes.",
    discussion: """
      Prints the verdict (fake, real, no-face or undecided), the probability of fake and the name of each \
      input. With --format json it prints one JSON object per line (Documentation/JSON.md).
      """)

  @Argument(
    help: ArgumentHelp(
      "Videos, pictures (JPEG, PNG), folders of them (also those below), or .npy clips (uint8 T×S×S×3).",
      valueName: "input"))
  var inputs: [String]

  @Option(help: "Frames to look at, evenly spaced.")
  var frames: Int = AnalysisOptions.detect.frames

  @OptionGroup var common: CommonOptions

  func validate() throws { try WhyFakeTool.validate(frames: frames) }

  func run() throws {
    common.prepare()
    let analyzer: Analyzer
    do {
      analyzer = try Analyzer(detector: common.classifier())
    } catch {
      Terminal.message(oneLine(error))
      throw ExitCode.failure
    }
    var options = AnalysisOptions.detect
    options.frames = frames
    var failures = 0
    for (input, files) in Inputs.expand(inputs) {
      switch files {
      case .failure(let error):
        failures += 1
        try report(error, on: input)
      case .success(let paths):
        for (number, path) in paths.enumerated() {
          let place = paths.count > 1 ? "\(number + 1)/\(paths.count) " : ""
          do {
            try report(analyzer.analyze(path, options: options, context: .shown(place, path)))
          } catch let error as Failure {
            throw error
          } catch {
            failures += 1
            try report(error, on: path)
          }
        }
      }
    }
    if failures > 0 { throw ExitCode.failure }
  }

  private func report(_ analysis: Analysis) throws {
    for note in analysis.notes { Terminal.message("\(Terminal.shown(analysis.input.path)): \(note)") }
    ProgressLine.shared.clear()
    switch common.format {
    case .json: try Terminal.result(analysis.detectionJSON())
    case .text: try Terminal.result(analysis.line)
    }
  }

  private func report(_ error: any Error, on path: String) throws {
    let line = oneLine(error, about: path)
    Terminal.message(line)
    let reason = String(line.dropFirst("\(Terminal.shown(path)): ".count))
    if common.format == .json { try Terminal.result(Analysis.failureJSON(path: path, error: reason)) }
  }
}

extension Analysis {
  /// Verdict, probability and name in columns.
  var line: String {
    let probability = opinion.map { Words.fixed($0.probability, 3) } ?? "    -"
    return verdict.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)
      + "  \(probability)  \(Terminal.shown(input.path))"
  }
}

extension AnalysisContext {
  /// Progress on the terminal.
  static func shown(_ place: String, _ path: String) -> AnalysisContext {
    let name = Terminal.shown((path as NSString).lastPathComponent)
    return AnalysisContext { progress in
      let method = progress.explainer.map { " (\($0))" } ?? ""
      ProgressLine.shared.show("\(place)\(name): \(progress.stage.words)\(method)", progress.done)
    }
  }
}

extension Analysis.Stage {
  /// What is being done.
  var words: String {
    switch self {
    case .reading: "reading frames"
    case .faces: "finding faces"
    case .scoring: "asking the detector"
    case .explaining: "explaining"
    }
  }
}
