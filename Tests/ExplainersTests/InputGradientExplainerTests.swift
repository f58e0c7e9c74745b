import Detector
@testable import Explainers
import FaceCrop
import Tensor
import TestSupport
import Testing
import VideoIO

@Suite("Integrated gradients")
struct IntegratedGradientsTests {
  private let toy = QuadraticToy()
  private let clip = randomClip(frames: 3, size: 4, paired: true)

  /// Attributions of the toy from a black baseline, by hand.
  private func exact(_ t: Int) -> [Float] {
    let x = clip.tensor(t..<t + 1).elements
    return (0..<16).map { (p: Int) -> Float in
      let (r, g, b) = (x[p], x[16 + p], x[32 + p])
      // ½·red·green is shared equally.
      let sum: Float = 3 * r * r + 2 * g - b + 0.5 * r * g
      return sum / 48
    }
  }

  @Test("of a quadratic are exact with one step of Gauss and Legendre, and complete")
  func quadratic() throws {
    let map = try IntegratedGradients(toy, steps: 1).explain(clip, for: .fake)
    for t in 0..<3 {
      expectClose(map.values.rows(t..<t + 1).elements, exact(t), within: 1e-6, "frame \(t)")
    }
    #expect(abs(try #require(map.completenessGap)) < 1e-6)
    let logits = try toy.logits(clip.tensor()).elements
    #expect(map.kind == .signed && map.cost.framePasses == 9 && map.logits == logits)
    let sum = map.values.elements.reduce(0) { $0 + Double($1) }
    let logit = map.logits.reduce(0) { $0 + Double($1) / 3 }
    #expect(abs(sum - logit) < 1e-6, "the toy's logit of black is 0")
    let real = try IntegratedGradients(toy, steps: 1).explain(clip, for: .real)
    #expect(real.values == map.values)
  }

  @Test("the gap of equal steps is that of the rectangle rule")
  func rectangles() throws {
    // On the way the toy's logit is u·t² + v·t: left sums miss u/n, right ones exceed by it, middle ones are exact.
    var squares = 0.0
    for t in 0..<3 {
      let x = clip.tensor(t..<t + 1).elements
      for p in 0..<16 {
        let (r, g) = (Double(x[p]), Double(x[16 + p]))
        squares += (3 * r * r + 0.5 * r * g) / 48
      }
    }
    func gap(_ quadrature: IntegratedGradients.Quadrature, _ steps: Int) throws -> Double {
      try #require(
        try IntegratedGradients(toy, steps: steps, quadrature: quadrature).explain(clip, for: .fake)
          .completenessGap)
    }
    for steps in [2, 5] {
      #expect(abs(try gap(.left, steps) - squares / Double(steps)) < 1e-5)
      #expect(abs(try gap(.right, steps) + squares / Double(steps)) < 1e-5)
      #expect(abs(try gap(.middle, steps)) < 1e-5)
    }
  }

  @Test(
    "places and weights of Gauss and Legendre are exact up to degree 2n − 1", arguments: [1, 2, 5, 16, 64])
  func legendre(count: Int) {
    let points = IntegratedGradients.Quadrature.gaussLegendre.points(count)
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.place < $1.place })
    for degree in 0..<2 * count {
      var sum = 0.0
      for point in points {
        var power = point.weight
        for _ in 0..<degree { power *= point.place }
        sum += power
      }
      #expect(abs(sum - 1 / Double(degree + 1)) < 1e-13, "degree \(degree)")
    }
  }

  @Test("each baseline gives its own map, and all are complete")
  func baselines() throws {
    let baselines: [IntegratedGradients.Baseline] = [
      .black, .grey, .blurred(0.2), .blurred(0.5), .meanColor, .paired,
    ]
    let maps = try baselines.map {
      try IntegratedGradients(toy, baseline: $0, steps: 2).explain(clip, for: .fake)
    }
    for (i, map) in maps.enumerated() {
      #expect(abs(try #require(map.completenessGap)) < 1e-6, "\(baselines[i])")
      for other in maps[..<i] { #expect(map.values.largestDifference(to: other.values) > 1e-4) }
    }
    // Against the paired frames the sum is what the clips' logits differ by.
    let original = Clip(frames: clip.frames, crops: clip.paired!)
    let difference = try zip(toy.logits(clip.tensor()).elements, toy.logits(original.tensor()).elements)
      .reduce(0) { $0 + Double($1.0 - $1.1) / 3 }
    #expect(abs(maps[5].values.elements.reduce(0) { $0 + Double($1) } - difference) < 1e-6)
    #expect(throws: ExplanationError.self) {
      try IntegratedGradients(toy, baseline: .paired).explain(randomClip(frames: 1, size: 4), for: .fake)
    }
  }

  @Test("a blur keeps what is constant and the mean of what is far from edges, and is symmetric")
  func blur() {
    let constant = Tensor(shape: [3, 20, 20], repeating: 0.3)
    #expect(constant.blurred(deviation: 2).largestDifference(to: constant) < 1e-6)
    var point = Tensor(shape: [1, 31, 31], repeating: 0)
    point.withUnsafeMutableBufferPointer { $0[15 * 31 + 15] = 1 }
    let spread = point.blurred(deviation: 2)
    #expect(abs(spread.sum().scalar - 1) < 1e-5)
    #expect(spread[0, 15, 13] == spread[0, 15, 17] && spread[0, 13, 15] == spread[0, 15, 13])
    // e^(−½) a standard deviation away.
    #expect(abs(spread[0, 15, 13] / spread[0, 15, 15] - 0.60653) < 1e-4)
  }

  @Test("of the network that ships are complete at enough steps, and the same for any batch")
  func network() throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let crops = try Portrait.crops(size: 96).prefix(2)
    let clip = Clip(frames: [.init(index: 0), .init(index: 5)], crops: Array(crops))
    func explain(_ steps: Int, batch: Int = 5) throws -> ExplanationMap {
      try IntegratedGradients(detector, steps: steps).explain(
        clip, for: .fake, context: ExplanationContext(batchSize: batch))
    }
    let (few, many) = try (explain(2), explain(64))
    let sum = many.values.elements.reduce(0) { $0 + Double($1) }
    print("gaps of 2 and 64 steps: \(few.completenessGap!), \(many.completenessGap!) of \(sum)")
    #expect(abs(many.completenessGap!) < 0.02 * abs(sum))
    #expect(abs(few.completenessGap!) > 10 * abs(many.completenessGap!))
    for batch in [1, 3] { #expect(try explain(2, batch: batch).values == few.values) }
    let turned = try IntegratedGradients(detector, steps: 2).explain(
      clip.permuted([1, 0]), for: .fake)
    #expect(turned.values == Tensor.concatenated([few.values.rows(1..<2), few.values.rows(0..<1)]))
  }
}

