import Tensor

extension SplitMix {
  /// Uniform in ±`bound`.
  mutating func tensor(_ shape: [Int], within bound: Float) -> Tensor {
    Tensor(shape: shape) { out in
      for i in out.indices { out[i] = (Float(uniform()) * 2 - 1) * bound }
    }
  }

  /// Of mean 0 and variance 1.
  mutating func normal(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape) { out in
      for i in out.indices { out[i] = Float(normal()) }
    }
  }
}
