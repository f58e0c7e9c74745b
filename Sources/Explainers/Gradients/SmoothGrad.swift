public import Detector
public import FaceCrop
import Foundation
import Tensor

/// SmoothGrad (Smilkov et al. 2017, *SmoothGrad: removing noise by adding noise*): the gradient of the logit with respect
/// to the crop, averaged over noisy copies of it.
///
/// A pixel's three values are added. Gradients are those of the clip's logit, the mean of its frames': 1/T of a frame's.
/// A frame's noise depends on the seed and on the frame's ``Clip/Frame/index``, so that neither the size of batches nor
/// the other frames matter.
public struct SmoothGrad: Explainer {
  /// What is averaged.
  public enum Quantity: Sendable, CaseIterable {
    /// The gradient, as published: above 0 where a brighter pixel would look more fake.
    case gradient
    /// The mean gradient times the crop.
    case gradientTimesInput
    /// The squared gradient (Hooker et al. 2019), which has no sign: the map's kind is attention.
    case squared
  }

  /// `smoothgrad`.
  public let name = "smoothgrad"
  /// The detector that is explained.
  public let detector: any GradientClassifier
  /// Standard deviation of the noise, as a share of the range of the crop's values (largest less smallest).
  public let noise: Double
  /// Noisy copies of a frame.
  public let samples: Int
  /// What is averaged.
  public let quantity: Quantity
  /// Equal seeds give equal noise.
  public let seed: UInt64

  /// SmoothGrad of `detector`.
  ///
  /// - Parameters:
  ///   - noise: 0 or more; at 0 the plain gradient.
  ///   - samples: at least 1.
  public init(
    _ detector: any GradientClassifier, noise: Double = 0.15, samples: Int = 32,
    quantity: Quantity = .gradient, seed: UInt64 = 0
  ) {
    precondition(
      noise >= 0 && noise.isFinite && samples > 0, "SmoothGrad: noise \(noise), \(samples) samples")
    (self.detector, self.noise, self.samples, self.quantity, self.seed) = (
      detector, noise, samples, quantity, seed
    )
  }

  /// Explains `clip` with ``samples`` passes forwards and backwards a frame.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    let count = clip.frames.count
    let sampled = SampledGradients(name: name, detector: detector, clip: clip, context: context)
    let share = 1 / Float(count)
    let isSquared = quantity == .squared
    var planes: [Tensor] = []
    try sampled.run(
      copies: samples,
      copy: { t, k, crop in noisy(crop, Self.generator(seed, frame: clip.frames[t].index, sample: k)) },
      add: { _, gradient in isSquared ? gradient * gradient : gradient }
    ) { _, crop, sum in
      let mean = sum * (1 / Float(samples))
      switch quantity {
      case .gradient: planes.append(mean.channelSum(share))
      case .gradientTimesInput: planes.append((mean * crop).channelSum(share))
      case .squared: planes.append(mean.channelSum(share * share))
      }
    }
    return try sampled.map(
      planes, for: target, kind: isSquared ? .attention : .signed, logits: [],
      cost: .init(framePasses: count * samples, seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  /// The generator of one copy of one frame.
  private static func generator(_ seed: UInt64, frame: Int, sample: Int) -> SplitMix {
    var mixed = SplitMix(seed: seed)
    for part in [frame, sample] { mixed = SplitMix(seed: mixed.next() ^ UInt64(bitPattern: Int64(part))) }
    return mixed
  }

  /// `crop` with normal noise (Box and Muller 1958, both of each pair), not clamped.
  private func noisy(_ crop: Tensor, _ generator: SplitMix) -> Tensor {
    var (generator, noisy) = (generator, crop)
    noisy.withUnsafeMutableBufferPointer { x in
      var (least, most) = (Float.infinity, -Float.infinity)
      for value in x { (least, most) = (min(least, value), max(most, value)) }
      let deviation = noise * Double(most - least)
      guard deviation > 0 else { return }
      for i in stride(from: 0, to: x.count, by: 2) {
        let radius = deviation * (-2 * log(1 - generator.uniform())).squareRoot()
        let angle = 2 * Double.pi * generator.uniform()
        x[i] += Float(radius * cos(angle))
        if i + 1 < x.count { x[i + 1] += Float(radius * sin(angle)) }
      }
    }
    return noisy
  }
}
