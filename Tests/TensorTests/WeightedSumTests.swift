import Tensor
import TestSupport
import Testing

@Suite("Weighted sums")
struct WeightedSumTests {
  private static let x = Tensor.random([3, 5, 4, 7], seed: 1)

  @Test("over channels and over positions each value counts by its weight")
  func values() {
    let x = Self.x
    let channels = Tensor.random([3, 5], seed: 2), positions = Tensor.random([3, 4, 7], seed: 3)
    let over = x.summedOverChannels(weights: channels), of = x.summedOverPositions(weights: positions)
    #expect(over.shape == [3, 4, 7] && of.shape == [3, 5])
    for n in 0..<3 {
      for i in 0..<4 {
        for j in 0..<7 {
          let sum = (0..<5).reduce(Float(0)) { $0 + x[n, $1, i, j] * channels[n, $1] }
          #expect(abs(over[n, i, j] - sum) < 1e-5)
        }
      }
      for c in 0..<5 {
        let sum = (0..<28).reduce(Float(0)) { $0 + x[n, c, $1 / 7, $1 % 7] * positions[n, $1 / 7, $1 % 7] }
        #expect(abs(of[n, c] - sum) < 1e-5)
      }
    }
  }

  @Test("gradients are those of the same sums written as products")
  func gradients() {
    let x = Self.x.tracked()
    let channels = Tensor.random([3, 5], seed: 2).tracked()
    let positions = Tensor.random([3, 4, 7], seed: 3).tracked()
    let (seedA, seedB) = (Tensor.random([3, 4, 7], seed: 4), Tensor.random([3, 5], seed: 5))
    func gradients(_ value: Tensor) -> [Tensor] { value.gradients(of: [x, channels, positions]) }
    let found = gradients(
      (x.summedOverChannels(weights: channels) * seedA).sum()
        + (x.summedOverPositions(weights: positions) * seedB).sum())
    let weighted = x.multipliedPerChannel(by: channels)
    let mapped = x.multipliedPerPosition(by: positions.reshaped([3, 1, 4, 7]))
    let spread = Tensor.concatenated([Tensor](repeating: seedA.reshaped([3, 1, 4, 7]), count: 5), axis: 1)
    let expected = gradients(
      (weighted * spread).sum() + (mapped.globalAveragePooled() * seedB).sum() * 28)
    for (a, b) in zip(found, expected) { expectClose(a.elements, b.elements, within: 1e-5, "gradient") }
  }
}
