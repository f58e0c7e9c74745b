public import Tensor

/// A detector whose network carries attention: Bonettini's, or Learn To Pay Attention.
///
/// ```swift
/// let detector = try AttentiveDetector(DeepfakeDetector(contentsOf: "EfficientNetAutoAttB4.pth"))
/// let (logits, maps) = try detector.attention(crops)
/// ```
public struct AttentiveDetector: GradientClassifier, AttentionClassifier {
  /// The detector itself.
  public let detector: DeepfakeDetector

  /// The detector, if it has attention; else an error that says so.
  public init(_ detector: DeepfakeDetector) throws(DetectorError) {
    guard !detector.network.architecture.attentionLevels.isEmpty else {
      throw DetectorError(
        .badRequest, "\(detector.info.name) is an \(detector.info.architecture): it has no attention maps")
    }
    self.detector = detector
  }

  /// What the model is and what it wants to be fed.
  public var info: ModelInfo { detector.info }
  /// The blocks that it has maps of, from fine to coarse.
  public var attentionLevels: [Block] { detector.network.architecture.attentionLevels }
  /// `stem`, `blocks.0` …, `head`.
  public var blocks: [Block] { detector.blocks }

  /// As the detector has it.
  public var defaultBlock: Block? { detector.defaultBlock }

  /// Logits `[N]` of crops `[N, 3, S, S]`, RGB in [0, 1]; above 0 means fake.
  public func logits(_ crops: Tensor) throws -> Tensor { try detector.logits(crops) }

  /// The logits `[N]` and, for each level, the map `[N, h, w]` at its own resolution: in (0, 1) for Bonettini's
  /// attention, adding up to 1 over each crop for Learn To Pay Attention.
  public func attention(_ crops: Tensor) throws -> (logits: Tensor, maps: [Tensor]) {
    detector.network.attention(try detector.normalised(crops))
  }

  /// The activations at `block` and the gradients of the logits there.
  public func activations(at block: Block, _ crops: Tensor) throws -> BlockActivations {
    try detector.activations(at: block, crops)
  }

  /// The same at several blocks, in one pass.
  public func activations(at blocks: [Block], _ crops: Tensor) throws -> [BlockActivations] {
    try detector.activations(at: blocks, crops)
  }

  /// The gradient of each crop's logit with respect to the crop.
  public func inputGradients(_ crops: Tensor) throws -> (logits: Tensor, gradients: Tensor) {
    try detector.inputGradients(crops)
  }
}
