public import Detector
public import FaceCrop
import Foundation
import Tensor

/// Any explainer's map with each frame times the detector's confidence in it: |score| = |2p − 1| of the frame's logit.
///
/// A frame of which the detector is sure, either way, keeps its map; one of which it is not fades. Kind, sign and target
/// stay. Values of segments and a completeness gap do not: a segment that lasts several frames would have several values,
/// and what is weighted adds up to nothing. ``ExplanationMap/relevance()`` divides by the strongest place after weighting.
public struct ConfidenceWeighted: Explainer {
  /// Whose map is weighted.
  public let base: any Explainer
  /// Asked for the frames' logits where the map comes without them.
  public let classifier: (any Classifier)?

  /// The name of what is weighted, and `-weighted`.
  public var name: String { "\(base.name)-weighted" }

  /// `base`, weighted by its own logits, or by those of `classifier` where it has none.
  public init(_ base: any Explainer, scoredBy classifier: (any Classifier)? = nil) {
    self.base = base
    self.classifier = classifier
  }

  /// Explains `clip` with ``base``.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    var map = try base.explain(clip, for: target, context: context)
    if map.logits.isEmpty {
      guard let classifier else {
        throw ExplanationError(
          "\(name): \(base.name) gives no logits of the frames; name a classifier to score them")
      }
      var whole = PerturbedClip(clip, classifier: classifier) { clip.tensor($0..<$0 + 1) }
      map.logits = try whole.wholeLogits { _ in try context.checkCancellation() }
      map.cost.evaluations += whole.isFrameWise ? clip.frames.count : 1
      map.cost.framePasses += clip.frames.count
    }
    let frames = map.values.shape[0]
    guard map.logits.count == frames, map.logits.allSatisfy(\.isFinite) else {
      throw ExplanationError("\(name): \(base.name) gives no finite logit for each of \(frames) frames")
    }
    let confidences = map.logits.map(Self.confidence)
    map.values.withUnsafeMutableBufferPointer { values in
      let area = values.count / frames
      for i in values.indices { values[i] *= confidences[i / area] }
    }
    map.explainer = name
    map.segments = nil
    map.completenessGap = nil
    map.cost.seconds = (ContinuousClock.now - start) / .seconds(1)
    return map
  }

  /// |2p − 1| for p = σ(z), in [0, 1].
  static func confidence(_ logit: Float) -> Float { abs(tanh(logit / 2)) }
}
