import Explainers
import Foundation
import Tensor
import Testing

/// Budgets beyond one generalised least squares.
@Suite("Shapley values from many evaluations")
struct RegressionAdjustmentTests {
  /// A game of 14 players with interactions that no smooth function has.
  private static func value(_ bits: Int) -> Double {
    var generator = SplitMix(seed: UInt64(bits / 8 * 8 + 3))
    var weights = 0.0
    for player in 0..<14 where bits >> player & 1 == 1 { weights += Double(player % 5) - 1.5 }
    let crowd = (bits & 0b111).nonzeroBitCount == 3 ? 2.0 : 0
    return weights + 3 * tanh(weights) + crowd + 0.5 * generator.normal()
  }

  private func estimate(_ budget: Int, seed: UInt64) throws -> ShapleyEstimate {
    try ShapleyEstimate(players: 14, budget: budget, seed: seed) { coalitions in
      coalitions.map { coalition in
        var bits = 0
        for player in 0..<14 where coalition[player] { bits |= 1 << player }
        return Self.value(bits)
      }
    }
  }

  @Test("errors go on falling behind the first 1500 pairs, and the standard errors tell them")
  func fallsOn() throws {
    let exact = bruteForce(players: 14) { Self.value($0) }
    var mean: [Int: Double] = [:]
    var covered = 0.0
    let seeds: Range<UInt64> = 0..<8
    for budget in [3000, 5000, 10_000, 14_000] {
      for seed in seeds {
        let estimate = try estimate(budget, seed: seed)
        let error = zip(estimate.values, exact).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        mean[budget, default: 0] += error / Double(seeds.count)
        #expect(abs(estimate.completenessGap) < 1e-9)
        guard budget > 3000 else { continue }
        let inside = zip(zip(estimate.values, exact), estimate.halfWidths()).count { abs($0.0 - $0.1) <= $1 }
        covered += Double(inside) / Double(14 * 3 * seeds.count)
      }
    }
    print("mean squared errors \(mean.sorted { $0.key < $1.key }), covered \(covered)")
    #expect(mean[5000]! < mean[3000]! && mean[10_000]! < 0.6 * mean[5000]! && mean[14_000]! < mean[10_000]!)
    #expect(covered > 0.88 && covered < 0.995)
  }

  @Test("a game that is a sum stays exact")
  func additive() throws {
    let weights = (0..<30).map { Double($0) - 11.5 }
    let estimate = try ShapleyEstimate(players: 30, budget: 4000, seed: 1) { coalitions in
      coalitions.map { coalition in
        var sum = 2.0
        for player in 0..<30 where coalition[player] { sum += weights[player] }
        return sum
      }
    }
    #expect(zip(estimate.values, weights).allSatisfy { abs($0 - $1) < 1e-10 })
    #expect(estimate.largestStandardError < 1e-9)
  }
}
