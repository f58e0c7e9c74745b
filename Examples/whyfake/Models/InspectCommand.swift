import ArgumentParser
import Detector
import Foundation
import Tensor
import VideoIO

extension ModelsCommand {
  /// `whyfake models inspect`.
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what a model is, what it wants to be fed and where it comes from.")

    @Argument(help: "A model's name or file.")
    var model: String

    @Option(help: "How results are printed.")
    var format: OutputFormat = .text

    func run() throws {
      try orFail {
        let detector = try DeepfakeDetector.load(model, .init())
        let facts = detector.facts
        switch format {
        case .text:
          for (name, value) in facts {
            try Terminal.result(name.padding(toLength: 15, withPad: " ", startingAt: 0) + value)
          }
        case .json:
          let encoder = JSONEncoder()
          encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
          try Terminal.result(
            String(decoding: encoder.encode(detector.description), as: UTF8.self))
        }
      }
    }
  }
}

extension DeepfakeDetector {
  /// What there is to say about the model, name by name.
  var facts: [(String, String)] {
    let architecture = network.architecture
    let levels = architecture.attentionLevels.map { level in
      let side = (info.inputSize + level.stride - 1) / level.stride
      return "\(level.name) (\(level.channels) channels, \(side)×\(side))"
    }
    let count = network.parameters.filter { !$0.key.contains(".running_") }.reduce(0) { $0 + $1.value.count }
    var facts = [
      ("name", info.name), ("architecture", info.architecture),
      ("parameters", Words.grouped(count)), ("read from", description.checkpoint ?? "a model file of ours"),
      ("input", "\(info.inputSize) pixels a side"), ("crop", info.cropPolicy.shown),
      ("normalisation", description.normalization.words),
      ("padding", padding), ("epsilon", "\(description.epsilon)"),
      ("last layer", description.classConvention.words),
      ("attention", levels.isEmpty ? "none" : levels.joined(separator: ", ")),
      ("trained on", info.trainingData ?? "not said"), ("performance", info.performance ?? "not said"),
      ("source", info.source ?? "not said"), ("licence", info.licence ?? "not said"),
    ]
    if let warning = architecture.warning { facts.append(("warning", warning)) }
    return facts
  }

  private var padding: String {
    description.padding.scheme.rawValue + (description.padding.padsStem ? "" : ", none at the stem")
  }
}

extension Normalization {
  /// Mean and standard deviation in words.
  fileprivate var words: String {
    func list(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ", ") }
    return self == .none ? "none" : "mean \(list(mean)); standard deviation \(list(standardDeviation))"
  }
}
