import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import WhyFake

/// What the detector says when it is asked about a map.
struct Examination {
  /// The map in words, with the check behind them.
  let statement: Statement
  /// How the probability goes as the face is taken away.
  let removal: Removal
  /// How much of the map lies on each part of the face; nil where parts cannot be named.
  let regions: RegionTable?

  /// Deletion and insertion of a map, and of noise in its place.
  struct Removal {
    let deletion: MetricValue
    let insertion: MetricValue
    let chance: Chance
  }

  /// Deletion and insertion in an order that says nothing.
  struct Chance {
    let deletion: MetricValue
    let insertion: MetricValue
  }
}

/// Asks detectors about maps. What does not depend on the map is asked once.
struct Examiner {
  /// The name of the model that the verdict is of.
  let deciding: String
  /// What is seen where something is taken away.
  let replacement: Replacement
  let seed: UInt64
  private var chances: [Key: Examination.Chance] = [:]

  private struct Key: Hashable {
    let track: Int
    let model: String
    let target: Target
  }

  /// Shares in which a clip is taken away.
  private static let steps = 10

  init(deciding: String, replacement: Replacement, seed: UInt64) {
    (self.deciding, self.replacement, self.seed) = (deciding, replacement, seed)
  }

  /// What `model`, which `explanation` explains, says about it.
  ///
  /// - Parameter method: what the explainer is called.
  mutating func examine(
    _ explanation: Analysis.Explanation, model: any Classifier, method: String,
    progress: @escaping @Sendable (Double) -> Void
  ) throws -> Examination {
    let (map, clip) = (explanation.map, explanation.clip)
    let subject = try MetricSubject(map, clip: clip, classifier: model)
    func part(_ from: Double, _ to: Double) -> ExplanationContext {
      ExplanationContext { progress(from + (to - from) * $0) }
    }
    let isNamed = clip.frames.allSatisfy { $0.face != nil && $0.region != nil }
    let statement = try Statement(
      isNamed ? FindingSearch().find(subject, context: part(0, 0.2)) : nil, of: map, method: method,
      isOfAnother: model.info.name != deciding)
    let key = Key(track: clip.track, model: model.info.name, target: map.target)
    if chances[key] == nil {
      let noise = try RandomMap(seed: seed).explain(clip, for: map.target, context: ExplanationContext())
      let (deletion, insertion) = try removal(subject.with(noise), part(0.2, 0.4), part(0.4, 0.6))
      chances[key] = .init(deletion: deletion, insertion: insertion)
    }
    let (deletion, insertion) = try removal(subject, part(0.6, 0.8), part(0.8, 1))
    return Examination(
      statement: statement,
      removal: .init(deletion: deletion, insertion: insertion, chance: chances[key]!),
      regions: isNamed ? try RegionTable(subject.relevance, clip: clip) : nil)
  }

  private func removal(
    _ subject: MetricSubject, _ first: ExplanationContext, _ second: ExplanationContext
  ) throws -> (deletion: MetricValue, insertion: MetricValue) {
    let plan = RemovalPlan(replacement: replacement)
    return (
      try Deletion(plan: plan, steps: Self.steps).measure(subject, context: first),
      try Insertion(plan: plan, steps: Self.steps).measure(subject, context: second)
    )
  }
}
