import Foundation
import Tensor
import TestSupport
import Testing

/// A convolution straight from its definition, in Double.
private func reference(
  _ x: Tensor, _ f: Tensor, bias: Tensor, stride: Int, padding: Tensor.Padding, groups: Int
) -> [Double] {
  let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
  let (out, depth, k) = (f.shape[0], f.shape[1], f.shape[2])
  let oh = (h + padding.top + padding.bottom - k) / stride + 1
  let ow = (w + padding.left + padding.right - k) / stride + 1
  var result: [Double] = []
  for i in 0..<n {
    for o in 0..<out {
      let first = o / (out / groups) * (c / groups)
      for y in 0..<oh {
        for z in 0..<ow {
          var sum = Double(bias[o])
          for d in 0..<depth {
            for ky in 0..<k {
              for kx in 0..<k {
                let (sy, sx) = (y * stride + ky - padding.top, z * stride + kx - padding.left)
                if sy >= 0, sy < h, sx >= 0, sx < w {
                  sum += Double(x[i, first + d, sy, sx]) * Double(f[o, d, ky, kx])
                }
              }
            }
          }
          result.append(sum)
        }
      }
    }
  }
  return result
}

@Suite("Operations")
struct OperationTests {
  @Test("dilated filters have zeros between their weights", arguments: [1, 2, 3])
  func dilation(rate: Int) {
    let filter = Tensor.random([3, 2, 3, 2], seed: 4)
    let dilated = filter.dilated(by: rate)
    #expect(dilated.shape == [3, 2, 2 * rate + 1, rate + 1])
    for y in 0..<dilated.shape[2] {
      for x in 0..<dilated.shape[3] {
        let isWeight = y % rate == 0 && x % rate == 0
        #expect(dilated[2, 1, y, x] == (isWeight ? filter[2, 1, y / rate, x / rate] : 0))
      }
    }
  }

  @Test("a factor for each position holds for all channels")
  func positions() {
    let (x, factors) = (Tensor.random([2, 3, 4, 5], seed: 1), Tensor.random([2, 1, 4, 5], seed: 2))
    let product = x.multipliedPerPosition(by: factors)
    for (n, c, y, z) in [(0, 0, 0, 0), (1, 2, 3, 4), (0, 1, 2, 3), (1, 0, 0, 4)] {
      #expect(product[n, c, y, z] == x[n, c, y, z] * factors[n, 0, y, z])
    }
  }

  @Test("convolutions follow their definition", arguments: [1, 2, 3, 5, 7], [1, 2, 3])
  func convolution(kernel: Int, stride: Int) {
    for (height, width) in [(9, 8), (17, 40), (7, 7)] {
      let x = Tensor.random([2, 4, height, width], seed: 1)
      for padding in [
        Tensor.Padding(kernel / 2), .init(top: 0, left: 1, bottom: 2, right: 1),
        .init(top: 3, left: 4, bottom: 1, right: 0),
        .same(height: height, width: width, kernel: kernel, stride: stride),
      ] {
        for (out, groups) in [(3, 1), (4, 4)] {
          let f = Tensor.random([out, 4 / groups, kernel, kernel], seed: 2)
          let bias = Tensor.random([out], seed: 3)
          let expected = reference(x, f, bias: bias, stride: stride, padding: padding, groups: groups)
          let result = x.convolved(with: f, bias: bias, stride: stride, padding: padding, groups: groups)
          #expect(result.count == expected.count)
          let worst = zip(result.elements, expected).map { abs(Double($0) - $1) }.max()!
          #expect(worst < 2e-5)
        }
      }
    }
  }

  @Test("a large pointwise convolution is the same on one thread and on several, and fused or not")
  func splitting() {
    let x = Tensor.random([3, 40, 33, 31], seed: 1)
    let (f, bias) = (Tensor.random([50, 40, 1, 1], seed: 2), Tensor.random([50], seed: 3))
    let threads = ComputeRuntime.threads
    defer { ComputeRuntime.threads = 0 }
    ComputeRuntime.threads = 1
    let one = x.convolved(with: f, bias: bias, activation: .silu)
    ComputeRuntime.threads = max(threads, 3)
    let several = x.convolved(with: f, bias: bias, activation: .silu)
    let separate = x.convolved(with: f, bias: bias).silu()
    #expect(one.largestDifference(to: several) < 1e-5)
    #expect(one.largestDifference(to: separate) < 1e-5)
  }

