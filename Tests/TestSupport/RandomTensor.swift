public import Tensor

/// A small generator (splitmix64) whose numbers are the same everywhere, so that a failure can be repeated.
public struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  /// A generator; equal seeds give equal numbers.
  public init(seed: UInt64) { state = seed }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

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
