import ArgumentParser
import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import VideoIO
import WhyFake

/// `whyfake explain`: a folder with a report, the maps and videos.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Shows what in a face made the detector say what it says.",
    discussion: """
      Writes a folder with report.html (a page that stands alone), explanation.json, the maps as .npy and \
      videos of them (Documentation/JSON.md). It appears whole or not at all. A folder that is there already is \
      replaced only if every file in it came from whyfake.
      """)

  @Argument(
    help: ArgumentHelp(
      "A video, a picture (JPEG, PNG) or a .npy clip (uint8 T×S×S×3).", valueName: "input"))
  var input: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The folder to write; by default NAME.explained in the current folder.", valueName: "folder"))
  var output: String?

  @Option(help: "Frames to look at, evenly spaced.")
  var frames: Int = AnalysisOptions.explain([]).frames

  @Option(
    help: ArgumentHelp(
      "Explainers, separated by commas: \(ExplainerChoice.list).", valueName: "names"),
    transform: { try list($0, "explainer") })
  var explainers: [ExplainerChoice] = ExplainerChoice.standard

  @Option(
    name: .customLong("class"),
    help: "The class that is explained; predicted is what the model says of the face at hand.")
  var target: ClassChoice = .predicted

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Ask the detector whether it agrees with each map: the sentences of the report, deletion and insertion."
    ))
  var checks = true

  @OptionGroup var explaining: ExplainerOptions

  @OptionGroup var common: CommonOptions

  func validate() throws {
    try WhyFakeTool.validate(frames: frames)
    if explaining.replacement == .paired, explaining.paired == nil {
      throw ValidationError("--replacement paired needs the real video: --paired FILE.")
    }
  }

  func run() throws {
    common.prepare()
    do {
      try explain()
    } catch let error as ExitCode {
      throw error
    } catch {
      Terminal.message(oneLine(error, about: input))
      throw ExitCode.failure
    }
  }

  private func explain() throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: input, isDirectory: &isFolder), isFolder.boolValue {
      throw Failure("explain takes one file at a time, not a folder; run it for each")
    }
    let start = Date()
    let folder = try OutputFolder(output ?? defaultOutput)
    let clock = ContinuousClock()
    var timings: [(stage: String, seconds: Double)] = []

    var analyzer: Analyzer?
    var chosen: [ChosenExplainer] = []
    let loading = try clock.measure {
      try orFail {
        let classifier = try common.classifier()
        chosen = try explainers.map {
          try ChosenExplainer($0, main: classifier, common: common, options: explaining)
        }
        analyzer = try Analyzer(detector: classifier)
      }
    }
    guard let analyzer else { return }
    timings.append(("loading", loading / .seconds(1)))

    var options = AnalysisOptions.explain(
      chosen.map(\.explainer), target: Target(rawValue: target.rawValue))
    options.frames = frames
    options.paired = explaining.paired
    for choice in chosen {
      let info = choice.model.info
      options.explainerCrops[choice.explainer.name] = CropRecipe(
        policy: info.cropPolicy, size: info.inputSize)
    }
    var analysis = try analyzer.analyze(input, options: options, context: .shown("", input))
    if explaining.combined { try analysis.combineExplanations() }
    ComputeRuntime.releaseMemory()
    for note in analysis.notes { Terminal.message("\(Terminal.shown(input)): \(note)") }
    timings += analysis.timings.map { ($0.stage.rawValue, $0.seconds) }

    var methods = Dictionary(chosen.map { ($0.explainer.name, $0.method) }) { first, _ in first }
    methods[Method.combinedName] = .combined
    var examinations: [Int: [String: Examination]] = [:]
    if checks {
      let checking = try clock.measure { examinations = try examine(analysis, chosen, methods) }
      timings.append(("checking", checking / .seconds(1)))
    }
    let exhibition = Exhibition(
      analysis: analysis, methods: methods, examinations: examinations, folder: folder.path)
    var exhibits: [Exhibit] = []
    var sha256 = ""
    let writing = try clock.measure {
      sha256 = try SHA256.digest(ofFile: input)
      exhibits = try exhibition.write { ProgressLine.shared.show("\(Terminal.shown(input)): writing", $0) }
    }
    timings.append(("writing", writing / .seconds(1)))

    let attributes = try FileManager.default.attributesOfItem(atPath: input)
    let provenance = Provenance(
      created: start.formatted(.iso8601), sha256: sha256,
      bytes: (attributes[.size] as? NSNumber)?.intValue ?? 0, framesAsked: frames, target: target.rawValue,
      explainers: explainers.map(\.rawValue), options: explaining, seed: common.seed,
      computedBy: ComputeRuntime.summary, decoder: VideoProperties.decoderVersion,
      parameters: try ([analyzer.detector] + chosen.map(\.model)).reduce(into: [:]) { digests, model in
        if digests[model.info.name] == nil { digests[model.info.name] = try model.digest() }
      }, command: typed,
      timings: timings, files: exhibits.flatMap(\.files) + ["report.html", "explanation.json"])
    let record = ExplanationRecord(analysis: analysis, exhibits: exhibits, provenance: provenance).json()
    try folder.write(record.text(pretty: true) + "\n", to: "explanation.json")
    let report = Report(
      analysis: analysis, exhibits: exhibits, provenance: provenance, overlay: exhibition.overlay)
    try folder.write(report.html(), to: "report.html")
    try folder.commit()

    ProgressLine.shared.clear()
    switch common.format {
    case .json: try Terminal.result(record.text())
    case .text:
      try Terminal.result(analysis.line)
      try Terminal.result(Terminal.shown("\(output ?? defaultOutput)/report.html"))
    }
  }

  /// What the detectors say of each face's maps, by the track's number and the explainer's name.
  private func examine(
    _ analysis: Analysis, _ chosen: [ChosenExplainer], _ methods: [String: Method]
  ) throws -> [Int: [String: Examination]] {
    var examiner = Examiner(
      deciding: analysis.model.name, replacement: explaining.chosenReplacement.replacement, seed: common.seed)
    var examinations: [Int: [String: Examination]] = [:]
    for track in analysis.tracks {
      for explanation in track.explanations {
        let name = explanation.map.explainer
        // What combines the others explains what the first of them does.
        guard let model = (chosen.first { $0.explainer.name == name } ?? chosen.first)?.model else {
          continue
        }
        let title = methods[name]?.title ?? name
        examinations[track.number, default: [:]][name] = try examiner.examine(
          explanation, model: model, method: title
        ) { ProgressLine.shared.show("\(Terminal.shown(input)): checking \(title)", $0) }
      }
    }
    return examinations
  }

  /// The command without the folders of its input and its output.
  private var typed: String {
    var words = CommandLine.arguments.dropFirst().map {
      $0 == input ? (input as NSString).lastPathComponent : $0
    }
    if let output {
      for (i, word) in words.enumerated().reversed() {
        if word == output, i > 0, ["-o", "--output"].contains(words[i - 1]) {
          words.removeSubrange(i - 1...i)
        } else if word == "--output=\(output)" {
          words.remove(at: i)
        }
      }
    }
    let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_./=,+:"))
    return (["whyfake"] + words).map { word in
      !word.isEmpty && word.unicodeScalars.allSatisfy(plain.contains)
        ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }

  private var defaultOutput: String {
    let stem = ((input as NSString).lastPathComponent as NSString).deletingPathExtension
    return (stem.isEmpty ? "input" : stem) + ".explained"
  }
}
