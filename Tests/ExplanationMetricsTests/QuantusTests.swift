import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

private typealias Toys = BlackBoxToys

/// Numbers of Quantus 0.6.0 on one model, clip and map; `Tests/Golden/faithfulness/with_quantus.py` says how it was
/// asked.
private struct Reference: Decodable {
  /// Probabilities after each step. Quantus has no point before the first step, and its steps are 1 wide.
  struct Curve: Decodable {
    let curve: [Double]
    let area: Double
  }

  struct Segments: Decodable {
    let steps: [Int]
    let value: Double
  }

  struct Infidelities: Decodable {
    let none: Double
    let scale: Double
    let share: Double
  }

  let deletion: Curve
  let deletionReal: Curve
  let deletionMean: Curve
  let insertion: Curve
  let selectivity: Curve
  let morf: [Double]
  let lerf: [Double]
  let irof: Segments
  let correlation: [Double]
  let infidelity: Infidelities
}

@Suite("Metrics that ask the detector, beside Quantus to 1e-6")
struct QuantusTests {
  private let clip = Toys.clip(frames: 3, size: 8)
  private let grey = RemovalPlan(replacement: .grey())
  private let squares = RemovalPlan(unit: .patches(side: 2), replacement: .grey())
  private let subsets = RandomSubsets(
    patch: 0.25, shares: [0.2, 0.5], samples: 12, replacement: .grey(), seed: 3)
  private let reference: Reference

  init() throws {
    let file = URL(fileURLWithPath: Golden.path("faithfulness/quantus.json"))
    reference = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
  }

  private func subject(_ target: Target = .fake) throws -> MetricSubject {
    let map = ExplanationMap(
      explainer: "hand", model: "toy", target: target, kind: .signed,
      values: Tensor.random([3, 8, 8], seed: 77), size: clip.size, cost: .init(framePasses: 0, seconds: 0))
    return try MetricSubject(map, clip: clip, classifier: Toys.interacting(8))
  }

  private func expect(_ found: [Double], _ reference: [Double], _ what: String) {
    #expect(found.count == reference.count, "\(what)")
    for (a, b) in zip(found, reference) { #expect(abs(a - b) <= 1e-6 * max(1, abs(b)), "\(what)") }
  }

  /// Probabilities of a curve of `steps` steps.
  private func values(_ found: MetricValue, steps: Int) throws -> [Double] {
    let values = try #require(found.curve).values
    try #require(values.count == steps + 1)
    return values
  }

  private func expect(_ found: MetricValue, steps: Int, _ reference: Reference.Curve, _ what: String) throws {
    let values = try values(found, steps: steps)
    expect(Array(values.dropFirst()), reference.curve, what)
    let area = try #require(found.value) * Double(steps) - (values[0] + values[1]) / 2
    expect([area], [reference.area], "\(what), area")
  }

  @Test("deletion is PixelFlipping for either class and replacement, insertion that of the replacement")
  func pixels() throws {
    let (fake, real) = try (subject(), subject(.real))
    let mean = RemovalPlan(replacement: .mean)
    let deletion = Deletion(plan: grey, steps: 24)
    try expect(deletion.measure(fake), steps: 24, reference.deletion, "deletion")
    try expect(deletion.measure(real), steps: 24, reference.deletionReal, "deletion of real")
    let coloured = Deletion(plan: mean, steps: 24)
    try expect(coloured.measure(fake), steps: 24, reference.deletionMean, "deletion, mean colour")
    try expect(Insertion(plan: grey, steps: 24).measure(fake), steps: 24, reference.insertion, "insertion")
  }

  @Test("deletion of squares is Selectivity and RegionPerturbation, from either end")
  func patches() throws {
    let subject = try subject()
    let deletion = try Deletion(plan: squares, steps: 48).measure(subject)
    try expect(deletion, steps: 48, reference.selectivity, "selectivity")
    let left = try values(deletion, steps: 48)
    expect(left.dropFirst().map { left[0] - $0 }, reference.morf, "most relevant first")
    // Without the k least relevant squares the clip is what insertion has brought back of it after 48 − k.
    let kept = try values(Insertion(plan: squares, steps: 48).measure(subject), steps: 48)
    expect((1...48).map { left[0] - kept[48 - $0] }, reference.lerf, "least relevant first")
  }

  @Test("comprehensiveness and sufficiency are means of RegionPerturbation from either end")
  func shares() throws {
    let subject = try subject()
    let shares = [0.125, 0.25, 0.5]
    let removed = [6, 12, 24].map { reference.morf[$0 - 1] }
    let kept = [6, 12, 24].map { reference.lerf[48 - $0 - 1] }
    let comprehensiveness = try Comprehensiveness(plan: squares, shares: shares).measure(subject)
    let sufficiency = try Sufficiency(plan: squares, shares: shares).measure(subject)
    expect([try #require(comprehensiveness.value)], [removed.reduce(0, +) / 3], "comprehensiveness")
    expect([try #require(sufficiency.value)], [kept.reduce(0, +) / 3], "sufficiency")
  }

  @Test("deletion of segments goes through the points of IROF")
  func segments() throws {
    // Strips of 1, 2 and 5 columns of each frame: 8, 16 and 40 pixels.
    let strips: [Int32] = [0, 1, 1, 2, 2, 2, 2, 2]
    let labels = (0..<192).map { i in Int32(i / 64 * 3) + strips[i % 8] }
    let segments = Supervoxels(labels: labels, frames: 3, size: 8)
    let plan = RemovalPlan(unit: .segments(segments), replacement: .grey())
    let curve = try values(Deletion(plan: plan, steps: 24).measure(subject()), steps: 24)
    let ratios = reference.irof.steps.map { curve[$0] / curve[0] }
    // Quantus: as many as there are segments, less the area under steps that are 1 wide.
    let area = ratios.reduce(0, +) - (ratios[0] + ratios[8]) / 2
    expect([9 - area], [reference.irof.value], "IROF")
  }

  @Test("sensitivity-n is FaithfulnessCorrelation, infidelity is Infidelity of the map by what changed")
  func sets() throws {
    let subject = try subject()
    let sensitivity = try SensitivityN(subsets: subsets).measure(subject)
    expect(try #require(sensitivity.curve).values, reference.correlation, "sensitivity-n")
    let mean = reference.correlation.reduce(0, +) / 2
    expect([try #require(sensitivity.value)], [mean], "sensitivity-n, mean")
    let infidelities: [(Infidelity.Normalisation, Double)] = [
      (.none, reference.infidelity.none), (.scale, reference.infidelity.scale),
      (.share, reference.infidelity.share),
    ]
    for (normalisation, value) in infidelities {
      let found = try Infidelity(subsets: subsets, normalisation: normalisation).measure(subject)
      expect([try #require(found.value)], [value], "infidelity, \(normalisation)")
    }
  }
}
