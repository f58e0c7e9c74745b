public import Explainers

/// Infidelity (Yeh et al. 2019): the mean squared difference between what a map says of a random set of patches, the sum of
/// its values there, and the fall of the class's logit when the set is taken away. The lower, the better.
///
/// Maps are on scales of their own, so the sums are multiplied by the one number that makes the difference least, as Yeh
/// et al. propose. Undefined where the map is 0 on every set, or, for ``Normalisation/share``, where the logit never
/// moves. A term is a set.
public struct Infidelity: ExplanationMetric {
  /// What becomes of the squared difference.
  public enum Normalisation: String, Sendable, Codable {
    /// As it is, in squared logits, with the map as it is: for maps whose unit is the logit.
    case none
    /// In squared logits, with the best scale (captum's `normalize=True`).
    case scale
    /// With the best scale, as a share of the mean squared fall: 0 for a map that says all, 1 for one that says nothing.
    case share
  }

  /// `infidelity`.
  public let name = "infidelity"
  /// The sets.
  public let subsets: RandomSubsets
  /// What becomes of the squared difference.
  public let normalisation: Normalisation

  /// [0, 1] for a share, else [0, ∞).
  public var range: ClosedRange<Double> { normalisation == .share ? 0...1 : 0...Double.infinity }

  /// The metric.
  public init(subsets: RandomSubsets = .init(), normalisation: Normalisation = .share) {
    (self.subsets, self.normalisation) = (subsets, normalisation)
  }

  /// Asks the detector.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    let effects = try subsets.effects(of: subject, metric: name, context)
    return Self.measure(effects.flatMap(\.sums), effects.flatMap(\.drops), normalisation)
  }

  static func measure(_ sums: [Double], _ drops: [Double], _ normalisation: Normalisation) -> MetricValue {
    let (sumsSquared, dropsSquared) = (sums.reduce(0) { $0 + $1 * $1 }, drops.reduce(0) { $0 + $1 * $1 })
    if normalisation != .none, sumsSquared == 0 {
      return MetricValue(undefined: "the map is 0 wherever something was taken away")
    }
    if normalisation == .share, dropsSquared == 0 {
      return MetricValue(undefined: "the detector says the same whatever is taken away")
    }
    let product = zip(sums, drops).reduce(0) { $0 + $1.0 * $1.1 }
    let scale = normalisation == .none ? 1 : product / sumsSquared
    let squared = zip(sums, drops).reduce(0.0) { sum, pair in
      let gap = scale * pair.0 - pair.1
      return sum + gap * gap
    }
    let value = normalisation == .share ? min(1, squared / dropsSquared) : squared / Double(sums.count)
    return MetricValue(value, terms: sums.count)
  }
}
