import Foundation
import Tensor

/// Random numbers that are the same everywhere: splitmix64.
struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// In [0, 1).
  mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// Uniform in ±`bound`.
  mutating func tensor(_ shape: [Int], within bound: Float) -> Tensor {
    Tensor(shape: shape) { out in
      for i in out.indices { out[i] = (Float(uniform()) * 2 - 1) * bound }
    }
  }

  /// Of mean 0 and variance 1 (Box and Muller).
  mutating func normal(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape) { out in
      for i in out.indices {
        let (radius, angle) = ((-2 * log(1 - uniform())).squareRoot(), 2 * Double.pi * uniform())
        out[i] = Float(radius * cos(angle))
      }
    }
  }
}
