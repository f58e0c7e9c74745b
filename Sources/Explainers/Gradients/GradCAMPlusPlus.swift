public import Detector
public import FaceCrop
import Tensor

/// GradCAM++ (Chattopadhay et al. 2018, *Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep
/// Convolutional Networks*): Σ_c w_c A_c with w_c = Σ α · ReLU(g), where g is the gradient of the explained class's logit
/// and α = g² / (2 g² + g³ · ΣA_c + ε), 0 where g is 0.
///
/// As in the paper the class score is taken to be the logit's exponential, which is where α comes from; it depends on the
/// logit's scale. Each class has a map of its own (``ClassEvidence``), so that a map's values depend on the class explained.
public struct GradCAMPlusPlus: Explainer {
  /// `gradcam++`.
  public let name = "gradcam++"
  /// The detector that is explained.
  public var detector: any GradientClassifier { maps.detector }
  /// Where activations are taken.
  public var blocks: [Block] { maps.blocks }
  /// Whose evidence a map holds.
  public let evidence: ClassEvidence
  /// Added to α's denominator.
  public let epsilon: Float
  private let maps: ClassActivationMap

  /// GradCAM++ of `detector` at `blocks`, by default where the detector says. Maps of several blocks are each divided by
  /// their peak and averaged.
  ///
  /// - Parameter epsilon: 0 is the paper's α. pytorch-grad-cam adds 1e-6, which is far more than g² where a block has many
  ///   positions, and turns weights into sums of g³.
  public init(
    _ detector: any GradientClassifier, blocks: [Block]? = nil, evidence: ClassEvidence = .explained,
    epsilon: Float = 0
  ) {
    precondition(epsilon >= 0 && epsilon.isFinite, "GradCAM++: epsilon \(epsilon)")
    maps = ClassActivationMap(name, detector, blocks)
    (self.evidence, self.epsilon) = (evidence, epsilon)
  }

  /// Explains `clip` with one forward pass a crop, and a backward pass of what follows the first block.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    try maps.explain(clip, for: target, context: context) { a, g in
      evidence.signed(a, g, target) { a, g in a.channelSum(weighted: weights(a, g)) }
    }
  }

  /// w `[N, C]`.
  private func weights(_ a: Tensor, _ g: Tensor) -> Tensor {
    let plane = a.shape[2] * a.shape[3]
    return Tensor(shape: [a.shape[0], a.shape[1]]) { out in
      a.withUnsafeBufferPointer { a in
        g.withUnsafeBufferPointer { g in
          for channel in out.indices {
            // In Double: g³ of a fine block is below what Float holds.
            let range = channel * plane..<(channel + 1) * plane
            let sum = a[range].reduce(0) { $0 + Double($1) }
            out[channel] = Float(
              range.reduce(0) { weight, i in
                let gradient = Double(g[i])
                guard gradient > 0 else { return weight }
                let square = gradient * gradient
                let denominator = 2 * square + square * gradient * sum + Double(epsilon)
                return denominator == 0 ? weight : weight + square / denominator * gradient
              })
          }
        }
      }
    }
  }
}
