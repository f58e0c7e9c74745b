import CWhyFakeTensor

// Element by element: sums, products, scaling. Shapes must be equal; the broadcasts that networks need have names of
// their own (`multipliedPerChannel`, `multipliedPerPosition`, and the bias of a layer).

extension Tensor {
  /// The sum of two tensors of one shape.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    a.combined(with: b, "+", wf_add).recorded(from: a, b) { [$0, $0] }
  }

  /// Adds `b` to `a`, which must have the same shape; in place where nothing is tracked.
  public static func += (a: inout Tensor, b: Tensor) {
    if a.isTracked || b.isTracked { a = a + b } else { a.add(b) }
  }

  /// The difference of two tensors of one shape.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a + b * -1 }

  /// The element-wise product of two tensors of one shape.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.detached(), b.detached())
    return x.combined(with: y, "*", wf_multiply).recorded(from: a, b) { [$0 * y, $0 * x] }
  }

  /// Every element times `scale`.
  public static func * (a: Tensor, scale: Float) -> Tensor {
    a.scaledAndShifted(scale: scale, shift: 0).recorded(from: a) { [$0 * scale] }
  }

  /// Every element plus `shift`.
  public static func + (a: Tensor, shift: Float) -> Tensor {
    a.scaledAndShifted(scale: 1, shift: shift).recorded(from: a) { [$0] }
  }

  /// Each channel of `[N, C, H, W]` times its factor from `[N, C]`, as squeeze-and-excitation does.
  public func multipliedPerChannel(by factors: Tensor) -> Tensor {
    precondition(
      shape.count == 4 && factors.shape == [shape[0], shape[1]],
      "multipliedPerChannel: \(shape) by \(factors.shape)")
    let (rows, plane) = (shape[0] * shape[1], shape[2] * shape[3])
    let (x, f) = (detached(), factors.detached())
    let product = Tensor(shape: shape) { out in
      x.withUnsafeBufferPointer { x in
        f.withUnsafeBufferPointer { f in
          ComputeRuntime.split(rows, grain: 65536 / max(plane, 1) + 1) { range in
            for row in range {
              let i = row * plane
              wf_scale_shift(x.baseAddress! + i, f[row], 0, out.baseAddress! + i, plane)
            }
          }
        }
      }
    }
    return product.recorded(from: self, factors) { gradient in
      let factorGradient = Tensor(shape: f.shape) { out in
        x.withUnsafeBufferPointer { x in
          gradient.withUnsafeBufferPointer { g in
            for row in 0..<rows {
              out[row] = wf_dot(x.baseAddress! + row * plane, g.baseAddress! + row * plane, plane)
            }
          }
        }
      }
      return [gradient.multipliedPerChannel(by: f), factorGradient]
    }
  }

  /// Each position of `[N, C, H, W]` times its factor from `[N, 1, H, W]`, the same for all channels: spatial attention.
  public func multipliedPerPosition(by factors: Tensor) -> Tensor {
    precondition(
      shape.count == 4 && factors.shape == [shape[0], 1, shape[2], shape[3]],
      "multipliedPerPosition: \(shape) by \(factors.shape)")
    let (channels, rows, plane) = (shape[1], shape[0] * shape[1], shape[2] * shape[3])
    let (x, f) = (detached(), factors.detached())
    let product = Tensor(shape: shape) { out in
      x.withUnsafeBufferPointer { x in
        f.withUnsafeBufferPointer { f in
          ComputeRuntime.split(rows, grain: 65536 / max(plane, 1) + 1) { range in
            for row in range where plane > 0 {
              let i = row * plane
              let factors = f.baseAddress! + row / channels * plane
              wf_multiply(x.baseAddress! + i, factors, out.baseAddress! + i, plane)
            }
          }
        }
      }
    }
    return product.recorded(from: self, factors) { gradient in
      let products = gradient * x
      var factorGradient = Tensor(shape: f.shape, repeating: 0)
      factorGradient.withUnsafeMutableBufferPointer { out in
        products.withUnsafeBufferPointer { p in
          for row in 0..<rows where plane > 0 {
            let sum = out.baseAddress! + row / channels * plane
            wf_add(sum, p.baseAddress! + row * plane, sum, plane)
          }
        }
      }
      return [gradient.multipliedPerPosition(by: f), factorGradient]
    }
  }

  /// The sum of all elements, a scalar.
  public func sum() -> Tensor {
    let shape = shape
    let total = withUnsafeBufferPointer { $0.isEmpty ? 0 : wf_sum($0.baseAddress!, $0.count) }
    return Tensor(total).recorded(from: self) { [Tensor(shape: shape, repeating: $0.scalar)] }
  }

  private func scaledAndShifted(scale: Float, shift: Float) -> Tensor {
    Tensor(shape: shape) { out in
      withUnsafeBufferPointer { x in
        ComputeRuntime.split(x.count, grain: 65536) { r in
          let i = r.lowerBound
          wf_scale_shift(x.baseAddress! + i, scale, shift, out.baseAddress! + i, r.count)
        }
      }
    }
  }

  /// A kernel x, y → out; `out` may be `x`.
  private typealias Kernel = (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) ->
    Void

  private func combined(with b: Tensor, _ name: String, _ kernel: Kernel) -> Tensor {
    precondition(shape == b.shape, "\(name): shapes \(shape) and \(b.shape)")
    return Tensor(shape: shape) { out in
      withUnsafeBufferPointer { x in
        b.withUnsafeBufferPointer { y in
          ComputeRuntime.split(out.count, grain: 65536) { r in
            let i = r.lowerBound
            kernel(x.baseAddress! + i, y.baseAddress! + i, out.baseAddress! + i, r.count)
          }
        }
      }
    }
  }

  private mutating func add(_ b: Tensor) {
    precondition(shape == b.shape, "+=: shapes \(shape) and \(b.shape)")
    withUnsafeMutableBufferPointer { x in
      b.withUnsafeBufferPointer { y in
        ComputeRuntime.split(x.count, grain: 65536) { r in
          let i = r.lowerBound
          wf_add(x.baseAddress! + i, y.baseAddress! + i, x.baseAddress! + i, r.count)
        }
      }
    }
  }
}
