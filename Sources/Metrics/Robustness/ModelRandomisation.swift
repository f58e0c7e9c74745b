public import Detector
public import Explainers
import Tensor

/// Model randomisation, cascading (Adebayo et al. 2018): the network forgets from its end to its beginning, and at each step
/// the method explains what is left. The mean of the absolute rank correlations (Spearman) between those maps and the first,
/// over all pixels of the clip, in [0, 1]. The lower, the more the method shows of what the network has learnt; one that
/// gives the same picture of a network that knows nothing shows the face, not the reasons.
///
/// Forgetting is shuffling each tensor's values, so that activations stay of their size. A term is a step; one whose map is
/// constant has none. Undefined where the first map is.
public struct ModelRandomisation: ExplanationMetric {
  /// `modelRandomisation`.
  public let name = "modelRandomisation"
  /// [0, 1].
  public let range = 0.0...1.0
  /// Steps, each of which forgets as many more parts of the network (``DeepfakeDetector/cascade``) as the others.
  public let steps: Int
  /// Seed of the shuffles.
  public let seed: UInt64
  /// The method for another model.
  private let explainer: @Sendable (DeepfakeDetector) throws -> any Explainer

  /// The metric.
  ///
  /// - Parameters:
  ///   - steps: 1 or more, at most as many as the network has parts.
  ///   - explainer: the method for another model.
  public init(
    steps: Int = 5, seed: UInt64 = 0,
    explainer: @escaping @Sendable (DeepfakeDetector) throws -> any Explainer
  ) {
    precondition(steps > 0, "ModelRandomisation: \(steps) steps")
    (self.steps, self.seed, self.explainer) = (steps, seed, explainer)
  }

  /// Asks the explainer about networks that have forgotten.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    guard let clip = subject.clip, let detector = subject.classifier as? DeepfakeDetector else {
      throw ExplanationError("\(name) makes networks forget, and there is no single network")
    }
    let first = Correlation.ranks(subject.evidence.elements.map(Double.init))
    let cascade = detector.cascade
    let count = min(steps, cascade.count)
    var (shares, similarities): ([Double], [Double?]) = ([], [])
    for step in 1...count {
      let parts = (step * cascade.count + count - 1) / count
      let forgetful = try detector.shuffling(cascade.prefix(parts).joined(), seed: seed)
      var part = context
      part.progress = { context.progress((Double(step - 1) + $0) / Double(count)) }
      let map = try explainer(forgetful).explain(clip, for: subject.target, context: part)
      let subject = try MetricSubject(map, clip: clip, classifier: forgetful)
      shares.append(Double(parts) / Double(cascade.count))
      similarities.append(
        Correlation.pearson(first, Correlation.ranks(subject.evidence.elements.map(Double.init))).map(abs))
    }
    var found = MetricValue(meanOf: similarities, orElse: "a map is constant")
    let defined = zip(shares, similarities).filter { $0.1 != nil }
    if !defined.isEmpty { found.curve = .init(shares: defined.map(\.0), values: defined.map { $0.1! }) }
    return found
  }
}
