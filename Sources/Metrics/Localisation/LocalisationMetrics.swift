public import Explainers
import Tensor

// Does the map point at what was manipulated? A term is a frame; frames without a manipulated pixel, and those that are
// manipulated as a whole, have none. A detector may be right for other reasons than the manipulation: a map that points
// elsewhere may be true of the detector.

/// The pointing game (Zhang et al. 2016): the share of frames whose most relevant pixel was manipulated, in [0, 1]. Where
/// several pixels are the most relevant, the share of them that was. A frame without relevance misses.
public struct PointingGame: ExplanationMetric {
  /// `pointingGame`.
  public let name = "pointingGame"
  /// [0, 1].
  public let range = 0.0...1.0

  /// The metric.
  public init() {}

  /// Compares map and mask.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    try MaskedPlane.measure(subject, name) { plane in
      guard let peak = plane.relevance.max(), peak > 0 else { return 0 }
      let places = plane.relevance.indices.filter { plane.relevance[$0] == peak }
      return Double(places.count { plane.mask[$0] }) / Double(places.count)
    }
  }
}

/// Relevance mass accuracy (Arras, Osman, Samek 2022): the share of the relevance that lies on manipulated pixels, in
/// [0, 1]. A frame without relevance has none.
public struct RelevanceMass: ExplanationMetric {
  /// `relevanceMass`.
  public let name = "relevanceMass"
  /// [0, 1].
  public let range = 0.0...1.0

  /// The metric.
  public init() {}

  /// Compares map and mask.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    try MaskedPlane.measure(subject, name) { plane in
      let total = plane.relevance.reduce(0, +)
      guard total > 0 else { return nil }
      return plane.relevance.indices.reduce(0) { plane.mask[$1] ? $0 + plane.relevance[$1] : $0 } / total
    }
  }
}

/// Relevance rank accuracy (Arras, Osman, Samek 2022): of the K most relevant pixels, K being the number of manipulated
/// ones, the share that was manipulated, in [0, 1]. Pixels of equal relevance at the border of the K count by their part. A
/// frame without relevance has none.
public struct RankAccuracy: ExplanationMetric {
  /// `rankAccuracy`.
  public let name = "rankAccuracy"
  /// [0, 1].
  public let range = 0.0...1.0

  /// The metric.
  public init() {}

  /// Compares map and mask.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    try MaskedPlane.measure(subject, name) { plane in
      guard plane.relevance.contains(where: { $0 > 0 }) else { return nil }
      let wanted = plane.mask.count { $0 }
      let border = plane.relevance.sorted(by: >)[wanted - 1]
      var (above, hits, ties, tiesHit) = (0, 0, 0, 0)
      for (value, isManipulated) in zip(plane.relevance, plane.mask) {
        if value > border {
          above += 1
          if isManipulated { hits += 1 }
        } else if value == border {
          ties += 1
          if isManipulated { tiesHit += 1 }
        }
      }
      return (Double(hits) + Double(wanted - above) * Double(tiesHit) / Double(ties)) / Double(wanted)
    }
  }
}

/// ROC AUC of the relevance as a score for manipulated pixels, in [0, 1]: the share of pairs of a manipulated and an
/// untouched pixel in which the manipulated one is more relevant, ties half. ½ for a map that says nothing.
public struct MaskAUC: ExplanationMetric {
  /// `maskAUC`.
  public let name = "maskAUC"
  /// [0, 1].
  public let range = 0.0...1.0

  /// The metric.
  public init() {}

  /// Compares map and mask.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    try MaskedPlane.measure(subject, name) { plane in
      let ranks = Correlation.ranks(plane.relevance)
      let positives = Double(plane.mask.count { $0 })
      let sum = ranks.indices.reduce(0.0) { plane.mask[$1] ? $0 + ranks[$1] : $0 }
      return (sum - positives * (positives + 1) / 2) / (positives * (Double(plane.mask.count) - positives))
    }
  }
}

/// A frame's relevance and mask.
struct MaskedPlane {
  let relevance: [Double]
  let mask: [Bool]

  /// The mean over frames of `value`.
  static func measure(
    _ subject: MetricSubject, _ metric: String, _ value: (MaskedPlane) -> Double?
  ) throws(ExplanationError) -> MetricValue {
    guard let mask = subject.mask else {
      throw ExplanationError("\(metric) compares with a mask of what was manipulated, and there is none")
    }
    let area = subject.size * subject.size
    let terms = subject.relevance.values.withUnsafeBufferPointer { values in
      (0..<subject.frames).map { t -> Double? in
        let plane = Array(mask.plane(t))
        guard plane.contains(true), plane.contains(false) else { return nil }
        return value(
          MaskedPlane(relevance: values[(t * area)..<((t + 1) * area)].map(Double.init), mask: plane))
      }
    }
    return MetricValue(
      meanOf: terms,
      orElse: "no frame has relevance, and pixels that were manipulated beside others that were not")
  }
}
