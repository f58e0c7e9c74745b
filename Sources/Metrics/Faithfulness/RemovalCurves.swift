public import Explainers

// Does the detector agree with the map? Parts of the clip are taken away in the map's order, and the detector is asked.
// The probability is that of the class that is explained; where a clip is scored frame by frame it is that of the mean logit.

/// How a clip is taken apart: what deletion, insertion, comprehensiveness and sufficiency have in common.
public struct RemovalPlan: Sendable, Equatable {
  /// What is taken away at once.
  public var unit: RemovalUnit
  /// What is seen where something was taken away.
  public var replacement: Replacement

  /// A plan: pixels, replaced by their frame's mean colour, unless told otherwise.
  public init(unit: RemovalUnit = .pixels, replacement: Replacement = .mean) {
    (self.unit, self.replacement) = (unit, replacement)
  }

  /// The probability of the explained class of the clip as it is, and after the first `shares` are taken away, or with
  /// only these left; nil where the map orders nothing.
  func probabilities(
    of subject: MetricSubject, _ shares: [Double], keepingOnlyThese: Bool, metric: String,
    _ context: ExplanationContext
  ) throws -> (whole: Double, shares: [Double])? {
    let scorer = try ClipScorer(subject, replacement: replacement, metric: metric)
    guard !subject.relevance.isEmpty else { return nil }
    let order = try RemovalOrder(subject, unit: unit, metric: metric)
    let changes = shares.map { share in
      let first = order.first(share)
      return keepingOnlyThese ? first.map { $0.inverted(area: order.area) } : first
    }
    let logits = try scorer.logits([scorer.untouched] + changes) { try context.report($0) }
    let probabilities = logits.map { logistic(Double(subject.target.sign) * $0) }
    return (probabilities[0], Array(probabilities.dropFirst()))
  }

  /// What a curve over `steps` equal shares measures.
  func curve(
    of subject: MetricSubject, steps: Int, keepingOnlyThese: Bool, metric: String,
    _ context: ExplanationContext
  ) throws -> MetricValue {
    let shares = (0...steps).map { Double($0) / Double(steps) }
    guard
      let found = try probabilities(
        of: subject, shares, keepingOnlyThese: keepingOnlyThese, metric: metric, context)
    else { return MetricValue(undefined: "the map is empty") }
    let curve = MetricValue.Curve(shares: shares, values: found.shares)
    return MetricValue(curve.area, terms: shares.count, curve: curve)
  }
}

/// Deletion (Petsiuk, Das, Saenko 2018): the area under the probability of the explained class while the clip is taken away
/// from the most relevant to the least, in [0, 1]. The lower, the better the map names what the detector needs.
///
/// Undefined for an empty map. A term is a step. T · steps passes at the most: what metrics of one plan share is asked once.
public struct Deletion: ExplanationMetric {
  /// `deletion`.
  public let name = "deletion"
  /// [0, 1].
  public let range = 0.0...1.0
  /// How the clip is taken apart.
  public let plan: RemovalPlan
  /// Steps from the whole clip to nothing of it.
  public let steps: Int

  /// The metric.
  ///
  /// - Parameter steps: 1 or more.
  public init(plan: RemovalPlan = .init(), steps: Int = 20) {
    precondition(steps > 0, "Deletion: \(steps) steps")
    (self.plan, self.steps) = (plan, steps)
  }

  /// Asks the detector.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    try plan.curve(of: subject, steps: steps, keepingOnlyThese: false, metric: name, context)
  }
}

/// Insertion (Petsiuk, Das, Saenko 2018): the area under the probability of the explained class while the clip comes back,
/// the most relevant first, in [0, 1]. The higher, the better the map names what suffices.
///
/// Undefined for an empty map. A term is a step.
public struct Insertion: ExplanationMetric {
  /// `insertion`.
  public let name = "insertion"
  /// [0, 1].
  public let range = 0.0...1.0
  /// How the clip is taken apart.
  public let plan: RemovalPlan
  /// Steps from nothing of the clip to the whole.
  public let steps: Int

  /// The metric.
  ///
  /// - Parameter steps: 1 or more.
  public init(plan: RemovalPlan = .init(), steps: Int = 20) {
    precondition(steps > 0, "Insertion: \(steps) steps")
    (self.plan, self.steps) = (plan, steps)
  }

  /// Asks the detector.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    try plan.curve(of: subject, steps: steps, keepingOnlyThese: true, metric: name, context)
  }
}

/// Comprehensiveness (DeYoung et al. 2020, ERASER): by how much the probability of the explained class falls when the most
/// relevant share is taken away, the mean over several shares, in [−1, 1]. The higher, the more the detector needs what
/// the map names.
///
/// Undefined for an empty map. A term is a share.
public struct Comprehensiveness: ExplanationMetric {
  /// `comprehensiveness`.
  public let name = "comprehensiveness"
  /// [−1, 1].
  public let range = -1.0...1.0
  /// How the clip is taken apart.
  public let plan: RemovalPlan
  /// Shares of the clip in (0, 1).
  public let shares: [Double]

  /// The metric.
  ///
  /// - Parameter shares: one or more, in (0, 1).
  public init(plan: RemovalPlan = .init(), shares: [Double] = [0.05, 0.1, 0.2, 0.5]) {
    precondition(
      !shares.isEmpty && shares.allSatisfy { $0 > 0 && $0 < 1 }, "Comprehensiveness: shares \(shares)")
    (self.plan, self.shares) = (plan, shares)
  }

  /// Asks the detector.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    guard
      let found = try plan.probabilities(of: subject, shares, keepingOnlyThese: false, metric: name, context)
    else { return MetricValue(undefined: "the map is empty") }
    return MetricValue(found.whole - Correlation.mean(found.shares), terms: shares.count)
  }
}

/// Sufficiency (DeYoung et al. 2020, ERASER): by how much the probability of the explained class falls when only the most
/// relevant share is left, the mean over several shares, in [−1, 1]. The lower, the more what the map names is enough.
///
/// Undefined for an empty map. A term is a share.
public struct Sufficiency: ExplanationMetric {
  /// `sufficiency`.
  public let name = "sufficiency"
  /// [−1, 1].
  public let range = -1.0...1.0
  /// How the clip is taken apart.
  public let plan: RemovalPlan
  /// Shares of the clip in (0, 1).
  public let shares: [Double]

  /// The metric.
  ///
  /// - Parameter shares: one or more, in (0, 1).
  public init(plan: RemovalPlan = .init(), shares: [Double] = [0.05, 0.1, 0.2, 0.5]) {
    precondition(!shares.isEmpty && shares.allSatisfy { $0 > 0 && $0 < 1 }, "Sufficiency: shares \(shares)")
    (self.plan, self.shares) = (plan, shares)
  }

  /// Asks the detector.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    guard
      let found = try plan.probabilities(of: subject, shares, keepingOnlyThese: true, metric: name, context)
    else { return MetricValue(undefined: "the map is empty") }
    return MetricValue(found.whole - Correlation.mean(found.shares), terms: shares.count)
  }
}
