public import Tensor

/// What an explainer gives: a map over the clip at the method's own resolution, and what it cost.
///
/// A signed map is above 0 where the crop speaks for fake and below 0 where it speaks for real, whatever class is
/// explained, and it is not normalised. An attention map has no sign.
public struct ExplanationMap: Sendable {
  /// Whether values have a sign.
  public enum Kind: String, Sendable, Codable {
    /// Above 0 for fake, below 0 for real.
    case signed
    /// Attention: 0 and more, without a direction.
    case attention
  }

  /// What it took.
  public struct Cost: Sendable, Codable, Equatable {
    /// Times that the method asked the detector about a changed or unchanged crop or clip.
    public var evaluations: Int
    /// Crops that went through the network for them.
    public var framePasses: Int
    /// Wall time in seconds.
    public var seconds: Double

    /// A cost from its parts; as many evaluations as passes unless said otherwise.
    public init(evaluations: Int? = nil, framePasses: Int, seconds: Double) {
      self.evaluations = evaluations ?? framePasses
      self.framePasses = framePasses
      self.seconds = seconds
    }
  }

  /// The explainer's name.
  public var explainer: String
  /// The name of the model that was explained.
  public var model: String
  /// The class that is explained.
  public var target: Target
  /// Whether values have a sign.
  public var kind: Kind
  /// The map at the method's own resolution, `[T, h, w]`.
  public var values: Tensor
  /// Side S of the clip's crops: maps are shown at this size.
  public var size: Int
  /// The logit of each frame as the explainer saw it; T of them, or empty if it did not ask.
  public var logits: [Float]
  /// What it took.
  public var cost: Cost
  /// For methods whose values should add up to a difference of logits: how far their sum is from it, in logits.
  public var completenessGap: Double?
  /// For methods that explain segments: their values.
  public var segments: SegmentAttributions?

  /// A map from its parts; `values` is `[T, h, w]`.
  public init(
    explainer: String, model: String, target: Target, kind: Kind = .signed, values: Tensor, size: Int,
    logits: [Float] = [], cost: Cost, completenessGap: Double? = nil, segments: SegmentAttributions? = nil
  ) {
    precondition(values.shape.count == 3, "ExplanationMap: values \(values.shape), not [T, h, w]")
    self.explainer = explainer
    self.model = model
    self.target = target
    self.kind = kind
    self.values = values
    self.size = size
    self.logits = logits
    self.cost = cost
    self.completenessGap = completenessGap
    self.segments = segments
  }
}

/// What each segment of a clip contributes.
public struct SegmentAttributions: Sendable {
  /// The segments.
  public var supervoxels: Supervoxels
  /// Contribution of each segment to the clip's logit, above 0 for fake.
  public var values: [Double]
  /// Standard error of each value, 0 where it is exact; nil for methods that have none.
  public var standardErrors: [Double]?

  /// Attributions from their parts, one value for each segment.
  public init(supervoxels: Supervoxels, values: [Double], standardErrors: [Double]? = nil) {
    precondition(
      values.count == supervoxels.count && standardErrors.map { $0.count == values.count } ?? true,
      "SegmentAttributions: \(values.count) values for \(supervoxels.count) segments")
    self.supervoxels = supervoxels
    self.values = values
    self.standardErrors = standardErrors
  }
}
