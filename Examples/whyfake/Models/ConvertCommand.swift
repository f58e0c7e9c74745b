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

/// Normalisations by name.
enum NormalizationChoice: String, Choice {
  case imagenet, half, none

  var normalization: Normalization {
    switch self {
    case .imagenet: .imageNet
    case .half: .half
    case .none: .none
    }
  }
}

extension ClassConvention: Choice {}

extension ModelsCommand {
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

    @Option(help: "BatchNorm's epsilon.")
    var epsilon: Float?

    @Option(help: "What is done to crops, RGB in [0, 1], before the network sees them.")
    var normalization: NormalizationChoice?

    @Option(help: "What the checkpoint's last layer means.")
    var classes: ClassConvention?

    @Option(help: "Side of the crops in pixels.")
    var size: Int?

    @Option(
      help: ArgumentHelp(
        "How a face becomes a crop: scale, tight, margin:FRACTION, stretched:FRACTION, letterbox:FRACTION or "
          + "square:SCALE,SHIFTX,SHIFTY.",
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

    @Option(
      help: ArgumentHelp(
        "Divide logits by this, as `evaluate --temperature-from` finds it: it goes into the last layer.",
        valueName: "number"))
    var temperature: Double?

    func validate() throws {
      if let temperature, !(temperature > 0 && temperature < 1e6) {
        throw ValidationError("--temperature is \(temperature); give a number above 0.")
      }
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
        overrides.epsilon = epsilon
        overrides.normalization = normalization?.normalization
        overrides.classConvention = classes
        overrides.inputSize = size
        overrides.cropPolicy = crop
        overrides.source = source
        overrides.licence = licence
        overrides.trainingData = trainingData
        overrides.performance = performance
        var detector = try DeepfakeDetector(contentsOf: input, overrides: overrides)
        if let temperature { detector = try detector.cooled(by: temperature) }
        try detector.write(to: output, precision: precision.precision)
        try Terminal.result(Terminal.shown(output))
      }
    }
  }
}
