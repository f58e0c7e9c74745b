public import Detector
public import FaceCrop
import Tensor

/// LayerCAM (Jiang et al. 2021, *LayerCAM: Exploring Hierarchical Class Activation Maps for Localization*):
/// Σ_c A · ReLU(∂z_c/∂A), where z_c is the explained class's logit.
///
/// Each class has a map of its own (``ClassEvidence``), so that a map's values depend on the class explained. Their
/// balance is ``HiResCAM``'s map, since ReLU(g) − ReLU(−g) = g.
public struct LayerCAM: Explainer {
  /// `layercam`.
  public let name = "layercam"
  /// The detector that is explained.
  public var detector: any GradientClassifier { maps.detector }
  /// Where activations are taken.
  public var blocks: [Block] { maps.blocks }
  /// Whose evidence a map holds.
  public let evidence: ClassEvidence
  private let maps: ClassActivationMap

  /// LayerCAM of `detector` at `blocks`, by default where the detector says. Maps of several blocks are each divided by
  /// their peak and averaged.
  public init(
    _ detector: any GradientClassifier, blocks: [Block]? = nil, evidence: ClassEvidence = .explained
  ) {
    maps = ClassActivationMap(name, detector, blocks)
    self.evidence = evidence
  }

  /// Explains `clip` with one forward pass a crop, and a backward pass of what follows the first block.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    try maps.explain(clip, for: target, context: context) { a, g in
      evidence.signed(a, g, target) { a, g in a.channelSum(weighted: g.relu()) }
    }
  }
}
