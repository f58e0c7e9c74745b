import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing

@testable import Explainers

/// A method that gives a map it was told.
private struct Told: Explainer {
  var name = "told"
  var model = "toy"
  var kind = ExplanationMap.Kind.signed
  var values: Tensor
  var logits: [Float] = []
  var passes = 0

  func explain(_ clip: Clip, for target: Target, context: ExplanationContext) throws -> ExplanationMap {
    try context.report(0.5)
    try context.report(1)
    let supervoxels = Supervoxels(
      labels: Array(repeating: 0, count: clip.frames.count * clip.size * clip.size),
      frames: clip.frames.count,
      size: clip.size)
    return ExplanationMap(
      explainer: name, model: model, target: target, kind: kind, values: values, size: clip.size,
      logits: logits,
      cost: .init(framePasses: passes, seconds: 0), completenessGap: 0.5,
      segments: SegmentAttributions(supervoxels: supervoxels, values: [1]))
  }
}

@Suite("Weighting by confidence")
struct ConfidenceWeightedTests {
  typealias Toys = BlackBoxToys
  private let clip = Toys.clip(frames: 3, size: 2)
  private let values = Tensor(shape: [3, 2, 2], [1, -2, 3, -4, 1, -2, 3, -4, 1, -2, 3, -4])
  private let logits: [Float] = [0, 2, -5]

  private func expected(_ values: Tensor) -> [Float] {
    values.elements.enumerated().map { i, value in
      value * Float(abs(2 / (1 + exp(-Double(logits[i / 4]))) - 1))
    }
  }

  @Test("is the frame's map times |2p − 1|, by the map's own logits")
  func own() throws {
    let toy = Toys.Classifier { _ in [9, 9, 9] }
    let map = try ConfidenceWeighted(Told(values: values, logits: logits, passes: 7), scoredBy: toy)
      .explain(clip, for: .real)
    expectClose(map.values.elements, expected(values), within: 1e-6, "weighted")
    #expect(map.values.rows(0..<1).largestMagnitude == 0)
    #expect(map.explainer == "told-weighted" && map.kind == .signed && map.target == .real)
    #expect(map.segments == nil && map.completenessGap == nil)
    #expect(map.cost.framePasses == 7 && toy.batches.isEmpty)
  }

  @Test("asks a classifier where the map has no logits, and adds the passes")
  func asked() throws {
    for clipWise in [false, true] {
      let logits = logits
      let toy = Toys.Classifier(clipWise: clipWise) { _ in logits }
      var told = Told(values: values, passes: 7)
      told.kind = .attention
      told.values = values.relu()
      let map = try ConfidenceWeighted(told, scoredBy: toy).explain(clip, for: .fake)
      expectClose(map.values.elements, expected(values.relu()), within: 1e-6, "weighted, asked")
      #expect(map.kind == .attention && map.logits == logits && map.cost.framePasses == 10)
      #expect(map.cost.evaluations == (clipWise ? 8 : 10))
    }
  }

  @Test("does not depend on the logit's side, and is almost the map itself where the detector is sure")
  func sides() throws {
    let (plus, minus) = try (
      ConfidenceWeighted(Told(values: values, logits: [1, 2, 30])).explain(clip, for: .fake),
      ConfidenceWeighted(Told(values: values, logits: [-1, -2, -30])).explain(clip, for: .fake)
    )
    #expect(plus.values == minus.values)
    #expect(plus.values.rows(2..<3).largestDifference(to: values.rows(2..<3)) < 1e-5)
  }

  @Test("says so where nobody gives logits, or not one for each frame")
  func refusals() {
    #expect(
      Toys.message { _ = try ConfidenceWeighted(Told(values: values)).explain(clip, for: .fake) }?
        .contains("classifier") == true)
    for logits: [Float] in [[1], [1, .nan, 2]] {
      #expect(
        Toys.message {
          _ = try ConfidenceWeighted(Told(values: values, logits: logits)).explain(clip, for: .fake)
        }?.contains("finite logit") == true)
    }
  }
}

@Suite("The mean of ranks")
struct MeanOfRanksTests {
  typealias Toys = BlackBoxToys
  private let clip = Toys.clip(frames: 2, size: 2)

  private func told(_ values: [Float], _ name: String = "a", kind: ExplanationMap.Kind = .signed) -> Told {
    Told(name: name, kind: kind, values: Tensor(shape: [2, 2, 2], values), logits: [1, 2], passes: 3)
  }

