import Tensor
import TestSupport
import Testing

/// Compares reverse mode with central differences of Σ seed · f(inputs), for every element of every input.
private func checkGradients(
  _ inputs: [Tensor], step: Float = 1e-2, tolerance: Float = 3e-3,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ f: ([Tensor]) -> Tensor
) {
  let leaves = inputs.map { $0.tracked() }
  let result = f(leaves)
  let seed = Tensor.random(result.shape, seed: 99)
  let gradients = result.gradients(of: leaves, seed: seed)
  func value(_ inputs: [Tensor]) -> Double {
    zip(f(inputs).elements, seed.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  for (k, gradient) in gradients.enumerated() {
    #expect(gradient.shape == inputs[k].shape, sourceLocation: sourceLocation)
    let peak = max(gradient.largestMagnitude, 0.05)
    var worst: Float = 0
    for i in 0..<inputs[k].count {
      func moved(_ by: Float) -> Double {
        var changed = inputs
        changed[k].withUnsafeMutableBufferPointer { $0[i] += by }
        return value(changed)
      }
      let expected = Float((moved(step) - moved(-step)) / Double(2 * step))
      worst = max(worst, abs(expected - gradient.elements[i]) / peak)
    }
    #expect(worst < tolerance, "input \(k): differs by \(worst) of the peak", sourceLocation: sourceLocation)
  }
}

@Suite("Reverse mode agrees with finite differences")
struct GradientTests {
  @Test("sums, products and scaling")
  func arithmetic() {
    let (a, b) = (Tensor.random([2, 3], seed: 1), Tensor.random([2, 3], seed: 2))
    checkGradients([a, b]) { $0[0] + $0[1] }
    checkGradients([a, b]) { $0[0] - $0[1] * 3 }
    checkGradients([a, b]) { $0[0] * $0[1] + 2 }
    checkGradients([a]) { ($0[0] * $0[0]).sum() }
    checkGradients([a, b]) {
      var sum = $0[0]
      sum += $0[1]
      sum += sum
      return sum
    }
  }

  @Test("a gate over channels")
  func channelGate() {
    checkGradients([.random([2, 3, 2, 4], seed: 1), .random([2, 3], seed: 2)]) {
      $0[0].multipliedPerChannel(by: $0[1].sigmoid())
    }
  }

  @Test("a gate over positions")
  func positionGate() {
    checkGradients([.random([2, 3, 2, 4], seed: 1), .random([2, 1, 2, 4], seed: 2)]) {
      $0[0].multipliedPerPosition(by: $0[1].sigmoid())
    }
  }

  @Test("dilated filters")
  func dilation() {
    checkGradients([.random([1, 2, 9, 8], seed: 1), .random([3, 2, 3, 2], seed: 2)]) {
      $0[0].convolved(with: $0[1].dilated(by: 2), padding: .init(1))
    }
  }

  @Test("activations", arguments: Tensor.Activation.allCases)
  func activations(_ kind: Tensor.Activation) {
    // Away from 0, where ReLU has no derivative.
    let x = Tensor(shape: [6], [-2, -0.7, -0.1, 0.2, 0.9, 3])
    checkGradients([x]) { $0[0].activated(kind) }
  }

  @Test("softmax")
  func softmax() { checkGradients([.random([3, 4], seed: 3) * 2]) { $0[0].softmax() } }

  @Test("matrix products and linear layers")
  func products() {
    checkGradients([.random([3, 4], seed: 1), .random([4, 2], seed: 2)]) { $0[0].matmul($0[1]) }
    checkGradients([.random([3, 4], seed: 1), .random([2, 4], seed: 2), .random([2], seed: 3)]) {
      $0[0].linear(weight: $0[1], bias: $0[2], activation: .silu)
    }
  }

  @Test("convolutions, dense, pointwise and depthwise", arguments: [1, 3, 5], [1, 2, 3])
  func convolution(kernel: Int, stride: Int) {
    let x = Tensor.random([2, 3, 7, 6], seed: 1)
    let padding = Tensor.Padding(top: 1, left: 0, bottom: 2, right: 3)
    checkGradients([x, .random([4, 3, kernel, kernel], seed: 2), .random([4], seed: 3)]) {
      $0[0].convolved(with: $0[1], bias: $0[2], stride: stride, padding: padding, activation: .sigmoid)
    }
    checkGradients([x, .random([3, 1, kernel, kernel], seed: 4), .random([3], seed: 5)]) {
      $0[0].convolved(
        with: $0[1], bias: $0[2], stride: stride, padding: padding, groups: 3, activation: .silu)
    }
  }

  @Test("a pointwise convolution without padding or bias")
  func pointwise() {
    checkGradients([.random([2, 3, 4, 5], seed: 1), .random([2, 3, 1, 1], seed: 2)]) {
      $0[0].convolved(with: $0[1])
    }
  }

  @Test("pools")
  func pools() {
    let x = Tensor.random([2, 2, 5, 6], seed: 7)
    checkGradients([x], step: 1e-3, tolerance: 1e-2) { $0[0].maxPooled(size: 2, stride: 2) }
    checkGradients([x], step: 1e-3, tolerance: 1e-2) {
      $0[0].maxPooled(size: 3, stride: 2, padding: .init(1))
    }
    for countPadding in [true, false] {
      checkGradients([x]) {
        $0[0].averagePooled(size: 3, stride: 2, padding: .init(1), countPadding: countPadding)
      }
    }
    checkGradients([x]) { $0[0].globalAveragePooled() }
  }

  @Test("bilinear resizing, up and down")
  func resizing() {
    let x = Tensor.random([1, 2, 4, 5], seed: 8)
    checkGradients([x]) { $0[0].resizedBilinear(height: 9, width: 7) }
    checkGradients([x]) { $0[0].resizedBilinear(height: 3, width: 2) }
  }

  @Test("batch normalisation with known and with batch statistics")
  func normalisation() {
    let x = Tensor.random([3, 2, 2, 3], seed: 1)
    let (scale, offset) = (Tensor(shape: [2], [1.3, -0.6]), Tensor(shape: [2], [0.2, 0.1]))
    let (mean, variance) = (Tensor(shape: [2], [0.1, -0.3]), Tensor(shape: [2], [0.5, 2]))
    checkGradients([x, scale, offset]) {
      $0[0].batchNormalized(scale: $0[1], offset: $0[2], mean: mean, variance: variance, epsilon: 1e-3)
    }
    checkGradients([x, scale, offset]) {
      $0[0].batchNormalizedByBatch(scale: $0[1], offset: $0[2], epsilon: 1e-3).result
    }
  }

  @Test("moves: reshape, permute, rows, concatenate, pad")
  func moves() {
    let x = Tensor.random([2, 3, 2, 2], seed: 1)
    checkGradients([x]) { $0[0].reshaped([4, -1]) * 2 }
    checkGradients([x]) { $0[0].permuted([0, 2, 3, 1]) }
    checkGradients([x]) { $0[0].rows(1..<2) }
    checkGradients([x, .random([2, 1, 2, 2], seed: 2)]) { Tensor.concatenated($0, axis: 1) }
    checkGradients([x]) { $0[0].padded(.init(top: 1, left: 2, bottom: 0, right: 1), channels: 2) }
  }

  @Test("a value used twice collects both gradients, and an unused leaf gets zeros")
  func sharing() {
    let a = Tensor(shape: [2], [3, 4]).tracked()
    let b = Tensor(shape: [2], [1, 1]).tracked()
    let square = a * a
    #expect(
      (square + a).gradients(of: [a, b]) == [Tensor(shape: [2], [7, 9]), Tensor(shape: [2], [0, 0])])
  }

  @Test("the gradient of an intermediate result can be asked for")
  func intermediate() {
    let a = Tensor(shape: [2], [3, 4]).tracked()
    let b = a * 2
    let c = (b * b).sum()
    #expect(c.gradients(of: [b, a]) == [Tensor(shape: [2], [12, 16]), Tensor(shape: [2], [24, 32])])
  }

  @Test("nothing is recorded where nothing is tracked")
  func untracked() {
    let x = Tensor.random([1, 2, 4, 4], seed: 1)
    #expect(!x.convolved(with: .random([2, 2, 3, 3], seed: 2), activation: .silu).isTracked)
    #expect(!x.tracked().detached().isTracked)
  }
}
