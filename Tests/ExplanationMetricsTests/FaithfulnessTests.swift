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

/// A map by hand.
private func explanation(
  _ values: [Float], _ clip: Clip, target: Target = .fake, kind: ExplanationMap.Kind = .signed
) -> ExplanationMap {
  ExplanationMap(
    explainer: "hand", model: "toy", target: target, kind: kind,
    values: Tensor(shape: [clip.frames.count, clip.size, clip.size], values), size: clip.size,
    cost: .init(framePasses: 0, seconds: 0))
}

private func probability(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }

@Suite("Metrics that ask the detector")
struct FaithfulnessTests {
  private let clip = Toys.clip(frames: 3, size: 8)
  private let grey = RemovalPlan(replacement: .grey())
  private let subsets = RandomSubsets(
    patch: 0.25, shares: [0.2, 0.5], samples: 12, replacement: .grey(), seed: 3)

  private func subject(
    _ toy: any Classifier, scale: Float = 1, target: Target = .fake,
    _ change: (Double) -> Double = { $0 }
  ) throws -> MetricSubject {
    let values = Toys.parts(clip).map { Float(change($0)) * scale }
    return try MetricSubject(explanation(values, clip, target: target), clip: clip, classifier: toy)
  }

  @Test(
    "parts that add up to the logit have sensitivity-n 1 and no infidelity, for either class and any detector"
  )
  func exactParts() throws {
    for (clipWise, target) in [(false, Target.fake), (true, .fake), (false, .real)] {
      let subject = try subject(Toys.additive(8, clipWise: clipWise), target: target)
      let sensitivity = try SensitivityN(subsets: subsets).measure(subject)
      #expect(try abs(#require(sensitivity.value) - 1) < 1e-6)
      #expect(sensitivity.terms == 2 && sensitivity.curve?.shares == [0.2, 0.5])
      for normalisation in [Infidelity.Normalisation.none, .scale, .share] {
        let found = try Infidelity(subsets: subsets, normalisation: normalisation).measure(subject)
        #expect(try #require(found.value) < 1e-9)
        #expect(found.terms == 24)
      }
    }
  }

  private struct Golden: Decodable {
    let sensitivity: [Double]
    let infidelityNone: Double
    let infidelityScale: Double
    let curves: [String: [Double]]
    let areas: [String: Double]
  }

