public import Detector
public import FaceCrop
import Foundation
import Tensor

/// Integrated gradients (Sundararajan et al. 2017, *Axiomatic Attribution for Deep Networks*): the gradients of the logit
/// on the straight way from a baseline to the crop, averaged, times the difference of the two.
///
/// A pixel's three attributions are added. Values are those of the clip's logit, the mean of its frames': each frame's
/// are divided by T, so that they add up to the difference of the clip's logits at crops and baseline. By how much they
/// do not is ``ExplanationMap/completenessGap``: difference less sum.
public struct IntegratedGradients: ScoringExplainer {
  /// Where the way begins: what a crop is compared with.
  public enum Baseline: Sendable, Equatable {
    /// 0 everywhere.
    case black
    /// 0.5 everywhere.
    case grey
    /// The crop under a Gaussian whose standard deviation is this share of its side; edges are continued.
    case blurred(Double)
    /// The crop's mean colour.
    case meanColor
    /// The same place of the fake's real original: ``Clip/paired``.
    case paired
  }

  /// Where on the way gradients are taken, and how they are weighted.
  public enum Quadrature: Sendable, CaseIterable {
    /// Gauss and Legendre's: exact where the gradient on the way is a polynomial of a degree below twice the steps.
    case gaussLegendre
    /// Equal steps, taken at the end nearer to the baseline.
    case left
    /// Equal steps, taken in their middle.
    case middle
    /// Equal steps, taken at the end nearer to the crop.
    case right
  }

  /// `integrated-gradients`.
  public let name = "integrated-gradients"
  /// The detector that is explained.
  public let detector: any GradientClassifier
  /// Where the way begins.
  public let baseline: Baseline
  /// Gradients a frame.
  public let steps: Int
  /// How they are spaced and weighted.
  public let quadrature: Quadrature
  /// The detector that is explained.
  public var scoringDetector: any Classifier { detector }

  /// Integrated gradients of `detector`.
  ///
  /// - Parameters:
  ///   - baseline: a share of a blur must be above 0.
  ///   - steps: at least 1.
  public init(
    _ detector: any GradientClassifier, baseline: Baseline = .black, steps: Int = 32,
    quadrature: Quadrature = .gaussLegendre
  ) {
    precondition(steps > 0, "IntegratedGradients: \(steps) steps")
    if case .blurred(let share) = baseline {
      precondition(share > 0 && share.isFinite, "IntegratedGradients: blur of \(share)")
    }
    (self.detector, self.baseline, self.steps, self.quadrature) = (detector, baseline, steps, quadrature)
  }

  /// Explains `clip` with ``steps`` passes forwards and backwards a frame, and two forwards.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    let count = clip.frames.count
    let baselines = try (0..<count).map { try baseline(of: clip, $0) }
    let points = quadrature.points(steps)
    let sampled = SampledGradients(name: name, detector: detector, clip: clip, context: context)
    var (planes, sum) = ([Tensor](), 0.0)
    try sampled.run(
      copies: steps,
      copy: { t, k, crop in baselines[t] + (crop - baselines[t]) * Float(points[k].place) },
      add: { k, gradient in Float(points[k].weight) * gradient }
    ) { t, crop, gradient in
      let plane = ((crop - baselines[t]) * gradient).channelSum(1 / Float(count))
      sum += plane.withUnsafeBufferPointer { $0.reduce(0) { $0 + Double($1) } }
      planes.append(plane)
    }
    var (logits, difference) = ([Float](), 0.0)
    for first in stride(from: 0, to: count, by: context.batchSize) {
      try context.checkCancellation()
      let range = first..<min(first + context.batchSize, count)
      let crops = try detector.logits(clip.tensor(range)).elements
      let shape = [range.count, 3, clip.size, clip.size]
      let start = try detector.logits(Tensor.concatenated(Array(baselines[range])).reshaped(shape)).elements
      for (a, b) in zip(crops, start) { difference += (Double(a) - Double(b)) / Double(count) }
      logits += crops
    }
    return try sampled.map(
      planes, for: target, logits: logits,
      cost: .init(
        framePasses: count * (steps + 2), seconds: (ContinuousClock.now - start) / .seconds(1)),
      completenessGap: difference - sum)
  }

  /// The baseline of frame `t`, `[3, S, S]`.
  private func baseline(of clip: Clip, _ t: Int) throws -> Tensor {
    let shape = [3, clip.size, clip.size]
    func crop() -> Tensor { clip.tensor(t..<t + 1).reshaped(shape) }
    switch baseline {
    case .black: return Tensor(shape: shape, repeating: 0)
    case .grey: return Tensor(shape: shape, repeating: 0.5)
    case .blurred(let share): return crop().blurred(deviation: share * Double(clip.size))
    case .meanColor:
      let means = crop().reshaped([1] + shape).globalAveragePooled().elements
      let plane = clip.size * clip.size
      return Tensor(shape: shape, means.flatMap { [Float](repeating: $0, count: plane) })
    case .paired:
      guard let paired = clip.paired else {
        throw ExplanationError(
          "\(name): the clip has no paired real crops to compare with; give the real video, or another baseline"
        )
      }
      return Clip(frames: [clip.frames[t]], crops: [paired[t]]).tensor().reshaped(shape)
    }
  }
}

extension IntegratedGradients.Quadrature {
  /// `count` places in [0, 1] and weights that add up to 1.
  func points(_ count: Int) -> [(place: Double, weight: Double)] {
    let n = Double(count)
    return switch self {
    case .gaussLegendre: Self.gaussLegendre(count)
    case .left: (0..<count).map { (Double($0) / n, 1 / n) }
    case .middle: (0..<count).map { ((Double($0) + 0.5) / n, 1 / n) }
    case .right: (0..<count).map { (Double($0 + 1) / n, 1 / n) }
    }
  }

  /// Roots of Legendre's polynomial of degree `n` by Newton's method, and the weights 2 / ((1 − x²) P′(x)²), both moved
  /// from [−1, 1] to [0, 1].
  private static func gaussLegendre(_ n: Int) -> [(place: Double, weight: Double)] {
    (0..<n).map { i in
      // Near the root on the right; Newton's method converges from there.
      var x = cos(Double.pi * (Double(n - 1 - i) + 0.75) / (Double(n) + 0.5))
      var slope = 1.0
      for _ in 0..<100 {
        var (before, value) = (1.0, x)
        for k in stride(from: 2, through: n, by: 1) {
          (before, value) = (value, (Double(2 * k - 1) * x * value - Double(k - 1) * before) / Double(k))
        }
        slope = Double(n) * (x * value - before) / (x * x - 1)
        let step = value / slope
        x -= step
        if abs(step) < 1e-15 { break }
      }
      return ((x + 1) / 2, 1 / ((1 - x * x) * slope * slope))
    }
  }
}
