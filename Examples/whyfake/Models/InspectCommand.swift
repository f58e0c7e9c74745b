import ArgumentParser
import Detector
import Foundation

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
    [
      ("name", info.name), ("architecture", info.architecture), ("input", "\(info.inputSize) pixels a side"),
      ("crop", info.cropPolicy.argument), ("padding", description.padding.rawValue),
      ("trained on", info.trainingData ?? "not said"), ("performance", info.performance ?? "not said"),
      ("source", info.source ?? "not said"), ("licence", info.licence ?? "not said"),
    ]
  }
}