  @Test("agree with captum, SciPy and NumPy on a toy to 1e-5")
  func golden() throws {
    let golden = try JSONDecoder().decode(
      Golden.self,
      from: Data(contentsOf: URL(fileURLWithPath: TestSupport.Golden.path("faithfulness/faithfulness.json"))))
    let values = Tensor.random([3, 8, 8], seed: 77).elements
    let subject = try MetricSubject(
      explanation(values, clip), clip: clip, classifier: Toys.interacting(8))
    func check(_ found: Double?, _ reference: Double, _ what: String) throws {
      #expect(try abs(#require(found) - reference) <= 1e-5 * max(1, abs(reference)), "\(what)")
    }
    let sensitivity = try SensitivityN(subsets: subsets).measure(subject)
    for (a, b) in zip(try #require(sensitivity.curve).values, golden.sensitivity) { try check(a, b, "r") }
    try check(sensitivity.value, golden.sensitivity.reduce(0, +) / 2, "sensitivity-n")
    let raw = try Infidelity(subsets: subsets, normalisation: .none).measure(subject)
    let scaled = try Infidelity(subsets: subsets, normalisation: .scale).measure(subject)
    try check(raw.value, golden.infidelityNone, "infidelity")
    try check(scaled.value, golden.infidelityScale, "infidelity on its best scale")
    for metric in [Deletion(plan: grey, steps: 8) as any ExplanationMetric, Insertion(plan: grey, steps: 8)] {
      let found = try metric.measure(subject)
      try check(found.value, #require(golden.areas[metric.name]), metric.name)
      let curve = try #require(found.curve).values
      #expect(curve.count == 9)
      for (a, b) in zip(curve, try #require(golden.curves[metric.name])) { try check(a, b, metric.name) }
    }
  }

  @Test("a map that says nothing has an infidelity near 1 and a sensitivity-n near 0")
  func noise() throws {
    let toy = Toys.additive(8)
    let values = Tensor.random([3, 8, 8], seed: 77).elements
    let subject = try MetricSubject(explanation(values, clip), clip: clip, classifier: toy)
    let many = RandomSubsets(patch: 0.125, shares: [0.5], samples: 300, replacement: .grey())
    #expect(try #require(Infidelity(subsets: many).measure(subject).value) > 0.7)
    #expect(try abs(#require(SensitivityN(subsets: many).measure(subject).value)) < 0.4)
  }

  @Test("the scale of a map changes nothing but an infidelity that is not normalised")
  func scale() throws {
    let toy = Toys.interacting(8)
    let metrics: [any ExplanationMetric] = [
      Deletion(plan: grey, steps: 6), Insertion(plan: grey, steps: 6), Comprehensiveness(plan: grey),
      Sufficiency(plan: grey), SensitivityN(subsets: subsets), Infidelity(subsets: subsets),
      Infidelity(subsets: subsets, normalisation: .scale),
    ]
    for metric in metrics {
      let (a, b) = try (metric.measure(subject(toy)), metric.measure(subject(toy, scale: 8)))
      #expect(try abs(#require(a.value) - #require(b.value)) < 1e-6, "\(metric.name)")
    }
    let raw = Infidelity(subsets: subsets, normalisation: .none)
    #expect(try raw.measure(subject(toy)).value != raw.measure(subject(toy, scale: 8)).value)
  }

  @Test("the right order deletes lowest and inserts highest, the reverse the other way round")
  func order() throws {
    let toy = Toys.additive(8, scale: 0.6, bias: 0)
    func figures(_ subject: MetricSubject) throws -> [Double] {
      let metrics: [any ExplanationMetric] = [
        Deletion(plan: grey, steps: 12), Insertion(plan: grey, steps: 12), Comprehensiveness(plan: grey),
        Sufficiency(plan: grey),
      ]
      return try metrics.map { metric in
        let value = try #require(try metric.measure(subject).value)
        #expect(metric.range.contains(value))
        return value
      }
    }
    let right = try figures(subject(toy))
    let reverse = try figures(subject(toy) { -$0 })
    #expect(right[0] < reverse[0] && right[1] > reverse[1] && right[2] > reverse[2] && right[3] < reverse[3])
    for seed in 0..<20 {
      let values = Tensor.random([3, 8, 8], seed: UInt64(seed)).elements
      let other = try figures(MetricSubject(explanation(values, clip), clip: clip, classifier: toy))
      #expect(right[0] <= other[0] && right[1] >= other[1] && right[2] >= other[2] && right[3] <= other[3])
    }
  }

  @Test("what deletion leaves is what insertion of the reverse brings back")
  func reverse() throws {
    let toy = Toys.interacting(8)
    let deletion = try #require(Deletion(plan: grey, steps: 8).measure(subject(toy)).curve)
    let insertion = try #require(Insertion(plan: grey, steps: 8).measure(subject(toy) { -$0 }).curve)
    for (a, b) in zip(deletion.values, insertion.values.reversed()) { #expect(abs(a - b) < 1e-6) }
  }

  @Test("curves begin and end with the clip and with what replaces it, for each class its own probability")
  func ends() throws {
    let toy = Toys.additive(8)
    let whole = try toy.logits(clip.tensor()).elements.reduce(0) { $0 + Double($1) } / 3
    for target in Target.allCases {
      let curve = try #require(Deletion(plan: grey, steps: 3).measure(subject(toy, target: target)).curve)
      #expect(abs(curve.values[0] - probability(Double(target.sign) * whole)) < 1e-6)
      #expect(curve.shares == [0, 1 / 3, 2 / 3, 1])
      let blank = Toys.weights(8).reduce(0.0) { $0 + Double($1) * 0.5 } + 0.3
      #expect(abs(curve.values[3] - probability(Double(target.sign) * blank)) < 1e-5)
    }
  }

  @Test("labels of segments change nothing, and pixels of a segment go together")
  func segments() throws {
    let toy = Toys.interacting(8)
    func curve(_ relabels: Bool) throws -> MetricValue {
      let segments = try Toys.Blocks(side: 4, relabels: relabels).segments(of: clip)
      let plan = RemovalPlan(unit: .segments(segments), replacement: .grey())
      return try Deletion(plan: plan, steps: 12).measure(subject(toy))
    }
    #expect(try curve(false) == curve(true))
    let patches = RemovalPlan(unit: .patches(side: 4), replacement: .grey())
    #expect(try Deletion(plan: patches, steps: 12).measure(subject(toy)) == curve(false))
  }

  @Test("the same is asked once: metrics of one plan share what the detector said")
  func cache() throws {
    let toy = Toys.additive(8)
    let subject = try subject(toy)
    _ = try Deletion(plan: grey, steps: 20).measure(subject)
    let asked = toy.batches.reduce(0, +)
    #expect(asked <= 3 * 21)
    _ = try Comprehensiveness(plan: grey).measure(subject)
    _ = try Deletion(plan: grey, steps: 10).measure(subject)
    #expect(toy.batches.reduce(0, +) == asked)
    _ = try Deletion(plan: RemovalPlan(replacement: .grey(0.2)), steps: 10).measure(subject)
    #expect(toy.batches.reduce(0, +) > asked)
    // Random sets are the same for every map: a second map of the clip costs nothing, and has a value of its own.
    let first = try SensitivityN(subsets: subsets).measure(subject)
    let before = toy.batches.reduce(0, +)
    let noise = try RandomMap().explain(#require(subject.clip), for: .fake, context: ExplanationContext())
    let second = try SensitivityN(subsets: subsets).measure(subject.with(noise))
    #expect(toy.batches.reduce(0, +) == before && second != first)
    #expect(throws: ExplanationError.self) { try MetricSubject(noise.relevance()).with(noise) }
  }

  @Test("a detector of clips is asked about whole clips, and says the same of a mean of frames")
  func clipWise() throws {
    let (toy, joint) = (Toys.interacting(8), Toys.interacting(8, clipWise: true))
    for metric in [Deletion(plan: grey, steps: 7) as any ExplanationMetric, SensitivityN(subsets: subsets)] {
      let (a, b) = try (metric.measure(subject(toy)), metric.measure(subject(joint)))
      #expect(try abs(#require(a.value) - #require(b.value)) < 1e-6)
    }
    #expect(joint.batches.allSatisfy { $0 % 3 == 0 })
  }

  @Test("an empty map orders nothing")
  func empty() throws {
    let subject = try subject(Toys.additive(8)) { -abs($0) }
    for metric in [Deletion(), Insertion(), Comprehensiveness(), Sufficiency()] as [any ExplanationMetric] {
      let found = try metric.measure(subject)
      #expect(found.value == nil && found.reason == "the map is empty")
    }
  }

  @Test("what does not fit is one line")
  func misfits() throws {
    let other = Toys.clip(frames: 2, size: 8)
    let map = explanation(.init(repeating: 1, count: 192), clip)
    #expect(
      Toys.message { _ = try MetricSubject(map, clip: other, classifier: Toys.additive(8)) }?.isEmpty == false
    )
    let subject = try subject(Toys.additive(8))
    let segments = Supervoxels(labels: .init(repeating: 0, count: 128), frames: 2, size: 8)
    for plan in [
      RemovalPlan(unit: .segments(segments)), .init(unit: .patches(side: 0)), .init(replacement: .paired),
    ] {
      #expect(Toys.message { _ = try Deletion(plan: plan).measure(subject) }?.isEmpty == false)
    }
  }

  @Test("progress grows to 1, and cancellation ends the work")
  func progress() throws {
    struct Stop: Error {}
    final class Log: @unchecked Sendable { var done: [Double] = [] }
    let log = Log()
    _ = try SensitivityN(subsets: subsets).measure(
      subject(Toys.additive(8)), context: ExplanationContext(progress: { log.done.append($0) }))
    #expect(log.done.last == 1 && log.done == log.done.sorted())
    #expect(throws: Stop.self) {
      try Deletion().measure(
        subject(Toys.additive(8)), context: ExplanationContext(checkCancellation: { throw Stop() }))
    }
  }
}

/// Explains by the brightness of the crop, whatever the model.
private struct Brightness: Explainer {
  let name = "brightness"

  func explain(_ clip: Clip, for target: Target, context: ExplanationContext) throws -> ExplanationMap {
    let area = clip.size * clip.size
    let crops = clip.tensor().elements
    let values = clip.frames.indices.flatMap { t in
      (0..<area).map { i in (0..<3).reduce(Float(0)) { $0 + crops[(t * 3 + $1) * area + i] } }
    }
    return explanation(values, clip, target: target, kind: .attention)
  }
}

@Suite("How steady an explanation is")
struct RobustnessTests {
  private func subject(_ clip: Clip, _ classifier: any Classifier) throws -> MetricSubject {
    let explainer = Brightness()
    return try MetricSubject(
      explainer.explain(clip, for: .fake), clip: clip, classifier: classifier, explainer: explainer)
  }

  @Test("a map that moves with the face is unmoved by a shift; noise and compression move it a little")
  func stability() throws {
    let portrait = try Portrait.crops(size: 96)[0]
    let clip = Clip(frames: [.init(index: 0), .init(index: 1)], crops: [portrait, portrait])
    let subject = try subject(clip, Toys.additive(96))
    #expect(try abs(#require(Stability(.shift(share: 0.05)).measure(subject).value) - 1) < 1e-9)
    let little = try #require(try Stability(.noise(deviation: 0.01)).measure(subject).value)
    let much = try #require(try Stability(.noise(deviation: 0.2)).measure(subject).value)
    #expect(little > 0.99 && much < little)
    let fine = try #require(try Stability(.recompression(quality: 95)).measure(subject).value)
    let coarse = try #require(try Stability(.recompression(quality: 10)).measure(subject).value)
    #expect(fine > coarse && coarse > 0.8)
  }

  @Test("a constant map has no stability")
  func constant() throws {
    let grey = RGBImage(width: 16, height: 16, red: 9, green: 9, blue: 9)
    let subject = try subject(Clip(frames: [.init(index: 0)], crops: [grey]), Toys.additive(16))
    #expect(try Stability(.shift()).measure(subject).value == nil)
  }

  @Test("what shows the picture whatever the network is found out by randomisation, GradCAM is not")
  func randomisation() throws {
    let detector = try GoldenNetwork.trainedB0.detector(.symmetric)
    let clip = Clip(frames: [.init(index: 0)], crops: [try Portrait.crops(size: 64)[0]])
    let picture = try MetricSubject(Brightness().explain(clip, for: .fake), clip: clip, classifier: detector)
    let blind = try ModelRandomisation(steps: 3) { _ in Brightness() }.measure(picture)
    #expect(try abs(#require(blind.value) - 1) < 1e-9)
    #expect(blind.terms == 3 && blind.curve?.shares.last == 1)
    let gradcam = try MetricSubject(
      GradCAM(detector).explain(clip, for: .fake), clip: clip, classifier: detector)
    let found = try #require(try ModelRandomisation(steps: 3) { GradCAM($0) }.measure(gradcam).value)
    #expect(found < 0.9)
  }

  @Test("networks forget from their end to their beginning, and keep what was not named")
  func cascade() throws {
    let detector = try GoldenNetwork.trainedB0.detector(.symmetric)
    let cascade = detector.cascade
    #expect(
      cascade[0].allSatisfy { $0.hasPrefix("classifier.") } && cascade[1].allSatisfy { $0.hasPrefix("head.") }
    )
    #expect(cascade[2].allSatisfy { $0.hasPrefix("blocks.15.") })
    #expect(cascade.last!.allSatisfy { $0.hasPrefix("stem.") } && cascade.count == 19)
    #expect(cascade.joined().count == detector.network.parameters.count)
    let forgetful = try detector.shuffling(cascade[1], seed: 4)
    for (name, values) in detector.network.parameters {
      let other = try #require(forgetful.network.parameters[name])
      if name.hasPrefix("head.") {
        #expect(other != values && other.elements.sorted() == values.elements.sorted())
      } else {
        #expect(other == values)
      }
    }
    #expect(throws: DetectorError.self) { try detector.shuffling(["nothing"], seed: 0) }
  }
}
