import ArgumentParser
import Detector
import Explainers
import Foundation
import Tensor
import WhyFake

extension PaddingScheme: Choice {}

/// What is said of the model, and of the machine.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A model's name or file; A+B averages several; EXPLAINER=FILE sets the model of one explainer. May be "
        + "repeated.",
      valueName: "name-or-file"))
  var model: [String] = []

  @Option(help: "The architecture that the model must have, such as EfficientNetB4; another one is an error.")
  var architecture: String?

  @Option(help: "How convolutions are padded, where the model file does not say or says it wrongly.")
  var padding: PaddingScheme?

  @Option(help: "Side of the crops in pixels; by default what the model was trained with.")
  var size: Int?

  @Option(
    help: "Seed of what is drawn at random: shap's and lime's coalitions, noise, masks.")
  var seed: UInt64 = 0

  @Option(help: "Threads to compute with; by default one a core.")
  var threads: Int?

  @Option(help: "How results are printed.")
  var format: OutputFormat = .text

  mutating func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); give a number from 1 to 1024.")
    }
    if let size, !(16...4096).contains(size) {
      throw ValidationError("--size is \(size); give a number of pixels from 16 to 4096.")
    }
    var mains = 0
    for entry in model {
      let (explainer, file) = CommonOptions.parse(entry)
      if file.isEmpty { throw ValidationError("--model \(entry) names no model.") }
      if let explainer, ExplainerChoice(rawValue: explainer) == nil {
        throw ValidationError("There is no explainer \(explainer); there is: \(ExplainerChoice.list).")
      }
      if explainer == nil { mains += 1 }
    }
    if mains > 1 { throw ValidationError("--model names \(mains) models; one decides.") }
  }

  /// Sets the process up: kernels and threads.
  func prepare() { ComputeRuntime.prepareProcess(threads: threads) }

  /// The model that decides, or the ensemble of those that do.
  func classifier() throws -> any Classifier {
    let main = model.map(CommonOptions.parse).first { $0.explainer == nil }?.model ?? ModelZoo.defaultModel
    if !main.contains("+") || FileManager.default.fileExists(atPath: main) { return try detector(main) }
    let names = main.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    guard !names.contains("") else {
      throw Failure("--model \(Terminal.shown(main)) has no model beside a +")
    }
    return try Ensemble(names.map(detector))
  }

  /// The model that was named for an explainer; nil if it explains the one that decides.
  func ownDetector(of explainer: ExplainerChoice) throws -> DeepfakeDetector? {
    let own = model.map(CommonOptions.parse).last { $0.explainer == explainer.rawValue }
    return try own.map { try detector($0.model) }
  }

  private func detector(_ model: String) throws -> DeepfakeDetector {
    var overrides = DeepfakeDetector.Overrides()
    overrides.architecture = architecture
    overrides.padding = padding
    overrides.inputSize = size
    let detector = try DeepfakeDetector.load(model, overrides)
    if let warning = detector.network.architecture.warning {
      Terminal.message("\(Terminal.shown(model)): \(warning)")
    }
    return detector
  }

  /// `gradcam=file` in its parts; a file with an equals sign in its name is given as `./a=b.safetensors`.
  private static func parse(_ entry: String) -> (explainer: String?, model: String) {
    guard let equals = entry.firstIndex(of: "="), !entry[..<equals].contains("/") else { return (nil, entry) }
    return (String(entry[..<equals]), String(entry[entry.index(after: equals)...]))
  }
}

extension DeepfakeDetector {
  /// The model of a file, if there is one of that name, or else of the zoo.
  static func load(_ model: String, _ overrides: Overrides) throws -> DeepfakeDetector {
    if FileManager.default.fileExists(atPath: model) {
      return try DeepfakeDetector(contentsOf: model, overrides: overrides)
    }
    let looksLikeFile =
      model.contains("/") || ["safetensors", "pth", "pt", "tar"].contains((model as NSString).pathExtension)
    if looksLikeFile { throw Failure("\(Terminal.shown(model)): there is no such model file") }
    return try DeepfakeDetector(named: model, overrides: overrides)
  }
}

/// `--frames`, with its bounds.
func validate(frames: Int) throws {
  guard (1...100_000).contains(frames) else {
    throw ValidationError("--frames is \(frames); give a number from 1 to 100000.")
  }
}
