import ArgumentParser
import Detector
import Explainers
import FaceCrop
import Tensor
import VideoIO

/// Kernel SHAP of a clip whose segments are given, once; shap_clip.py runs it beside shap on ONNX Runtime.
struct ShapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shap", abstract: "Kernel SHAP of a clip on given segments, once.")

  @Argument(help: "The clip, .npy: uint8 T×S×S×3.")
  var clip: String

  @Option(help: "The segments, .npy: T×S×S whole numbers.")
  var segments: String

  @Option(help: "A model's name or file.")
  var model: String = ModelZoo.defaultModel

  @Option(help: "Crops that go through the network, in all.")
  var budget: Int

  @Option(help: "Stop at this standard error, as a share of the largest value.")
  var precision: Double?

  @Option(help: "Seed of the coalitions.")
  var seed: UInt64 = 0

  @Option(help: "Threads to compute with.")
  var threads: Int = 2

  @Flag(help: "Plays the game of the whole clip instead of one for each frame.")
  var joint = false

  @Option(help: "Where the values go, .npy.")
  var values: String?

  func run() throws {
    ComputeRuntime.prepareProcess(threads: threads)
    let array = try ByteArray(npy: clip)
    guard array.shape.count == 4, array.shape[1] == array.shape[2], array.shape[3] == 3 else {
      throw Failure("\(clip): the shape is \(array.shape), not T×S×S×3")
    }
    let side = array.shape[1]
    var overrides = DeepfakeDetector.Overrides()
    overrides.inputSize = side
    let detector =
      try model.hasSuffix(".safetensors") || model.hasSuffix(".pth")
      ? DeepfakeDetector(contentsOf: model, overrides: overrides)
      : DeepfakeDetector(named: model, overrides: overrides)
    let crops = Clip(bytes: array.elements, count: array.shape[0], side: side, size: side)
    let method = KernelSHAP(
      detector, segmentation: try GivenSegments(npy: segments), budget: .framePasses(budget),
      precision: precision, seed: seed, splitsFrames: !joint)
    _ = try detector.logits(crops.tensor())  // plans are made once, as the peers' sessions are
    let before = peakKilobytes()
    let map = try method.explain(crops, for: .fake)
    guard let result = map.segments else { throw Failure("there are no segments") }
    if let values {
      try Tensor(shape: [result.values.count], result.values.map(Float.init)).writeNPY(to: values)
    }
    let largest = result.values.map(abs).max() ?? 0
    JSONLine().adding("bench", "shap").adding("backend", "whyfake").adding("threads", threads)
      .adding("segments", result.values.count).adding("evaluations", map.cost.evaluations)
      .adding("frame_passes", map.cost.framePasses).adding("seconds", map.cost.seconds)
      .adding("largest_value", largest, digits: 6)
      .adding("largest_error", result.standardErrors?.max() ?? 0, digits: 6)
      .adding("memory_above_model_mib", Double((peakKilobytes() ?? 0) - (before ?? 0)) / 1024, digits: 1)
      .addingPeakMemory().write()
  }
}