@Suite("SmoothGrad")
struct SmoothGradTests {
  private let toy = QuadraticToy()
  private let clip = randomClip(frames: 3, size: 4)

  private func explain(_ explainer: SmoothGrad, _ clip: Clip? = nil, batch: Int = 2) throws -> Tensor {
    try explainer.explain(
      clip ?? self.clip, for: .fake, context: ExplanationContext(batchSize: batch)
    ).values
  }

  @Test("without noise is the gradient of the clip's logit, its square, or times the crop")
  func plain() throws {
    let x = clip.tensor()
    let g = try toy.inputGradients(x).gradients.elements.map { $0 / 3 }
    func sum(_ value: (Int) -> Float) -> [Float] {
      (0..<48).map { (i: Int) -> Float in
        let first = i / 16 * 48 + i % 16
        return value(first) + value(first + 16) + value(first + 32)
      }
    }
    let input = x.elements
    for (quantity, expected) in [
      (SmoothGrad.Quantity.gradient, sum { g[$0] }), (.gradientTimesInput, sum { g[$0] * input[$0] }),
      (.squared, sum { g[$0] * g[$0] }),
    ] {
      let map = try SmoothGrad(toy, noise: 0, samples: 2, quantity: quantity).explain(clip, for: .real)
      expectClose(map.values.elements, expected, within: 1e-5, "\(quantity)")
      #expect(map.kind == (quantity == .squared ? .attention : .signed) && map.cost.framePasses == 6)
    }
  }

  @Test("noise has its standard deviation: the squared gradient of a quadratic grows by it")
  func deviation() throws {
    // z = mean(q · red²) has the gradient 2q(red + noise)/P. Where red is 0 the mean square grows by (2q/P)² · deviation².
    let square = QuadraticToy(quadratic: 4, cross: 0)
    var crop = randomClip(frames: 1, size: 32).crops[0]
    for i in stride(from: 0, to: crop.pixels.count, by: 3) { crop.pixels[i] = 0 }
    let clip = Clip(frames: [.init(index: 0)], crops: [crop])
    let range = clip.tensor().elements.max()!
    for noise in [0.1, 0.3] {
      let (with, without) = try (
        explain(SmoothGrad(square, noise: noise, samples: 24, quantity: .squared), clip),
        explain(SmoothGrad(square, noise: 0, samples: 1, quantity: .squared), clip)
      )
      let growth = zip(with.elements, without.elements).reduce(0) { $0 + Double($1.0 - $1.1) } / 1024
      let slope = 8.0 / 1024
      let expected = slope * slope * noise * noise * Double(range * range)
      // 24 · 1024 squares of normal numbers have a standard error of 0.9 %.
      #expect(abs(growth - expected) < 0.05 * expected, "\(noise): \(growth), \(expected)")
    }
  }

  @Test("depends on seed, noise and samples, not on batches or other frames")
  func invariants() throws {
    let one = try explain(SmoothGrad(toy, samples: 5))
    #expect(try explain(SmoothGrad(toy, samples: 5)) == one)
    #expect(try explain(SmoothGrad(toy, samples: 5, seed: 1)) != one)
    #expect(try explain(SmoothGrad(toy, noise: 0.3, samples: 5)) != one)
    #expect(try explain(SmoothGrad(toy, samples: 6)) != one)
    for batch in [1, 3, 100] { #expect(try explain(SmoothGrad(toy, samples: 5), batch: batch) == one) }
    let turned = try explain(SmoothGrad(toy, samples: 5), clip.permuted([2, 0, 1]))
    #expect(turned == Tensor.concatenated([2, 0, 1].map { one.rows($0..<$0 + 1) }))
    var scaled = toy
    scaled.scale = 4
    expectClose(
      try explain(SmoothGrad(scaled, samples: 5)).elements, (one * 4).elements, within: 1e-5, "scaled")
  }

  @Test("progress goes up to 1, and cancelling ends it")
  func cancellation() throws {
    struct Stop: Error {}
    let explainers: [any Explainer] = [SmoothGrad(toy, samples: 4), IntegratedGradients(toy, steps: 4)]
    for explainer in explainers {
      nonisolated(unsafe) var done: [Double] = []
      _ = try explainer.explain(clip, for: .fake, context: ExplanationContext(progress: { done.append($0) }))
      #expect(done.count == 7 && done == done.sorted() && done.first == 0 && done.last == 1)
      #expect(throws: Stop.self) {
        try explainer.explain(
          clip, for: .fake,
          context: ExplanationContext(checkCancellation: { if done.count > 1 { throw Stop() } }))
      }
    }
  }
}