  @Test("ranks over the whole clip, equals share their mean rank, and what has no relevance has rank 0")
  func definition() throws {
    let one = told([0, -3, 1, 5, 5, 2, 0, 1])
    let map = try MeanOfRanks([one]).explain(clip, for: .fake)
    let expected: [Float] = [0, 0, 4.5, 7.5, 7.5, 6, 0, 4.5].map { $0 / 8 }
    #expect(map.values.elements == expected && map.kind == .signed)
    let other = told([1, 2, 3, 4, 5, 6, 7, 8], "b")
    let both = try MeanOfRanks([one, other]).explain(clip, for: .fake)
    let means: [Float] = expected.indices.map { (expected[$0] + Float($0 + 1) / 8) / 2 }
    #expect(both.values.elements == means)
    #expect(both.explainer == "a-b-ranks" && both.model == "toy" && both.logits == [1, 2])
    #expect(both.cost.framePasses == 6)
  }

  @Test("speaks for the class that is explained where all are signed, and is attention else")
  func sides() throws {
    let (one, attention) = (
      told([0, -3, 1, 5, 5, 2, 0, -1]), told([8, 7, 6, 5, 4, 3, 2, 1], "b", kind: .attention)
    )
    let real = try MeanOfRanks([one]).explain(clip, for: .real)
    #expect(real.values.elements == [0, -1, 0, 0, 0, 0, 0, -0.875] && real.relevance().values[0, 0, 1] == 1)
    let mixed = try MeanOfRanks([one, attention]).explain(clip, for: .real)
    #expect(mixed.kind == .attention && mixed.values[0, 0, 0] == 0.5)
    #expect(mixed.values[0, 0, 1] == Float(0.9375))
  }

  @Test("is changed by no scale and no bend of a member, whose zeros stay")
  func monotone() throws {
    let clip = Toys.clip(frames: 3, size: 12)
    func map(_ bend: (Float) -> Float) throws -> Tensor {
      let members = (1...2).map { seed in
        Told(
          values: Tensor(
            shape: [3, 12, 12],
            Tensor.random([432], seed: UInt64(seed)).elements.map { seed == 1 ? bend($0) : $0 }))
      }
      return try MeanOfRanks(members).explain(clip, for: .fake).values
    }
    let one = try map { $0 }
    for bend: (Float) -> Float in [{ $0 * 37 }, { $0 * abs($0) }, { $0 / (1 + abs($0)) }] {
      let bent = try map(bend)
      #expect(bent == one)
    }
    let turned = try map { -$0 }
    #expect(turned != one)
  }

  @Test("takes an empty map as zeros, and maps of any resolution")
  func empty() throws {
    let other = told([1, 2, 3, 4, 5, 6, 7, 8], "b")
    let nothing = told(Array(repeating: -1, count: 8))
    let map = try MeanOfRanks([nothing, other]).explain(clip, for: .fake)
    #expect(map.values.elements == (1...8).map { Float($0) / 16 })
    let coarse = Told(values: Tensor(shape: [2, 1, 1], [1, 2]))
    let ranks: [Float] = [2.5, 2.5, 2.5, 2.5, 6.5, 6.5, 6.5, 6.5].map { $0 / 8 }
    let enlarged = try MeanOfRanks([coarse]).explain(clip, for: .fake).values.elements
    #expect(enlarged == ranks)
  }

  @Test("reports the progress of its members, and refuses to be of nothing")
  func progress() throws {
    nonisolated(unsafe) var done: [Double] = []
    _ = try MeanOfRanks([told([1, 2, 3, 4, 5, 6, 7, 8]), told([1, 2, 3, 4, 5, 6, 7, 8])])
      .explain(clip, for: .fake, context: ExplanationContext(progress: { done.append($0) }))
    #expect(done == [0.25, 0.5, 0.5, 0.75, 1, 1])
    #expect(
      Toys.message { _ = try MeanOfRanks([]).explain(clip, for: .fake) }?.contains("no explainers") == true)
    let broken = told([1, 2, 3, 4, 5, 6, 7, .nan])
    #expect(
      Toys.message { _ = try MeanOfRanks([broken]).explain(clip, for: .fake) }?.contains("finite") == true)
  }
}
