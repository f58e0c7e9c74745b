import Explainers
import Tensor

/// Pictures compared with their originals, both `[T, 3, S, S]`, RGB in [0, 1]; results are `[T, S, S]`.
enum PairComparison {
  /// The mean over channels of the absolute difference, smoothed by a Gaussian of 1 % of the side.
  static func absolute(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (frames, size) = (a.shape[0], a.shape[2])
    let area = size * size
    let difference = Tensor(shape: [frames, size, size]) { out in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          for t in 0..<frames {
            for i in 0..<area {
              let first = t * 3 * area + i
              let sum =
                abs(a[first] - b[first]) + abs(a[first + area] - b[first + area])
                + abs(a[first + 2 * area] - b[first + 2 * area])
              out[t * area + i] = sum / 3
            }
          }
        }
      }
    }
    return difference.blurred(deviation: max(0.5, 0.01 * Double(size)))
  }

  /// 1 − SSIM of the luma (BT.601), Gaussian window of 1.5 pixels, K₁ = 0.01, K₂ = 0.03, range 1.
  static func structural(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (x, y) = (luma(a), luma(b))
    func window(_ tensor: Tensor) -> Tensor { tensor.blurred(deviation: 1.5) }
    let (meanX, meanY) = (window(x), window(y))
    let (xx, yy, xy) = (window(x * x), window(y * y), window(x * y))
    let (c1, c2) = (Float(1e-4), Float(9e-4))
    return Tensor(shape: x.shape) { out in
      meanX.withUnsafeBufferPointer { mx in
        meanY.withUnsafeBufferPointer { my in
          xx.withUnsafeBufferPointer { xx in
            yy.withUnsafeBufferPointer { yy in
              xy.withUnsafeBufferPointer { xy in
                for i in out.indices {
                  let (varianceX, varianceY) = (xx[i] - mx[i] * mx[i], yy[i] - my[i] * my[i])
                  let covariance = xy[i] - mx[i] * my[i]
                  let similarity =
                    (2 * mx[i] * my[i] + c1) * (2 * covariance + c2)
                    / ((mx[i] * mx[i] + my[i] * my[i] + c1) * (varianceX + varianceY + c2))
                  out[i] = 1 - similarity
                }
              }
            }
          }
        }
      }
    }
  }

  /// BT.601 luma, in [0, 1].
  static func luma(_ x: Tensor) -> Tensor {
    let (frames, size) = (x.shape[0], x.shape[2])
    let area = size * size
    return Tensor(shape: [frames, size, size]) { out in
      x.withUnsafeBufferPointer { x in
        for t in 0..<frames {
          for i in 0..<area {
            let first = t * 3 * area + i
            out[t * area + i] = 0.299 * x[first] + 0.587 * x[first + area] + 0.114 * x[first + 2 * area]
          }
        }
      }
    }
  }
}
