import Explainers
import Tensor
import Testing

@Suite struct ShapleyGameTests {
  static func play(
    _ players: Int, _ budget: Int, seed: UInt64 = 1, _ value: (Coalition) -> Double
  ) throws -> ShapleyEstimate {
    try ShapleyEstimate(players: players, budget: budget, seed: seed) { $0.map(value) }
  }

  @Test("a game that is a sum is solved exactly at every budget", arguments: [1, 2, 3, 4, 5, 7, 12, 60, 101])
  func additive(n: Int) throws {
    var random = SplitMix(seed: UInt64(n))
    let phi = (0..<n).map { _ in random.normal() }
    for budget in Set([n + 1, n + 2, 2 * n - 1, 2 * n, 2 * n + 1, 2 * n + 2, 3 * n, 4 * n, 8 * n, 32 * n])
    where budget > n {
      let estimate = try Self.play(n, budget) { c in 0.7 + (0..<n).reduce(0) { $0 + (c[$1] ? phi[$1] : 0) } }
      let largest = zip(estimate.values, phi).map { abs($0 - $1) }.max()!
      #expect(largest < 1e-10, "\(n) players, \(budget) evaluations: \(largest)")
      #expect(estimate.evaluations <= budget)
      #expect(abs(estimate.completenessGap) < 1e-12)
    }
  }
}
