import Explainers
import Tensor
import TestSupport
import Testing

/// A few seeds of what `benchmark shapley` measures with fifty; bounds lie between that and what plain least squares
/// on the same pairs reaches.
@Suite struct ShapleyEstimatorTests {
  private struct Outcome {
    var error = 0.0
    var covered = 0.0
    var smoothShare = 0.0
  }

  private func outcome(_ game: ShapleyTestGame, factor: Int, seeds: UInt64) throws -> Outcome {
    var outcome = Outcome()
    for seed in 0..<seeds {
      let estimate = try ShapleyEstimate(
        players: game.players, budget: factor * game.players, seed: seed,
        values: { $0.map { coalition in game.value { coalition[$0] } } })
      outcome.error += game.relativeSquaredError(estimate.values) / Double(seeds)
      let inside = zip(zip(estimate.values, game.shapley), estimate.halfWidths())
        .filter { abs($0.0 - $0.1) <= $1 }.count
      outcome.covered += Double(inside) / Double(game.players) / Double(seeds)
      outcome.smoothShare += estimate.smoothShare / Double(seeds)
    }
    return outcome
  }

  @Test(
    "eight evaluations a player: the error, and intervals that cover",
    arguments: [
      ("interacting-60", 0.020), ("saturating-60", 0.018), ("grid-60", 0.026), ("windows-60", 0.12),
    ])
  func eight(name: String, bound: Double) throws {
    let outcome = try outcome(ShapleyTestGame.named(name), factor: 8, seeds: 8)
    print("\(name) at 8n: error \(outcome.error), covered \(outcome.covered), smooth \(outcome.smoothShare)")
    #expect(outcome.error < bound)
    #expect(outcome.covered > 0.90 && outcome.covered < 0.985)
    #expect(outcome.smoothShare > 0.8)
  }

  @Test(
    "two evaluations a player: sensible values",
    arguments: [
      "interacting-60", "saturating-60", "grid-60", "interacting-101", "saturating-101", "grid-101",
    ])
  func two(name: String) throws {
    let outcome = try outcome(ShapleyTestGame.named(name), factor: 2, seeds: 8)
    #expect(outcome.error < 0.3, "\(name): \(outcome.error)")
  }

  @Test("twice the budget has smaller errors, about as small as predicted")
  func budgets() throws {
    let game = try ShapleyTestGame.named("interacting-60")
    let estimates = try [480, 960].map { budget in
      try ShapleyEstimate(
        players: 60, budget: budget, seed: 3,
        values: { $0.map { coalition in game.value { coalition[$0] } } })
    }
    #expect(estimates[1].largestStandardError < 0.8 * estimates[0].largestStandardError)
    let ratio = estimates[1].largestStandardError / estimates[0].predictedLargestError(evaluationsTimes: 2)
    print("twice the budget: error over prediction \(ratio)")
    #expect(ratio > 0.6 && ratio < 1.25)
  }

  @Test("noise that no triple explains is not taken for smooth, and is covered all the same")
  func noise() throws {
    var (inside, share) = (0.0, 0.0)
    for seed in 0..<8 as Range<UInt64> {
      let estimate = try ShapleyEstimate(players: 30, budget: 240, seed: seed) { coalitions in
        coalitions.map { coalition in
          var random = SplitMix(seed: coalition.words[0] ^ seed << 40)
          return coalition.count % 30 == 0 ? 0 : random.normal()
        }
      }
      // The true values are some hundredths, a small part of the errors: a coalition's noise has a weight of
      // 1 / (s · C(30, s)).
      inside += Double(zip(estimate.values, estimate.halfWidths()).filter { abs($0) <= $1 }.count) / 30 / 8
      share += estimate.smoothShare / 8
    }
    print("noise: covered \(inside), smooth \(share)")
    #expect(share < 0.8)
    #expect(inside > 0.88)
  }

  @Test("a player who changes nothing gets nothing, and twins share alike, within their errors")
  func nullAndTwins() throws {
    let game = try ShapleyTestGame.named("windows-60")
    // Player 60 does nothing; 61 is a twin of 25: evidence of either is that of 25.
    let estimate = try ShapleyEstimate(players: 62, budget: 16 * 62, seed: 2) {
      $0.map { coalition in game.value { coalition[$0] || $0 == 25 && coalition[61] } }
    }
    let (values, errors) = (estimate.values, estimate.standardErrors)
    #expect(abs(values[60]) < 4 * errors[60], "\(values[60]) ± \(errors[60])")
    #expect(abs(values[25] - values[61]) < 4 * (errors[25] + errors[61]))
    #expect(abs(values[25]) > 4 * errors[25], "the twins matter: \(values[25]) ± \(errors[25])")
  }
}
