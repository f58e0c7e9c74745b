public import Tensor

extension Tensor {
  /// Uniform values in [−1, 1).
  public static func random(_ shape: [Int], seed: UInt64) -> Tensor {
    var generator = SplitMix(seed: seed)
    return Tensor(shape: shape) { out in
      for i in out.indices { out[i] = Float(generator.next() >> 40) * 0x1p-23 - 1 }
    }
  }

  /// The largest absolute difference to `other`, which has the same shape.
  public func largestDifference(to other: Tensor) -> Float {
    zip(elements, other.elements).map { abs($0 - $1) }.max() ?? 0
  }

  /// The largest absolute value.
  public var largestMagnitude: Float { elements.map(abs).max() ?? 0 }
}
