import Detector
import Explainers
import FaceCrop
import Tensor
import TestSupport
import Testing

/// A method of the family, made for a detector, blocks and evidence.
private let family: [@Sendable (any GradientClassifier, [Block]?) -> any Explainer] = [
  { GradCAM($0, blocks: $1 ?? [$0.defaultBlock!]) }, { HiResCAM($0, blocks: $1) },
  { LayerCAM($0, blocks: $1) }, { LayerCAM($0, blocks: $1, evidence: .balance) },
  { GradCAMPlusPlus($0, blocks: $1) }, { GradCAMPlusPlus($0, blocks: $1, evidence: .balance) },
]

@Suite("Class activation maps")
struct ActivationMapTests {
  private let toy = QuadraticToy()
  private let clip = randomClip(frames: 3, size: 4)
  private var fine: [Block] { [toy.blocks[0]] }

  /// Red and green of the clip, frame by frame.
  private func channel(_ c: Int) -> [Float] {
    (0..<3).flatMap { t in
      (0..<16).map { clip.tensor(t..<t + 1).elements[c * 16 + $0] }
    }
  }

  @Test("HiResCAM is each activation times its own gradient, and adds up where the logit is linear")
  func hiRes() throws {
    let map = try HiResCAM(toy, blocks: fine).explain(clip, for: .fake)
    let expected = zip(channel(0), channel(1)).map { (r: Float, g: Float) -> Float in
      ((3 + 2 * r) * r - 2 * g) / 16
    }
    expectClose(map.values.elements, expected, within: 1e-6, "HiResCAM")
    #expect(map.kind == .signed && map.cost.framePasses == 3 && map.explainer == "hirescam")
    let real = try HiResCAM(toy, blocks: fine).explain(clip, for: .real)
    #expect(real.values == map.values && real.target == .real)
  }

  @Test("LayerCAM counts for each class only what raises its logit")
  func layer() throws {
    let fake = try LayerCAM(toy, blocks: fine).explain(clip, for: .fake)
    expectClose(fake.values.elements, channel(0).map { (3 + 2 * $0) * $0 / 16 }, within: 1e-6, "fake")
    let real = try LayerCAM(toy, blocks: fine).explain(clip, for: .real)
    expectClose(real.values.elements, channel(1).map { -2 * $0 / 16 }, within: 1e-6, "real")
    let greenest = channel(1).max()!
    expectClose(
      real.relevance().values.elements, channel(1).map { $0 / greenest }, within: 1e-6, "relevance of real")
  }

  @Test("GradCAM++ weighs channels by the paper's formula")
  func plusPlus() throws {
    func expected(_ epsilon: Double) -> [Float] {
      (0..<3).flatMap { t in
        let red = channel(0)[t * 16..<t * 16 + 16].map(Double.init)
        let sum = red.reduce(0, +)
        let weight = red.reduce(0.0) { total, r in
          let g = (3 + 2 * r) / 16
          return total + g * g / (2 * g * g + g * g * g * sum + epsilon) * g
        }
        return red.map { Float(weight * $0) }
      }
    }
    for epsilon in [Float(0), 0.01] {
      let map = try GradCAMPlusPlus(toy, blocks: fine, epsilon: epsilon).explain(clip, for: .fake)
      expectClose(map.values.elements, expected(Double(epsilon)), within: 1e-5, "epsilon \(epsilon)")
    }
    #expect(expected(0) != expected(0.01))
  }

  @Test("the balance of LayerCAM's classes is HiResCAM, that of GradCAM++'s is one less the other")
  func balance() throws {
    let hiRes = try HiResCAM(toy, blocks: fine).explain(clip, for: .fake).values
    for target in Target.allCases {
      let layer = try LayerCAM(toy, blocks: fine, evidence: .balance).explain(clip, for: target)
      #expect(layer.values.largestDifference(to: hiRes) < 1e-6)
      let balance = try GradCAMPlusPlus(toy, blocks: fine, evidence: .balance).explain(clip, for: target)
      let sides = try Target.allCases.map {
        try GradCAMPlusPlus(toy, blocks: fine).explain(clip, for: $0).values
      }
      #expect(balance.values.largestDifference(to: sides[0] + sides[1]) < 1e-6)
      #expect(balance.values.largestDifference(to: sides[0]) > 1e-3)
    }
  }

  @Test("of several blocks are a mean of maps of equal peak, in the finest resolution and one block's unit")
  func blocks() throws {
    for make in family {
      let maps = try toy.blocks.map { try make(toy, [$0]).explain(clip, for: .fake).values }
      let both = try make(toy, toy.blocks).explain(clip, for: .fake).values
      let peaks = maps.map(\.largestMagnitude)
      let coarse = maps[1].reshaped([3, 1, 2, 2]).resizedBilinear(height: 4, width: 4).reshaped([3, 4, 4])
      let mean = (maps[0] * (1 / peaks[0]) + coarse * (1 / peaks[1])) * ((peaks[0] + peaks[1]) / 4)
      expectClose(both.elements, mean.elements, within: 1e-5, "several blocks")
      #expect(both.largestDifference(to: maps[0]) > 0.01 * peaks[0], "blocks matter")
      let turned = try make(toy, toy.blocks.reversed()).explain(clip, for: .fake).values
      #expect(turned.largestDifference(to: both) < 1e-5 * peaks[0])
    }
  }

  @Test("depend neither on batches nor on other frames; scaled logits scale all but GradCAM++")
  func invariants() throws {
    var scaled = toy
    scaled.scale = 3
    for (i, make) in family.enumerated() {
      for target in Target.allCases {
        let one = try make(toy, fine).explain(clip, for: target)
        let single = try make(toy, fine).explain(
          clip, for: target, context: ExplanationContext(batchSize: 1))
        #expect(single.values.largestDifference(to: one.values) < 1e-6 && single.logits.count == 3)
        let turned = try make(toy, fine).explain(clip.permuted([2, 0, 1]), for: target).values
        #expect(
          turned.largestDifference(
            to: Tensor.concatenated([2, 0, 1].map { one.values.rows($0..<$0 + 1) })) < 1e-6)
        let larger = try make(scaled, fine).explain(clip, for: target).values
        if i < 4 { expectClose(larger.elements, (one.values * 3).elements, within: 1e-5, "scaled") }
      }
    }
  }

  @Test("of several blocks of a network come from one pass and are those of each by itself")
  func onePass() throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let crops = randomClip(frames: 2, size: 64).tensor()
    let blocks = [16, 5, 10].map { detector.blocks[$0] }
    for (block, found) in zip(blocks, try detector.activations(at: blocks, crops)) {
      let alone = try detector.activations(at: block, crops)
      expectClose(
        found.activations.elements, alone.activations.elements, within: 1e-5, "\(block.name), activations")
      expectClose(
        found.gradients.elements, alone.gradients.elements, within: 1e-4, "\(block.name), gradients")
      expectClose(found.logits.elements, alone.logits.elements, within: 1e-5, "\(block.name), logits")
    }
    #expect(throws: DetectorError.self) {
      try detector.activations(at: [blocks[0], Block(name: "none", channels: 1, stride: 1)], crops)
    }
  }

  @Test("gradients that are not finite are an error")
  func notFinite() {
    var broken = toy
    broken.scale = .infinity
    for make in family {
      #expect(throws: ExplanationError.self) { try make(broken, fine).explain(clip, for: .fake) }
    }
  }
}
