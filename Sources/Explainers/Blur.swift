import Foundation
package import Tensor

extension Tensor {
  /// The planes of `[…, H, W]` under a Gaussian of this standard deviation in pixels, cut at three of them; edges are
  /// continued.
  package func blurred(deviation: Double) -> Tensor {
    let rank = shape.count
    let planes = reshaped([shape.dropLast(2).reduce(1, *), shape[rank - 2], shape[rank - 1]])
    let radius = max(1, Int((3 * deviation).rounded(.up)))
    let raw = (-radius...radius).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let total = raw.reduce(0, +)
    let weights = raw.map { Float($0 / total) }
    return planes.blurredRows(weights, radius).permuted([0, 2, 1]).blurredRows(weights, radius)
      .permuted([0, 2, 1]).reshaped(shape)
  }

  private func blurredRows(_ weights: [Float], _ radius: Int) -> Tensor {
    let (rows, width) = (shape[0] * shape[1], shape[2])
    return Tensor(shape: shape) { out in
      withUnsafeBufferPointer { x in
        ComputeRuntime.split(rows) { range in
          var padded = [Float](repeating: 0, count: width + 2 * radius)
          for row in range {
            for i in padded.indices {
              padded[i] = x[row * width + min(max(i - radius, 0), width - 1)]
            }
            for i in 0..<width {
              var sum: Float = 0
              for k in weights.indices { sum += weights[k] * padded[i + k] }
              out[row * width + i] = sum
            }
          }
        }
      }
    }
  }
}
