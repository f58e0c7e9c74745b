public import Detector
public import FaceCrop
import Tensor

/// Kernel SHAP (Lundberg and Lee 2017) on the segments of a clip: the Shapley value of each segment in the game whose
/// players are segments and whose value is the clip's logit with the other segments taken away.
///
/// For a detector that scores frames one by one each frame is a game of the segments that it holds, which is exact and
/// takes a fraction of the evaluations (`Documentation/Explainers.md`); a clip-wise classifier gets the game of the whole
/// clip. Values come with standard errors; a frame of few segments is enumerated and has none (``ShapleyGame``).
public struct KernelSHAP: Explainer {
  /// How many times the detector may be asked.
  public enum Budget: Sendable, Hashable {
    /// So many evaluations for each segment of each game: of each frame, or of the clip.
    case perSegment(Int)
    /// So many frame passes in all, shared among the games by their numbers of segments.
    case framePasses(Int)
  }

  /// `shap`.
  public let name = "shap"
  /// The detector that is explained.
  public let detector: any Classifier
  /// How the clip is cut into segments.
  public var segmentation: any Segmentation
  /// What is seen where a segment is taken away.
  public var replacement: Replacement
  /// How many times the detector may be asked; fewer than a game's segments + 1 are refused.
  public var budget: Budget
  /// The largest standard error that is good enough, as a share of the largest value's magnitude: reached, the work ends
  /// before the budget does. Nil for the whole budget.
  public var precision: Double?
  /// Seed of the coalitions.
  public var seed: UInt64
  /// Whether frames are games of their own where the detector scores them one by one. Without, the clip is one game: the
  /// same values, from many more evaluations.
  public var splitsFrames: Bool

  /// Kernel SHAP of `detector`; everything else has a default.
  public init(
    _ detector: any Classifier, segmentation: any Segmentation = SLIC(), replacement: Replacement = .mean,
    budget: Budget = .perSegment(8), precision: Double? = nil, seed: UInt64 = 0, splitsFrames: Bool = true
  ) {
    self.detector = detector
    self.segmentation = segmentation
    self.replacement = replacement
    self.budget = budget
    self.precision = precision
    self.seed = seed
    self.splitsFrames = splitsFrames
  }

  /// Explains `clip`; ``ExplanationMap/segments`` has the values and their standard errors, ``ExplanationMap/values`` the
  /// value of its segment at each pixel.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    try context.report(0)
    let supervoxels = try segmentation.segments(of: clip)
    let masked = try MaskedClip(
      clip, supervoxels, replacement: replacement, classifier: detector, method: name)
    var run = try ShapleyRun(self, masked)
    let (segments, gap) = try run.play(context)
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target,
      values: supervoxels.painted(segments.values), size: clip.size, logits: run.logits,
      cost: .init(
        evaluations: run.evaluations, framePasses: run.framePasses,
        seconds: (ContinuousClock.now - start) / .seconds(1)),
      completenessGap: gap, segments: segments)
  }
}
