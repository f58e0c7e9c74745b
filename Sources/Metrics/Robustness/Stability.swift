public import Explainers
import FaceCrop
import Tensor
import VideoIO

/// Stability (Alvarez-Melis and Jaakkola 2018, as correlation): Pearson's r between the relevance of the clip and of one that
/// a person would call the same, over all pixels of the clip, in [−1, 1]. The higher, the steadier.
///
/// Undefined where one of the maps is constant. One term.
public struct Stability: ExplanationMetric {
  /// What is done to the clip.
  public enum Change: Sendable, Equatable {
    /// Gaussian noise of that deviation on values in [0, 1], clamped and rounded to 8 bits.
    case noise(deviation: Double = 0.01, seed: UInt64 = 0)
    /// Each crop as JPEG of that quality, 1 to 100.
    case recompression(quality: Int = 75)
    /// Crops moved to the right and down by a share of the side; what comes in continues the edge. The map is moved back,
    /// and compared where both show the face.
    case shift(share: Double = 0.02)

    var name: String {
      switch self {
      case .noise: "Noise"
      case .recompression: "Recompression"
      case .shift: "Shift"
      }
    }
  }

  /// What is done to the clip.
  public let change: Change
  /// [−1, 1].
  public let range = -1.0...1.0
  /// `stability` and what is done, such as `stabilityNoise`.
  public var name: String { "stability\(change.name)" }

  /// The metric.
  public init(_ change: Change) { self.change = change }

  /// Asks the explainer again.
  public func measure(_ subject: MetricSubject, context: ExplanationContext) throws -> MetricValue {
    guard let clip = subject.clip, let explainer = subject.explainer else {
      throw ExplanationError("\(name) asks the explainer again, and a map alone has none")
    }
    let moved: Int
    if case .shift(let share) = change {
      moved = Int((share * Double(clip.size)).rounded())
    } else {
      moved = 0
    }
    var generator = SplitMix(seed: 0)
    if case .noise(_, let seed) = change { generator = SplitMix(seed: seed) }
    let crops = try clip.crops.map { try altered($0, moved, &generator) }
    let other = Clip(track: clip.track, frames: clip.frames, crops: crops, paired: clip.paired)
    let map = try explainer.explain(other, for: subject.target, context: context).relevance()
    let (a, b) = (overlap(subject.relevance, moved, isMoved: false), overlap(map, moved, isMoved: true))
    guard let r = Correlation.pearson(a, b) else { return MetricValue(undefined: "a map is constant") }
    return MetricValue(r, terms: 1)
  }

  private func altered(_ crop: RGBImage, _ moved: Int, _ generator: inout SplitMix) throws -> RGBImage {
    switch change {
    case .noise(let deviation, _):
      var noisy = crop
      for i in noisy.pixels.indices {
        let value = Double(noisy.pixels[i]) + 255 * deviation * generator.normal()
        noisy.pixels[i] = UInt8(min(255, max(0, value.rounded())))
      }
      return noisy
    case .recompression(let quality): return try ImageFile.decode(ImageFile.jpeg(crop, quality: quality))
    case .shift:
      var shifted = crop
      for y in 0..<crop.height {
        for x in 0..<crop.width {
          let from = (max(0, y - moved) * crop.width + max(0, x - moved)) * 3
          for channel in 0..<3 {
            shifted.pixels[(y * crop.width + x) * 3 + channel] = crop.pixels[from + channel]
          }
        }
      }
      return shifted
    }
  }

  /// The values where both maps show the face.
  private func overlap(_ map: RelevanceMap, _ moved: Int, isMoved: Bool) -> [Double] {
    let (frames, size) = (map.values.shape[0], map.values.shape[1])
    let range = isMoved ? moved..<size : 0..<(size - moved)
    return map.values.withUnsafeBufferPointer { values in
      (0..<frames).flatMap { t in
        range.flatMap { y in range.map { x in Double(values[(t * size + y) * size + x]) } }
      }
    }
  }
}
