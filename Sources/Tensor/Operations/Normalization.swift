import CWhyFakeTensor

extension Tensor {
  /// Batch normalisation of `[N, C, H, W]` with known statistics, as at inference: per channel
  /// (x − mean) / √(variance + ε) · scale + offset.
  ///
  /// Gradients flow to input, scale and offset; the statistics are constants. A network that only infers folds this
  /// into the convolution before it.
  ///
  /// - Parameters: `scale`, `offset`, `mean` and `variance` are `[C]`.
  public func batchNormalized(
    scale: Tensor, offset: Tensor, mean: Tensor, variance: Tensor, epsilon: Float
  ) -> Tensor {
    let norm = Normalization(shape, scale, offset, mean, variance, epsilon)
    let (x, gamma) = (detached(), scale.detached())
    return norm.forward(x, gamma, offset.detached()).recorded(from: self, scale, offset) { gradient in
      let (gammaGradient, betaGradient) = norm.parameterGradients(gradient, x)
      return [norm.forward(gradient, gamma, nil, centred: false), gammaGradient, betaGradient]
    }
  }

  /// Batch normalisation of `[N, C, H, W]` with the statistics of this very batch, as in training.
  ///
  /// - Parameters: `scale` and `offset` are `[C]`.
  /// - Returns: the result, whose gradient takes into account that the statistics depend on the input, and the
  ///   batch's mean and (biased) variance, `[C]` each, for running averages.
  public func batchNormalizedByBatch(
    scale: Tensor, offset: Tensor, epsilon: Float
  ) -> (result: Tensor, mean: Tensor, variance: Tensor) {
    precondition(shape.count == 4 && shape[0] * shape[2] * shape[3] > 0, "batchNormalizedByBatch: \(shape)")
    let (mean, variance) = channelStatistics()
    let norm = Normalization(shape, scale, offset, mean, variance, epsilon)
    let (x, gamma) = (detached(), scale.detached())
    let result = norm.forward(x, gamma, offset.detached()).recorded(from: self, scale, offset) { gradient in
      let (gammaGradient, betaGradient) = norm.parameterGradients(gradient, x)
      return [
        norm.batchInputGradient(gradient, x, gamma, gammaGradient, betaGradient), gammaGradient, betaGradient,
      ]
    }
    return (result, mean, variance)
  }

  /// Mean and biased variance of each channel of `[N, C, H, W]`, `[C]` each; not recorded.
  private func channelStatistics() -> (mean: Tensor, variance: Tensor) {
    let (n, c, plane) = (shape[0], shape[1], shape[2] * shape[3])
    var mean = Tensor(shape: [c], repeating: 0)
    var variance = mean
    withUnsafeBufferPointer { x in
      let x = x.baseAddress!
      mean.withUnsafeMutableBufferPointer { mean in
        variance.withUnsafeMutableBufferPointer { variance in
          ComputeRuntime.split(c) { range in
            for j in range {
              var (sum, squares) = (0.0, 0.0)
              for i in 0..<n { sum += Double(wf_sum(x + (i * c + j) * plane, plane)) }
              mean[j] = Float(sum / Double(n * plane))
              for i in 0..<n {
                squares += Double(wf_squared_deviation(x + (i * c + j) * plane, mean[j], plane))
              }
              variance[j] = Float(squares / Double(n * plane))
            }
          }
        }
      }
    }
    return (mean, variance)
  }
}

/// The arithmetic of one normalisation: x̂ = (x − mean) · inverse, y = scale · x̂ + offset.
private struct Normalization: Sendable {
  let shape: [Int]
  let mean: [Float]
  let inverse: [Float]

  init(
    _ shape: [Int], _ scale: Tensor, _ offset: Tensor, _ mean: Tensor, _ variance: Tensor, _ epsilon: Float
  ) {
    precondition(
      shape.count == 4 && [scale, offset, mean, variance].allSatisfy { $0.shape == [shape[1]] },
      "batchNormalized: input \(shape), parameters \([scale, offset, mean, variance].map(\.shape))")
    self.shape = shape
    self.mean = mean.elements
    inverse = variance.elements.map { 1 / ($0 + epsilon).squareRoot() }
  }

  /// scale · x̂ + offset; without `centred`, scale · inverse · x.
  func forward(_ x: Tensor, _ scale: Tensor, _ offset: Tensor?, centred: Bool = true) -> Tensor {
    let plane = shape[2] * shape[3]
    let (gamma, beta) = (scale.elements, offset?.elements)
    return Tensor(shape: shape) { out in
      x.withUnsafeBufferPointer { x in
        ComputeRuntime.split(shape[0] * shape[1], grain: 65536 / max(plane, 1) + 1) { range in
          for row in range {
            let c = row % shape[1]
            let factor = gamma[c] * inverse[c]
            let shift = centred ? (beta?[c] ?? 0) - mean[c] * factor : 0
            wf_scale_shift(x.baseAddress! + row * plane, factor, shift, out.baseAddress! + row * plane, plane)
          }
        }
      }
    }
  }

  /// Σ gradient · x̂ and Σ gradient, per channel.
  func parameterGradients(_ gradient: Tensor, _ x: Tensor) -> (scale: Tensor, offset: Tensor) {
    let (n, c, plane) = (shape[0], shape[1], shape[2] * shape[3])
    let offset = gradient.summedPerChannel()
    let scale = Tensor(shape: [c]) { out in
      gradient.withUnsafeBufferPointer { g in
        x.withUnsafeBufferPointer { x in
          for j in 0..<c {
            var sum = 0.0
            for i in 0..<n {
              let at = (i * c + j) * plane
              sum += Double(wf_dot(g.baseAddress! + at, x.baseAddress! + at, plane))
            }
            out[j] = Float((sum - Double(mean[j]) * Double(offset[j])) * Double(inverse[j]))
          }
        }
      }
    }
    return (scale, offset)
  }

  /// scale · inverse · (g − mean(g) − x̂ · mean(g · x̂)).
  func batchInputGradient(
    _ gradient: Tensor, _ x: Tensor, _ scale: Tensor, _ scaleGradient: Tensor, _ offsetGradient: Tensor
  ) -> Tensor {
    let (n, c, plane) = (shape[0], shape[1], shape[2] * shape[3])
    let m = Float(n * plane)
    return Tensor(shape: shape) { out in
      gradient.withUnsafeBufferPointer { g in
        x.withUnsafeBufferPointer { x in
          ComputeRuntime.split(n * c) { range in
            for row in range {
              let j = row % c
              let factor = scale[j] * inverse[j]
              let slope = -factor * inverse[j] * scaleGradient[j] / m
              let shift = -factor * offsetGradient[j] / m - slope * mean[j]
              let (g, x) = (g.baseAddress! + row * plane, x.baseAddress! + row * plane)
              let out = out.baseAddress! + row * plane
              wf_scale_shift(g, factor, shift, out, plane)
              wf_add_scaled(out, x, slope, out, plane)
            }
          }
        }
      }
    }
  }
}