  @Test("TensorFlow's SAME padding puts the odd pixel at the end")
  func samePadding() {
    #expect(
      Tensor.Padding.same(height: 224, width: 225, kernel: 3, stride: 2)
        == .init(top: 0, left: 1, bottom: 1, right: 1))
    #expect(Tensor.Padding.same(height: 4, width: 4, kernel: 1, stride: 2) == .zero)
    #expect(Tensor.Padding.same(height: 28, width: 28, kernel: 5, stride: 1) == .init(2))
  }

  @Test("activations agree with Double to a few units in the last place, and survive extremes")
  func activations() {
    let x = Tensor(shape: [4001], (0..<4001).map { Float($0 - 2000) / 50 })
    for (value, (sigmoid, silu)) in zip(x.elements, zip(x.sigmoid().elements, x.silu().elements)) {
      let expected = 1 / (1 + exp(-Double(value)))
      #expect(abs(Double(sigmoid) - expected) <= 4 * Double(Float(expected).ulp))
      #expect(abs(Double(silu) - expected * Double(value)) <= 5 * abs(expected * Double(value)) * 0x1p-23)
    }
    let extremes = Tensor(shape: [4], [-.infinity, -1e30, 1e30, .infinity])
    #expect(extremes.sigmoid().elements.prefix(2).allSatisfy { $0 >= 0 && $0 < 1e-37 })
    #expect(extremes.sigmoid().elements.suffix(2) == [1, 1])
    #expect(Tensor(.nan).silu().scalar.isNaN)
    #expect(Tensor(shape: [3], [-1, 0, 2]).relu().elements == [0, 0, 2])
  }

  @Test("softmax adds up to one and does not overflow")
  func softmax() {
    let y = Tensor(shape: [2, 3], [1000, 1001, 1002, -5, -5, -5]).softmax()
    #expect(abs(y.rows(0..<1).sum().scalar - 1) < 1e-6)
    #expect(y.rows(1..<2).elements.allSatisfy { abs($0 - 1 / 3) < 1e-6 })
    #expect(abs(y[0, 2] / y[0, 1] - 2.7182818) < 1e-5)
  }

  @Test("matrix products and linear layers")
  func products() {
    let a = Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6])
    #expect(a.matmul(Tensor(shape: [3, 1], [1, 0, -1])).elements == [-2, -2])
    let y = a.linear(
      weight: Tensor(shape: [2, 3], [1, 1, 1, 0, 0, 1]), bias: Tensor(shape: [2], [10, -10]))
    #expect(y == Tensor(shape: [2, 2], [16, -7, 25, -4]))
    #expect(
      Tensor(shape: [2, 0], []).matmul(Tensor(shape: [0, 2], [])) == Tensor(shape: [2, 2], repeating: 0))
  }

  @Test("pools")
  func pools() {
    let x = Tensor(shape: [1, 1, 3, 3], (1...9).map(Float.init))
    #expect(x.maxPooled(size: 2, stride: 1).elements == [5, 6, 8, 9])
    #expect((x * -1).maxPooled(size: 2, stride: 2, padding: .init(1)).elements == [-1, -2, -4, -5])
    #expect(x.averagePooled(size: 2, stride: 2, padding: .init(1)).elements == [0.25, 1.25, 2.75, 7])
    #expect(
      x.averagePooled(size: 2, stride: 2, padding: .init(1), countPadding: false).elements == [
        1, 2.5, 5.5, 7,
      ])
    #expect(x.globalAveragePooled() == Tensor(shape: [1, 1], [5]))
  }

  @Test("bilinear resizing has half-pixel centres")
  func resizing() {
    let x = Tensor(shape: [1, 1, 1, 2], [0, 1])
    #expect(x.resizedBilinear(height: 2, width: 4).elements == [0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1])
    let y = Tensor.random([1, 2, 5, 6], seed: 1)
    #expect(y.resizedBilinear(height: 5, width: 6).largestDifference(to: y) < 1e-6)
  }

  @Test("batch statistics give mean 0 and variance 1")
  func batchNormalisation() {
    let x = Tensor.random([4, 3, 5, 5], seed: 1) * 3 + 2
    let ones = Tensor(shape: [3], repeating: 1)
    let zeros = Tensor(shape: [3], repeating: 0)
    let (y, mean, variance) = x.batchNormalizedByBatch(scale: ones, offset: zeros, epsilon: 0)
    let again = y.batchNormalizedByBatch(scale: ones, offset: zeros, epsilon: 0)
    #expect(again.mean.largestMagnitude < 1e-5)
    #expect(again.variance.largestDifference(to: ones) < 1e-5)
    let known = x.batchNormalized(scale: ones, offset: zeros, mean: mean, variance: variance, epsilon: 0)
    #expect(known.largestDifference(to: y) < 1e-5)
  }

  @Test("moves keep every element")
  func moves() {
    let x = Tensor.random([2, 3, 4, 5], seed: 1)
    let p = x.permuted([3, 1, 0, 2])
    #expect(p.shape == [5, 3, 2, 4])
    #expect(p[4, 2, 1, 3] == x[1, 2, 3, 4])
    #expect(p.permuted([2, 1, 3, 0]) == x)
    #expect(Tensor.concatenated([x.rows(0..<1), x.rows(1..<2)]) == x)
    let joined = Tensor.concatenated([x, x], axis: 2)
    #expect(joined[1, 2, 7, 4] == x[1, 2, 3, 4])
    let padded = x.padded(.init(top: 1, left: 2, bottom: 0, right: 0), channels: 1)
    #expect(padded.shape == [2, 4, 5, 7])
    #expect(padded[1, 2, 4, 6] == x[1, 2, 3, 4])
    #expect(abs(padded.sum().scalar - x.sum().scalar) < 1e-4)
  }

  @Test("a copy is independent of what it was copied from")
  func valueSemantics() {
    let a = Tensor(shape: [2], [1, 2])
    var b = a
    b.withUnsafeMutableBufferPointer { $0[0] = 5 }
    #expect(a.elements == [1, 2])
    #expect(b.elements == [5, 2])
    a.withUnsafeBufferPointer { #expect(Int(bitPattern: $0.baseAddress!) % 64 == 0) }
  }
}
