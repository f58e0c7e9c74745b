public import Detector
public import Explainers
public import FaceCrop
public import Tensor

/// A number for an explanation: how it looks, whether the detector agrees with it, how steady it is, whether it points at
/// what was manipulated.
///
/// A metric says in its documentation what it is, its range, where it is undefined and whose it is. What it needs beside
/// the map is asked of the ``MetricSubject``.
public protocol ExplanationMetric: Sendable {
  /// The metric's name as it stands in tables and JSON, such as `deletion`.
  var name: String { get }

  /// Where values can lie.
  var range: ClosedRange<Double> { get }

  /// Measures `subject`.
  ///
  /// - Throws: ``ExplanationError`` if the subject lacks what the metric needs; what the context throws on cancellation.
  func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue
}

extension ExplanationMetric {
  /// Measures without progress and with cancellation of the current task.
  public func measure(_ subject: MetricSubject) throws -> MetricValue {
    try measure(subject, context: ExplanationContext())
  }
}

/// What a metric found.
public struct MetricValue: Sendable, Equatable, Codable {
  /// The value; nil where it is not defined.
  public var value: Double?
  /// How many terms the value is a mean of: frames, pairs of frames, masks, as the metric says.
  public var terms: Int
  /// Why there is no value; nil where there is one.
  public var reason: String?
  /// What the value was computed from, where that is a curve over shares in [0, 1].
  public var curve: Curve?

  /// A curve over shares.
  public struct Curve: Sendable, Equatable, Codable {
    /// Places in [0, 1], ascending.
    public var shares: [Double]
    /// Values there.
    public var values: [Double]

    /// A curve from its parts, as many values as places.
    public init(shares: [Double], values: [Double]) {
      precondition(shares.count == values.count, "Curve: \(values.count) values at \(shares.count) places")
      (self.shares, self.values) = (shares, values)
    }

    /// The area under it, by the trapezoidal rule.
    public var area: Double {
      var area = 0.0
      for i in shares.indices.dropFirst() {
        area += (shares[i] - shares[i - 1]) * (values[i] + values[i - 1]) / 2
      }
      return area
    }
  }

  /// A value that is the mean of `terms` terms.
  public init(_ value: Double, terms: Int, curve: Curve? = nil) {
    (self.value, self.terms, self.curve) = (value, terms, curve)
  }

  /// No value, and why.
  public init(undefined reason: String) { (terms, self.reason) = (0, reason) }

  /// The mean of the terms that are defined.
  init(meanOf terms: [Double?], orElse reason: String) {
    let defined = terms.compactMap { $0 }
    if defined.isEmpty {
      self.init(undefined: reason)
    } else {
      self.init(defined.reduce(0, +) / Double(defined.count), terms: defined.count)
    }
  }
}

/// An explanation to be measured, with what it explains.
///
/// The five numbers of the study need the map alone; others ask the detector, the explainer or a mask of what was
/// manipulated.
public struct MetricSubject: Sendable {
  /// The map for its class, `[T, S, S]` in [0, 1].
  public let relevance: RelevanceMap
  /// What speaks for the class that is explained, `[T, S, S]`, below 0 where it speaks against; an attention map as it is.
  public let evidence: Tensor
  /// The class that is explained.
  public let target: Target
  /// Whether the map is attention, which speaks for no class.
  let isAttention: Bool
  /// The crops that it explains.
  public let clip: Clip?
  /// The model that it explains.
  public let classifier: (any Classifier)?
  /// The method that made it.
  public let explainer: (any Explainer)?
  /// What was manipulated.
  public let mask: ManipulationMask?
  /// The detector's answers so far, shared by all metrics that take the same things away.
  private(set) var answers = AnswerCache()

  /// A map by itself.
  public init(_ relevance: RelevanceMap) {
    self.relevance = relevance
    (evidence, target, isAttention) = (relevance.values, .fake, false)
    (clip, classifier, explainer, mask) = (nil, nil, nil, nil)
  }

  /// A map and what was manipulated.
  ///
  /// - Throws: ``ExplanationError`` if they are of different sizes.
  public init(_ relevance: RelevanceMap, mask: ManipulationMask) throws(ExplanationError) {
    try mask.check(relevance.values.shape)
    self.relevance = relevance
    (evidence, target, isAttention) = (relevance.values, .fake, false)
    (clip, classifier, explainer, self.mask) = (nil, nil, nil, mask)
  }

  /// An explanation with what it explains.
  ///
  /// - Parameters:
  ///   - clip: the crops that `map` explains.
  ///   - classifier: the model that it explains.
  ///   - explainer: the method that made it, for metrics that ask it again.
  ///   - mask: what was manipulated, where that is known.
  /// - Throws: ``ExplanationError`` if the map, the clip and the mask are of different sizes.
  public init(
    _ map: ExplanationMap, clip: Clip, classifier: any Classifier, explainer: (any Explainer)? = nil,
    mask: ManipulationMask? = nil
  ) throws(ExplanationError) {
    let shape = [clip.frames.count, clip.size, clip.size]
    guard map.values.shape[0] == shape[0], map.size == shape[1] else {
      throw ExplanationError(
        "a map of \(map.values.shape[0]) frames of \(map.size) pixels does not explain a clip of \(shape[0]) frames of "
          + "\(shape[1])")
    }
    try mask?.check(shape)
    guard map.values.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) }) else {
      throw ExplanationError("\(map.explainer) gives a map that is not finite")
    }
    relevance = map.relevance()
    evidence = map.signed().map { $0 * map.target.sign } ?? relevance.values
    (target, isAttention) = (map.target, map.kind == .attention)
    (self.clip, self.classifier, self.explainer, self.mask) = (clip, classifier, explainer, mask)
  }

  /// Another explanation of the same clip and model: what the detector was asked about this one is not asked again.
  ///
  /// - Parameter explainer: the method that made `map`, for metrics that ask it again.
  /// - Throws: ``ExplanationError`` if this subject has no clip and model, or `map` does not fit the clip.
  public func with(
    _ map: ExplanationMap, explainer: (any Explainer)? = nil
  ) throws(ExplanationError) -> MetricSubject {
    let (clip, classifier) = try material(for: "another explanation")
    var other = try MetricSubject(map, clip: clip, classifier: classifier, explainer: explainer, mask: mask)
    other.answers = answers
    return other
  }

  /// T.
  public var frames: Int { relevance.values.shape[0] }
  /// S.
  public var size: Int { relevance.values.shape[1] }

  /// The crops and the model, for a metric that asks the detector.
  func material(for metric: String) throws(ExplanationError) -> (clip: Clip, classifier: any Classifier) {
    guard let clip, let classifier else {
      throw ExplanationError("\(metric) asks the detector about the crops, and a map alone has neither")
    }
    return (clip, classifier)
  }
}
