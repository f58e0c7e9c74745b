public import Detector
public import FaceCrop
import Tensor

/// GradCAM (Selvaraju et al. 2017) of the logit, at any block.
///
/// Each channel of the block's activations A is weighted by the spatial mean of ∂z/∂A, and the channels are added:
/// what is above 0 speaks for fake, what is below 0 for real. With one logit the class "real" has the logit −z, so
/// that its map is the negative (the binary extension); the usual ReLU comes with ``ExplanationMap/relevance()``.
public struct GradCAM: ScoringExplainer {
  /// `gradcam`.
  public let name = "gradcam"
  /// The detector that is explained.
  public let detector: any GradientClassifier
  /// Where activations are taken.
  public let block: Block

  /// The detector that is explained.
  public var scoringDetector: any Classifier { detector }

  /// GradCAM of `detector` at `block`, by default where the detector says: the last activation before pooling, for Learn
  /// To Pay Attention its coarsest level.
  public init(_ detector: any GradientClassifier, block: Block? = nil) {
    guard let block = block ?? detector.defaultBlock else {
      preconditionFailure("GradCAM: \(detector.info.name) has no blocks")
    }
    self.detector = detector
    self.block = block
  }

  /// Explains `clip` with one forward pass a crop, and a backward pass of what follows the block.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    var (maps, logits) = ([Tensor](), [Float]())
    let count = clip.frames.count
    for first in stride(from: 0, to: count, by: context.batchSize) {
      try context.report(Double(first) / Double(count))
      let range = first..<min(first + context.batchSize, count)
      let batch = try detector.activations(at: block, clip.tensor(range))
      maps.append(Self.weightedSum(batch))
      logits += batch.logits.elements
    }
    let values = Tensor.concatenated(maps)
    guard values.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) }) else {
      throw ExplanationError("\(name): \(detector.info.name) gives gradients that are not finite")
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target, values: values, size: clip.size,
      logits: logits,
      cost: .init(framePasses: count, seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  /// Σ_c mean(∂z/∂A_c) · A_c: `[N, h, w]`.
  private static func weightedSum(_ batch: BlockActivations) -> Tensor {
    let (n, c) = (batch.activations.shape[0], batch.activations.shape[1])
    let (h, w) = (batch.activations.shape[2], batch.activations.shape[3])
    let weights = batch.gradients.globalAveragePooled()
    let maps = (0..<n).map { i in
      weights.rows(i..<i + 1).matmul(batch.activations.rows(i..<i + 1).reshaped([c, h * w]))
    }
    return Tensor.concatenated(maps).reshaped([n, h, w])
  }
}
