public import Detector
public import FaceCrop
import Tensor

/// HiResCAM (Draelos & Carin 2020, *Use HiResCAM instead of Grad-CAM for faithful explanations*): Σ_c A · ∂z/∂A, each
/// position by its own gradient.
///
/// Where the logit is linear from the block on, a frame's map adds up to its logit less the bias. The class real's map
/// is the negative; the usual ReLU comes with ``ExplanationMap/relevance()``.
public struct HiResCAM: ScoringExplainer {
  /// `hirescam`.
  public let name = "hirescam"
  /// The detector that is explained.
  public var detector: any GradientClassifier { maps.detector }
  /// Where activations are taken.
  public var blocks: [Block] { maps.blocks }
  /// The detector that is explained.
  public var scoringDetector: any Classifier { maps.detector }
  private let maps: ClassActivationMap

  /// HiResCAM of `detector` at `blocks`, by default where the detector says. Maps of several blocks are each divided by
  /// their peak and averaged.
  public init(_ detector: any GradientClassifier, blocks: [Block]? = nil) {
    maps = ClassActivationMap(name, detector, blocks)
  }

  /// Explains `clip` with one forward pass a crop, and a backward pass of what follows the first block.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    try maps.explain(clip, for: target, context: context) { a, g in a.channelSum(weighted: g) }
  }
}
