import CWhyFakeTensor

/// One matrix product on raw memory, row-major: C = op(A) · op(B) + beta · C.
struct Product {
  var transposeA = false
  var transposeB = false
  /// Rows of C.
  var m: Int
  /// Columns of C.
  var n: Int
  /// What is summed over.
  var k: Int
  var beta: Float = 0

  /// Runs the product for the columns `columns` of C and of op(B).
  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
    columns: Range<Int>
  ) {
    precondition(max(m, n, k) <= Int(Int32.max), "matrix product: \(m)×\(k) · \(k)×\(n) is too large")
    guard m > 0, !columns.isEmpty else { return }
    if k == 0 {
      if beta == 0 {
        for row in 0..<m { (c + row * n + columns.lowerBound).update(repeating: 0, count: columns.count) }
      }
      return
    }
    wf_sgemm(
      transposeA, transposeB, m, columns.count, k, 1, a, transposeA ? m : k,
      b + columns.lowerBound * (transposeB ? k : 1), transposeB ? k : n, beta, c + columns.lowerBound, n)
  }

  /// Runs it whole. Where OpenBLAS is kept to one thread the columns are split here; otherwise it splits itself.
  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
    then finish: (Range<Int>) -> Void = { _ in }
  ) {
    if wf_blas_threads() > 1 && !wf_is_worker() {
      run(a, b, c, columns: 0..<n)
      ComputeRuntime.split(n, grain: 256, finish)
      return
    }
    // About 64k multiply-adds are worth a thread; tiles of columns keep what was just written in the cache. How wide they are
    // does not depend on the number of threads, and so no sum does.
    let (grain, tile) = (max(64, 65536 / max(m * k, 1)), max(256, 131072 / max(m, 1)))
    let width = max(grain, min(tile, (n / 8 + 63) / 64 * 64))
    ComputeRuntime.split((n + width - 1) / width) { tiles in
      for i in tiles {
        let columns = i * width..<min((i + 1) * width, n)
        run(a, b, c, columns: columns)
        finish(columns)
      }
    }
  }
}

extension Tensor {
  /// The matrix product of `[m, k]` and `[k, n]`, `[m, n]`.
  public func matmul(_ other: Tensor) -> Tensor { product(other, transposed: false, transposingOther: false) }

  /// A linear layer: `[N, in]` with `weight` `[out, in]` and `bias` `[out]` gives `[N, out]`.
  public func linear(weight: Tensor, bias: Tensor? = nil, activation: Activation = .identity) -> Tensor {
    precondition(
      shape.count == 2 && weight.shape.count == 2 && shape[1] == weight.shape[1],
      "linear: input \(shape), weight \(weight.shape)")
    var result = product(weight, transposed: false, transposingOther: true)
    if let bias {
      precondition(bias.shape == [weight.shape[0]], "linear: bias \(bias.shape) for weight \(weight.shape)")
      result = result.addingToRows(bias)
    }
    return result.activated(activation)
  }

  /// op(self) · op(other).
  private func product(_ other: Tensor, transposed: Bool, transposingOther: Bool) -> Tensor {
    precondition(
      shape.count == 2 && other.shape.count == 2
        && shape[transposed ? 0 : 1] == other.shape[transposingOther ? 1 : 0],
      "matmul: \(shape)\(transposed ? "ᵀ" : "") · \(other.shape)\(transposingOther ? "ᵀ" : "")")
    let (m, k) = transposed ? (shape[1], shape[0]) : (shape[0], shape[1])
    let n = other.shape[transposingOther ? 0 : 1]
    let (a, b) = (detached(), other.detached())
    let result = Tensor(shape: [m, n]) { c in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          Product(transposeA: transposed, transposeB: transposingOther, m: m, n: n, k: k)
            .run(a.baseAddress!, b.baseAddress!, c.baseAddress!)
        }
      }
    }
    precondition(!transposed || !isTracked && !other.isTracked)
    return result.recorded(from: self, other) { g in
      // C = A·B: dA = g·Bᵀ, dB = Aᵀ·g. C = A·Bᵀ: dA = g·B, dB = gᵀ·A.
      [
        g.product(b, transposed: false, transposingOther: !transposingOther),
        transposingOther
          ? g.product(a, transposed: true, transposingOther: false)
          : a.product(g, transposed: true, transposingOther: false),
      ]
    }
  }

  /// Adds `bias` `[columns]` to each row of a matrix.
  private func addingToRows(_ bias: Tensor) -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    var result = detached()
    result.withUnsafeMutableBufferPointer { x in
      bias.withUnsafeBufferPointer { b in
        for row in 0..<rows {
          let x = x.baseAddress! + row * columns
          wf_add(x, b.baseAddress!, x, columns)
        }
      }
    }
    return result.recorded(from: self, bias) { gradient in
      var sum = Tensor(shape: [columns], repeating: 0)
      sum.withUnsafeMutableBufferPointer { sum in
        gradient.withUnsafeBufferPointer { g in
          for row in 0..<rows {
            wf_add(sum.baseAddress!, g.baseAddress! + row * columns, sum.baseAddress!, columns)
          }
        }
      }
      return [gradient, sum]
    }
  }
}
