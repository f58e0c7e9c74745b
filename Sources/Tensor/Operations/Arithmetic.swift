extension Tensor {
  /// Adds `b` to `a`, which must have the same shape; in place where nothing is tracked.
  public static func += (a: inout Tensor, b: Tensor) {
    precondition(a.shape == b.shape, "+: shapes \(a.shape) and \(b.shape)")
    if a.isTracked || b.isTracked {
      a = a + b
    } else {
      a.withUnsafeMutableBufferPointer { x in
        b.withUnsafeBufferPointer { y in for i in 0..<x.count { x[i] += y[i] } }
      }
    }
  }

  /// The sum of two tensors of one shape.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    var sum = a.detached()
    sum += b.detached()
    return sum.recorded(from: a, b) { [$0, $0] }
  }
}
