public import Detector
public import FaceCrop
import Tensor

/// GradCAM (Selvaraju et al. 2017) of the logit, at any block or several.
///
/// Each channel of the block's activations A is weighted by the spatial mean of ∂z/∂A, and the channels are added:
/// what is above 0 speaks for fake, what is below 0 for real. With one logit the class "real" has the logit −z, so
/// that its map is the negative (the binary extension); the usual ReLU comes with ``ExplanationMap/relevance()``.
public struct GradCAM: ScoringExplainer {
  /// `gradcam`.
  public let name = "gradcam"
  /// The detector that is explained.
  public var detector: any GradientClassifier { maps.detector }
  /// Where activations are taken.
  public var blocks: [Block] { maps.blocks }
  /// The detector that is explained.
  public var scoringDetector: any Classifier { maps.detector }
  private let maps: ClassActivationMap

  /// GradCAM of `detector` at `block`, by default where the detector says: the last activation before pooling, for Learn
  /// To Pay Attention its coarsest level.
  public init(_ detector: any GradientClassifier, block: Block? = nil) {
    maps = ClassActivationMap(name, detector, block.map { [$0] })
  }

  /// GradCAM of `detector` at `blocks`, at least one: their maps are each divided by their peak and averaged.
  public init(_ detector: any GradientClassifier, blocks: [Block]) {
    maps = ClassActivationMap(name, detector, blocks)
  }

  /// Explains `clip` with one forward pass a crop, and a backward pass of what follows the first block.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    try maps.explain(clip, for: target, context: context) { a, g in
      a.channelSum(weighted: g.globalAveragePooled())
    }
  }
}
