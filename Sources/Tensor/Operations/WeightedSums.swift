import CWhyFakeTensor

// Sums of maps weighted by vectors, or by maps of one channel, image by image: what attention is made of.

extension Tensor {
  /// The sum over the channels of `[N, C, H, W]`, each times its weight for the image from `[N, C]`: `[N, H, W]`.
  public func summedOverChannels(weights: Tensor) -> Tensor {
    precondition(
      shape.count == 4 && weights.shape == [shape[0], shape[1]],
      "summedOverChannels: \(shape) with weights \(weights.shape)")
    let (images, channels, plane) = (shape[0], shape[1], shape[2] * shape[3])
    let (x, w) = (detached(), weights.detached())
    let result = Tensor(shape: [images, shape[2], shape[3]]) { out in
      x.withUnsafeBufferPointer { x in
        w.withUnsafeBufferPointer { w in
          ComputeRuntime.split(images, grain: Self.grain(channels * plane)) { range in
            for n in range where plane > 0 {
              wf_sum_over_channels(
                x.baseAddress! + n * channels * plane, w.baseAddress! + n * channels, channels, plane,
                out.baseAddress! + n * plane)
            }
          }
        }
      }
    }
    let (wantsInput, wantsWeights) = (isTracked, weights.isTracked)
    return result.recorded(from: self, weights) { gradient in
      [
        wantsInput ? outerProducts(w, gradient) : nil,
        wantsWeights ? x.summedOverPositions(weights: gradient) : nil,
      ]
    }
  }

  /// The sum over the plane of `[N, C, H, W]`, each position times its weight for the image from `[N, H, W]`: `[N, C]`.
  public func summedOverPositions(weights: Tensor) -> Tensor {
    precondition(
      shape.count == 4 && weights.shape == [shape[0], shape[2], shape[3]],
      "summedOverPositions: \(shape) with weights \(weights.shape)")
    let (images, channels, plane) = (shape[0], shape[1], shape[2] * shape[3])
    let (x, w) = (detached(), weights.detached())
    let result = Tensor(shape: [images, channels]) { out in
      x.withUnsafeBufferPointer { x in
        w.withUnsafeBufferPointer { w in
          ComputeRuntime.split(images * channels, grain: Self.grain(plane)) { range in
            for row in range {
              out[row] = wf_dot(x.baseAddress! + row * plane, w.baseAddress! + row / channels * plane, plane)
            }
          }
        }
      }
    }
    let (wantsInput, wantsWeights) = (isTracked, weights.isTracked)
    return result.recorded(from: self, weights) { gradient in
      [
        wantsInput ? outerProducts(gradient, w) : nil,
        wantsWeights ? x.summedOverChannels(weights: gradient) : nil,
      ]
    }
  }

  /// Rows of as many values that are worth a thread.
  private static func grain(_ values: Int) -> Int { 65536 / max(values, 1) + 1 }
}

/// channels[n, c] · positions[n, y, x], `[N, C, H, W]`.
private func outerProducts(_ channels: Tensor, _ positions: Tensor) -> Tensor {
  let (rows, plane) = (channels.count, positions.shape[1] * positions.shape[2])
  let count = channels.shape[1]
  return Tensor(shape: channels.shape + positions.shape.dropFirst()) { out in
    channels.withUnsafeBufferPointer { c in
      positions.withUnsafeBufferPointer { p in
        ComputeRuntime.split(rows, grain: 65536 / max(plane, 1) + 1) { range in
          for row in range where plane > 0 {
            wf_scale_shift(
              p.baseAddress! + row / count * plane, c[row], 0, out.baseAddress! + row * plane, plane)
          }
        }
      }
    }
  }
}
