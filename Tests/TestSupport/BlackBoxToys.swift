public import Detector
public import Explainers
public import FaceCrop
import Foundation
public import Tensor
import VideoIO

/// Clips, classifiers and segmentations with closed forms, for methods that only ask for logits.
public enum BlackBoxToys {
  /// Seeded noise of T frames of S×S; the paired crops are other noise.
  public static func clip(frames: Int, size: Int, seed: UInt64 = 1, paired: Bool = false) -> Clip {
    func crops(_ seed: UInt64) -> [RGBImage] {
      var generator = SplitMix(seed: seed)
      return (0..<frames).map { _ in
        RGBImage(
          width: size, height: size, pixels: (0..<size * size * 3).map { _ in UInt8(generator.next() >> 56) })
      }
    }
    return Clip(
      frames: (0..<frames).map { .init(index: $0) }, crops: crops(seed),
      paired: paired ? crops(seed + 99) : nil)
  }

  /// The frames of `clip` in another order.
  public static func permuted(_ clip: Clip, _ order: [Int]) -> Clip {
    Clip(
      frames: clip.frames, crops: order.map { clip.crops[$0] },
      paired: clip.paired.map { crops in order.map { crops[$0] } })
  }

  /// Any function of crops; counts what it is asked.
  public final class Classifier: Detector.Classifier, @unchecked Sendable {
    /// What it says of itself.
    public let info: ModelInfo
    private let function: @Sendable (Tensor) -> [Float]
    private let lock = NSLock()
    private var calls: [Int] = []

    /// A classifier of crops `[N, 3, S, S]`, or of whole clips of them.
    public init(clipWise: Bool = false, _ function: @escaping @Sendable (Tensor) -> [Float]) {
      info = ModelInfo(name: "toy", architecture: "Toy", inputSize: 1, scoresFrameByFrame: !clipWise)
      self.function = function
    }

    /// Crops of each call so far.
    public var batches: [Int] { lock.withLock { calls } }

    /// What the function gives.
    public func logits(_ crops: Tensor) throws -> Tensor {
      lock.withLock { calls.append(crops.shape[0]) }
      let logits = function(crops)
      return Tensor(shape: [logits.count], logits)
    }
  }

  /// Weights of each number of a crop `[3, S, S]`.
  public static func weights(_ size: Int, seed: UInt64 = 5) -> [Float] {
    Tensor.random([3 * size * size], seed: seed).elements
  }

  /// Σ w·x of each crop, in double precision.
  public static func products(_ crops: Tensor, _ weights: [Float]) -> [Double] {
    let values = crops.elements
    return (0..<crops.shape[0]).map { n in
      weights.indices.reduce(0) { $0 + Double(weights[$1]) * Double(values[n * weights.count + $1]) }
    }
  }

  /// logit = scale·Σ w·x + bias: every method has a closed form.
  public static func additive(
    _ size: Int, scale: Double = 1, bias: Double = 0.3, clipWise: Bool = false
  ) -> Classifier {
    let weights = weights(size)
    return Classifier(clipWise: clipWise) { crops in
      products(crops, weights).map { Float(scale * $0 + bias) }
    }
  }

  /// logit = scale·(Σ w·x + (Σ v·x)²): parts interact.
  public static func interacting(_ size: Int, scale: Double = 1, clipWise: Bool = false) -> Classifier {
    let (weights, others) = (weights(size), weights(size, seed: 6).map { $0 * 0.3 })
    return Classifier(clipWise: clipWise) { crops in
      zip(products(crops, weights), products(crops, others)).map { Float(scale * ($0 + $1 * $1)) }
    }
  }

  /// The part of each pixel in the clip's logit of ``additive(_:scale:bias:clipWise:)``, compared to grey: T×S×S.
  public static func parts(_ clip: Clip, grey: Float = 0.5) -> [Double] {
    let area = clip.size * clip.size
    let weights = weights(clip.size)
    return clip.frames.indices.flatMap { t in
      let crop = clip.tensor(t..<t + 1).elements
      return (0..<area).map { i in
        (0..<3).reduce(0.0) {
          $0 + Double(weights[$1 * area + i]) * Double(crop[$1 * area + i] - grey) / Double(clip.frames.count)
        }
      }
    }
  }

  /// Blocks of `side` pixels, with labels of one's own choice, that last `frames` frames.
  public struct Blocks: Segmentation {
    var side: Int
    var frames = 1
    var relabels = false

    /// Blocks; `relabels` gives them other labels.
    public init(side: Int, frames: Int = 1, relabels: Bool = false) {
      (self.side, self.frames, self.relabels) = (side, frames, relabels)
    }

    /// The blocks of `clip`.
    public func segments(of clip: Clip) throws -> Supervoxels {
      let size = clip.size
      let across = Int32((size + side - 1) / side)
      return Supervoxels(
        labels: clip.frames.indices.flatMap { t in
          (0..<size * size).map { i in
            let label =
              (Int32(t / frames) * across + Int32(i / size / side)) * across + Int32(i % size / side)
            return relabels ? 1000 - 7 * label : label
          }
        }, frames: clip.frames.count, size: size)
    }
  }

  /// The message with which `body` fails; nil if it does not, or with another kind of error.
  public static func message(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? ExplanationError)?.message
    }
  }
}
