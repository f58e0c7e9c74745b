public import Explainers

/// Sensitivity-n (Ancona et al. 2018): Pearson correlation over random sets of n patches between the sum of the map over a
/// set and the fall of the class's logit when it is taken away; the mean over several n, in [−1, 1].
///
/// It is 1 for a map whose values add up to the logit's change (in expectation over replacements that do not interact). A
/// term is an n; one for which all sums or all falls are equal has none. Undefined where no n has a value.
public struct SensitivityN: ExplanationMetric {
  /// `sensitivityN`.
  public let name = "sensitivityN"
  /// [−1, 1].
  public let range = -1.0...1.0
  /// The sets.
  public let subsets: RandomSubsets

  /// The metric.
  public init(subsets: RandomSubsets = .init()) { self.subsets = subsets }

  /// Asks the detector.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    let effects = try subsets.effects(of: subject, metric: name, context)
    let correlations = effects.map { Correlation.pearson($0.sums, $0.drops) }
    var found = MetricValue(meanOf: correlations, orElse: "the map or the detector is the same for every set")
    let defined = zip(subsets.shares, correlations).filter { $0.1 != nil }
    if !defined.isEmpty { found.curve = .init(shares: defined.map(\.0), values: defined.map { $0.1! }) }
    return found
  }
}
