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
    /// Crops that went through the network.
    public var framePasses: Int
    /// Wall time in seconds.
    public var seconds: Double

    /// A cost from its parts.
    public init(framePasses: Int, seconds: Double) {
      self.framePasses = framePasses
      self.seconds = seconds
    }
  }

  /// The explainer's name.
  public var explainer: String
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

  /// A map from its parts; `values` is `[T, h, w]`.
  public init(
    explainer: String, target: Target, kind: Kind = .signed, values: Tensor, size: Int, logits: [Float] = [],
    cost: Cost
  ) {
    precondition(values.shape.count == 3, "ExplanationMap: values \(values.shape), not [T, h, w]")
    self.explainer = explainer
    self.target = target
    self.kind = kind
    self.values = values
    self.size = size
    self.logits = logits
    self.cost = cost
  }
}
