public import Explainers

// The five numbers of the study: S. Pino, What's wrong with this video? (arXiv:2105.05902). Each is a mean over the frames
// where it is defined.

/// I: mean relevance, in [0, 1]. Always defined; a term is a frame.
public struct Intensity: ExplanationMetric {
  /// `intensity`.
  public let name = "intensity"
  /// [0, 1].
  public let range = 0.0...1.0

  /// The metric.
  public init() {}

  /// Measures the map. O(T · S²).
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    Self.measure(MapPlane.all(subject.relevance))
  }

  static func measure(_ planes: [MapPlane]) -> MetricValue {
    MetricValue(meanOf: planes.map(\.mean), orElse: "there are no frames")
  }
}

/// V: population variance of a frame's relevance, in [0, 0.25]. Always defined; a term is a frame.
public struct Variance: ExplanationMetric {
  /// `variance`.
  public let name = "variance"
  /// [0, 0.25].
  public let range = 0.0...0.25

  /// The metric.
  public init() {}

  /// Measures the map. O(T · S²).
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    Self.measure(MapPlane.all(subject.relevance))
  }

  static func measure(_ planes: [MapPlane]) -> MetricValue {
    MetricValue(meanOf: planes.map(\.variance), orElse: "there are no frames")
  }
}

/// τ: Pearson correlation of neighbouring frames, in [−1, 1]. A term is a pair; one with a constant frame has none.
public struct InterFrameConsistency: ExplanationMetric {
  /// `interFrameConsistency`.
  public let name = "interFrameConsistency"
  /// [−1, 1].
  public let range = -1.0...1.0

  /// The metric.
  public init() {}

  /// Measures the map. O(T · S²).
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    Self.measure(MapPlane.all(subject.relevance))
  }

  static func measure(_ planes: [MapPlane]) -> MetricValue {
    MetricValue(
      meanOf: zip(planes, planes.dropFirst()).map { $0.correlation(with: $1) },
      orElse: planes.count < 2 ? "there is one frame" : "each pair of neighbours has a constant frame")
  }
}

/// ρ: autocorrelation of a frame under shifts by a tenth of its side, in [−1, 1]. A term is a frame; a constant one has
/// none.
public struct IntraFrameConsistency: ExplanationMetric {
  /// `intraFrameConsistency`.
  public let name = "intraFrameConsistency"
  /// [−1, 1].
  public let range = -1.0...1.0

  /// The metric.
  public init() {}

  /// Measures the map. O(T · S²).
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    Self.measure(MapPlane.all(subject.relevance))
  }

  static func measure(_ planes: [MapPlane]) -> MetricValue {
    MetricValue(
      meanOf: planes.map { $0.autocorrelation(shift: Int((0.1 * Double($0.side)).rounded())) },
      orElse: "all frames are constant")
  }
}

/// μ: share of the relevance inside the central square of half the area, in [0, 1]; pixels on its edge count by the part
/// that it covers. A term is a frame; one of zeros has none.
public struct Centredness: ExplanationMetric {
  /// `centredness`.
  public let name = "centredness"
  /// [0, 1].
  public let range = 0.0...1.0

  /// The metric.
  public init() {}

  /// Measures the map. O(T · S²).
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    Self.measure(MapPlane.all(subject.relevance))
  }

  static func measure(_ planes: [MapPlane]) -> MetricValue {
    MetricValue(meanOf: planes.map { $0.shareInCentralSquare() }, orElse: "the map is empty")
  }
}
