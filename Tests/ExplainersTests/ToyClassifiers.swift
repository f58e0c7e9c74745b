import Detector
import Explainers
import FaceCrop
import Foundation
import Synchronization
import Tensor
import TestSupport
import VideoIO

/// A detector whose logit is a function of the mean red of each cell of a grid; it remembers what it was shown.
final class CellClassifier: Classifier {
  let info: ModelInfo
  /// Cells in each direction.
  let grid: Int
  private let logit: @Sendable ([Double]) -> Double
  private let shown = Mutex<[Tensor]>([])

  init(grid: Int, scoresFrameByFrame: Bool = true, logit: @escaping @Sendable ([Double]) -> Double) {
    info = ModelInfo(
      name: "cells", architecture: "none", inputSize: 12, scoresFrameByFrame: scoresFrameByFrame)
    self.grid = grid
    self.logit = logit
  }

  /// All batches so far.
  var batches: [Tensor] { shown.withLock { $0 } }

  func logits(_ crops: Tensor) throws -> Tensor {
    shown.withLock { $0.append(crops) }
    let (count, size) = (crops.shape[0], crops.shape[2])
    let values = crops.elements
    let cell = size / grid
    return Tensor(
      shape: [count],
      (0..<count).map { n in
        var means = [Double](repeating: 0, count: grid * grid)
        for y in 0..<cell * grid {
          for x in 0..<cell * grid {
            means[y / cell * grid + x / cell] += Double(values[n * 3 * size * size + y * size + x])
          }
        }
        return Float(logit(means.map { $0 / Double(cell * cell) }))
      })
  }
}

/// Segments that a test gives.
struct Fixed: Segmentation {
  let supervoxels: Supervoxels
  func segments(of clip: Clip) throws -> Supervoxels { supervoxels }

  /// The label of each pixel from frame, row and column.
  init(frames: Int, size: Int, _ label: (Int, Int, Int) -> Int) {
    let labels = (0..<frames * size * size).map { i in
      Int32(label(i / (size * size), i / size % size, i % size))
    }
    supervoxels = Supervoxels(labels: labels, frames: frames, size: size)
  }

  /// A grid of `side`×`side` cells that go through all frames.
  static func grid(_ side: Int, frames: Int, size: Int) -> Fixed {
    Fixed(frames: frames, size: size) { _, y, x in y * side / size * side + x * side / size }
  }
}

/// A clip of seeded pixels.
func toyClip(frames: Int, size: Int, seed: UInt64 = 1, paired: Bool = false) -> Clip {
  var generator = SplitMix(seed: seed)
  func crops() -> [RGBImage] {
    (0..<frames).map { _ in
      var crop = RGBImage(width: size, height: size)
      for i in crop.pixels.indices { crop.pixels[i] = UInt8(truncatingIfNeeded: generator.next()) }
      return crop
    }
  }
  return Clip(
    frames: (0..<frames).map { Clip.Frame(index: $0) }, crops: crops(), paired: paired ? crops() : nil)
}

/// Weights of cells, seeded.
func toyWeights(_ count: Int, seed: UInt64 = 7) -> [Double] {
  var generator = SplitMix(seed: seed)
  return (0..<count).map { _ in 2 * generator.uniform() - 1 }
}

/// The Shapley values of a game by its definition: all 2^n coalitions, as bits.
func bruteForce(players n: Int, _ value: (Int) throws -> Double) rethrows -> [Double] {
  let values = try (0..<1 << n).map(value)
  let factorial = (0...n).map { (0..<$0).reduce(1.0) { $0 * Double($1 + 1) } }
  return (0..<n).map { player in
    (0..<1 << n).reduce(0) { sum, coalition in
      guard coalition >> player & 1 == 0 else { return sum }
      let size = coalition.nonzeroBitCount
      let weight = factorial[size] * factorial[n - size - 1] / factorial[n]
      return sum + weight * (values[coalition | 1 << player] - values[coalition])
    }
  }
}

/// What was reported, in order.
final class Reports: Sendable {
  private let values = Mutex<[Double]>([])
  var all: [Double] { values.withLock { $0 } }
  func add(_ value: Double) { values.withLock { $0.append(value) } }
}
