import ArgumentParser
import Detector
import Foundation
import Tensor
import VideoIO

/// How weights are stored.
enum PrecisionChoice: String, Choice {
  case float16, bfloat16, float32

  var precision: Weights.Precision {
    switch self {
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float32: .float32
    }
  }
}

/// `whyfake models`: what is known, what is in a file, to safetensors.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists, inspects and converts models.",
    subcommands: [List.self, Inspect.self, Convert.self])

  /// `whyfake models list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the models that are known by name.")

    func run() throws {
      for name in ModelZoo.shipped {
        let note = name == ModelZoo.defaultModel ? "  (default)" : ""
        let place = (try? ModelZoo.locate(name)) ?? "not found; see --help of models convert"
        try Terminal.result("\(name)\(note)  \(Terminal.shown(place))")
      }
    }
  }

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

  /// `whyfake models convert`.
  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a checkpoint as a safetensors file that says everything needed to run it.",
      discussion: """
        What is not given is taken from the file, or from what checkpoints of its kind imply. A checkpoint is \
        read, never executed.
        """)

    @Argument(help: "A checkpoint: .pth, .pt, .tar or .safetensors.")
    var input: String

    @Argument(help: "The file to write; its name ends in .safetensors.")
    var output: String

    @Option(help: "The model's name; by default that of the output file.")
    var name: String?

    @Option(help: "The architecture that is expected; another one is an error.")
    var architecture: String?

    @Option(help: "How convolutions are padded.")
    var padding: PaddingScheme?

    @Option(help: "Side of the crops in pixels.")
    var size: Int?

    @Option(
      help: ArgumentHelp(
        "How a face becomes a crop: scale, tight, margin:FRACTION or square:SCALE,SHIFTX,SHIFTY.",
        valueName: "policy"), transform: CropPolicy.init(argument:))
    var crop: CropPolicy?

    @Option(help: "Where the weights come from.")
    var source: String?

    @Option(help: "The terms that they are under.")
    var licence: String?

    @Option(help: "What they were trained on.")
    var trainingData: String?

    @Option(help: "How well they do, in words and figures.")
    var performance: String?

    @Option(help: "How weights are stored.")
    var precision: PrecisionChoice = .float16

    func validate() throws {
      guard output.hasSuffix(".safetensors") else {
        throw ValidationError("The output \(output) does not end in .safetensors.")
      }
    }

    func run() throws {
      try orFail {
        var overrides = DeepfakeDetector.Overrides()
        overrides.name = name ?? ((output as NSString).lastPathComponent as NSString).deletingPathExtension
        overrides.architecture = architecture
        overrides.padding = padding
        overrides.inputSize = size
        overrides.cropPolicy = crop
        overrides.source = source
        overrides.licence = licence
        overrides.trainingData = trainingData
        overrides.performance = performance
        let detector = try DeepfakeDetector(contentsOf: input, overrides: overrides)
        try detector.write(to: output, precision: precision.precision)
        try Terminal.result(Terminal.shown(output))
      }
    }
  }
}

/// Runs `body`; an error becomes a line on standard error and exit status 1.
func orFail(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch {
    Terminal.message(oneLine(error))
    throw ExitCode.failure
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

extension CropPolicy {
  /// Reads `scale`, `tight`, `margin:0.1`, `square:0.85,0,0.08`.
  init(argument: String) throws {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts.count < 2 ? [] : parts[1].split(separator: ",").compactMap { Double($0) }
    switch (parts[0], numbers.count) {
    case ("scale", 0): self = .scale
    case ("tight", 0): self = .tight
    case ("margin", 1) where numbers[0] >= 0: self = .margin(fraction: numbers[0])
    case ("square", 1...3) where numbers[0] > 0:
      self = .square(
        scale: numbers[0], shiftX: numbers.count > 1 ? numbers[1] : 0,
        shiftY: numbers.count > 2 ? numbers[2] : 0)
    default:
      throw ValidationError(
        "There is no crop policy '\(argument)'; there are: scale, tight, margin:FRACTION, "
          + "square:SCALE,SHIFTX,SHIFTY."
      )
    }
  }

  /// The policy as ``init(argument:)`` reads it.
  var argument: String {
    switch self {
    case .scale: "scale"
    case .tight: "tight"
    case .margin(let fraction): "margin:\(fraction)"
    case .square(let scale, let x, let y): "square:\(scale),\(x),\(y)"
    }
  }
}
