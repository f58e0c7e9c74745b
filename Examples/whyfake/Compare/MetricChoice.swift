import ArgumentParser
import Detector
import ExplanationMetrics
import Explainers
import Foundation

/// What is taken away at once.
enum UnitChoice: String, Choice, Codable {
  case pixels, segments
}

/// The metrics that `--metrics` knows: one is added here, and nowhere else in the tool.
enum MetricChoice: String, Choice, Codable {
  case intensity, variance, interFrameConsistency, intraFrameConsistency, centredness
  case deletion, insertion, comprehensiveness, sufficiency, sensitivityN, infidelity
  case stabilityNoise, stabilityRecompression, stabilityShift, modelRandomisation
  case pointingGame, relevanceMass, rankAccuracy, maskAUC

  /// What `compare` measures where nothing is said: what asks no explainer again.
  static let standard: [MetricChoice] = [
    .intensity, .variance, .interFrameConsistency, .intraFrameConsistency, .centredness, .deletion,
    .insertion,
    .comprehensiveness, .sufficiency, .sensitivityN, .infidelity,
  ]

  /// Whether it compares with what was manipulated: the original of a fake is read beside it.
  var needsMask: Bool {
    switch self {
    case .pointingGame, .relevanceMass, .rankAccuracy, .maskAUC: true
    default: false
    }
  }

  /// The metric.
  ///
  /// - Parameters:
  ///   - plan: how a clip is taken apart in a map's order.
  ///   - explainer: the method for another model.
  func metric(
    _ plan: RemovalPlan, explainer: @escaping @Sendable (DeepfakeDetector) throws -> any Explainer
  ) -> any ExplanationMetric {
    let subsets = RandomSubsets(replacement: plan.replacement)
    switch self {
    case .intensity: return Intensity()
    case .variance: return Variance()
    case .interFrameConsistency: return InterFrameConsistency()
    case .intraFrameConsistency: return IntraFrameConsistency()
    case .centredness: return Centredness()
    case .deletion: return Deletion(plan: plan)
    case .insertion: return Insertion(plan: plan)
    case .comprehensiveness: return Comprehensiveness(plan: plan)
    case .sufficiency: return Sufficiency(plan: plan)
    case .sensitivityN: return SensitivityN(subsets: subsets)
    case .infidelity: return Infidelity(subsets: subsets)
    case .stabilityNoise: return Stability(.noise())
    case .stabilityRecompression: return Stability(.recompression())
    case .stabilityShift: return Stability(.shift())
    case .modelRandomisation: return ModelRandomisation(explainer: explainer)
    case .pointingGame: return PointingGame()
    case .relevanceMass: return RelevanceMass()
    case .rankAccuracy: return RankAccuracy()
    case .maskAUC: return MaskAUC()
    }
  }

  /// What stands at the head of its column.
  var heading: String {
    switch self {
    case .intensity: "I"
    case .variance: "V"
    case .interFrameConsistency: "τ"
    case .intraFrameConsistency: "ρ"
    case .centredness: "μ"
    case .deletion: "deletion ↓"
    case .insertion: "insertion ↑"
    case .comprehensiveness: "comprehensiveness ↑"
    case .sufficiency: "sufficiency ↓"
    case .sensitivityN: "sensitivity-n ↑"
    case .infidelity: "infidelity ↓"
    case .stabilityNoise: "stability: noise ↑"
    case .stabilityRecompression: "stability: recompression ↑"
    case .stabilityShift: "stability: shift ↑"
    case .modelRandomisation: "model randomisation ↓"
    case .pointingGame: "pointing game ↑"
    case .relevanceMass: "relevance mass ↑"
    case .rankAccuracy: "rank accuracy ↑"
    case .maskAUC: "mask AUC ↑"
    }
  }

  /// The same for LaTeX.
  var latexHeading: String {
    switch self {
    case .interFrameConsistency: "$\\tau$"
    case .intraFrameConsistency: "$\\rho$"
    case .centredness: "$\\mu$"
    case .intensity, .variance: "$\(heading)$"
    default:
      heading.replacingOccurrences(of: "↓", with: "$\\downarrow$").replacingOccurrences(
        of: "↑", with: "$\\uparrow$")
    }
  }
}
