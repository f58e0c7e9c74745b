import Explainers
import Foundation
import Tensor
import Testing

@Suite struct ShapleyGameTests {
  private func play(
    _ players: Int, _ budget: Int, seed: UInt64 = 1, _ value: (Coalition) -> Double
  ) throws -> ShapleyEstimate {
    try ShapleyEstimate(players: players, budget: budget, seed: seed) { $0.map(value) }
  }

  /// A game of `n` players of which every coalition has a value of its own.
  private func randomGame(_ n: Int, seed: UInt64 = 1) -> (Coalition) -> Double {
    var random = SplitMix(seed: seed)
    let values = (0..<1 << n).map { _ in random.normal() }
    return { values[Int($0.words[0])] }
  }

  /// Shapley's definition: the mean over all orders, here by the sizes of what a player joins.
  private func bruteForce(_ n: Int, _ value: (Coalition) -> Double) -> [Double] {
    func factorial(_ k: Int) -> Double { (1...max(k, 1)).reduce(1) { $0 * Double($1) } }
    return (0..<n).map { i in
      var phi = 0.0
      for bits in 0..<1 << n where bits >> i & 1 == 0 {
        var coalition = Coalition(players: n)
        for j in 0..<n where bits >> j & 1 == 1 { coalition[j] = true }
        var joined = coalition
        joined[i] = true
        let s = coalition.count
        phi += factorial(s) * factorial(n - 1 - s) / factorial(n) * (value(joined) - value(coalition))
      }
      return phi
    }
  }

  private func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }

  @Test("a game that is a sum is solved exactly at every budget", arguments: [1, 2, 3, 4, 5, 7, 12, 60, 101])
  func additive(n: Int) throws {
    var random = SplitMix(seed: UInt64(n))
    let phi = (0..<n).map { _ in random.normal() }
    for budget in Set([n + 1, n + 2, 2 * n - 1, 2 * n, 2 * n + 1, 2 * n + 2, 3 * n, 4 * n, 8 * n])
    where budget > n {
      let estimate = try play(n, budget) { c in 0.7 + (0..<n).reduce(0) { $0 + (c[$1] ? phi[$1] : 0) } }
      let difference = distance(estimate.values, phi)
      #expect(difference < 1e-10, "\(n) players, \(budget) evaluations: \(difference)")
      #expect(estimate.evaluations <= budget)
      #expect(abs(estimate.completenessGap) < 1e-12)
    }
  }

  @Test("twelve players enumerated are as by Shapley's definition")
  func enumeration() throws {
    let value = randomGame(12)
    let estimate = try play(12, 4096, value)
    let difference = distance(estimate.values, bruteForce(12, value))
    print("enumeration: largest difference \(difference)")
    #expect(difference < 1e-12)
    #expect(estimate.isExact && estimate.evaluations == 4096)
    #expect(estimate.standardErrors.allSatisfy { $0 == 0 } && estimate.halfWidths().allSatisfy { $0 == 0 })
  }

  @Test("one player and few players are exact where all coalitions fit", arguments: 1...6)
  func small(n: Int) throws {
    let value = randomGame(n, seed: UInt64(n))
    let estimate = try play(n, 1 << n, value)
    #expect(estimate.isExact)
    #expect(distance(estimate.values, bruteForce(n, value)) < 1e-13)
  }

  @Test("every budget of few players is valid, kept, complete and free of repetitions", arguments: 2...8)
  func everyBudget(n: Int) throws {
    let value = randomGame(n, seed: 40 + UInt64(n))
    for budget in n + 1...1 << n {
      var game = try ShapleyGame(players: n, budget: budget, seed: 5)
      var seen: Set<Coalition> = []
      while case let round = game.next(), !round.isEmpty {
        for coalition in round { #expect(seen.insert(coalition).inserted) }
        game.record(round.map(value))
        let estimate = try game.estimate()
        #expect(estimate.values.allSatisfy { $0.isFinite })
        #expect(estimate.standardErrors.allSatisfy { $0 >= 0 })
        #expect(abs(estimate.completenessGap) < 1e-12)
      }
      #expect(seen.count == game.evaluations && seen.count <= budget)
      // At most half a pair is left, or one where only all of them would be more.
      #expect(budget - seen.count <= 1)
    }
  }

  @Test(
    "with all pairs but one the error is what that one can add: the standard errors say so, on the safe side")
  func nearlyAll() throws {
    var (squares, expected) = (0.0, 0.0)
    for seed in 1...40 as ClosedRange<UInt64> {
      let value = randomGame(7, seed: seed)
      let estimate = try play(7, 126, seed: seed, value)
      #expect(!estimate.isExact && estimate.evaluations == 126)
      for (a, b) in zip(estimate.values, bruteForce(7, value)) { squares += (a - b) * (a - b) }
      expected += estimate.standardErrors.reduce(0) { $0 + $1 * $1 }
    }
    print("all pairs but one: error² over its estimate \(squares / expected)")
    #expect(squares / expected > 0.2 && squares / expected < 1.2)
  }

  @Test("a budget below n + 1 is refused, unless it holds all coalitions")
  func refusals() throws {
    #expect(throws: ExplanationError.self) { try ShapleyGame(players: 10, budget: 10, seed: 1) }
    #expect(throws: ExplanationError.self) { try ShapleyGame(players: 0, budget: 10, seed: 1) }
    #expect(throws: ExplanationError.self) { try ShapleyGame(players: 1, budget: 1, seed: 1) }
    _ = try ShapleyGame(players: 10, budget: 11, seed: 1)
    let unplayed = try ShapleyGame(players: 3, budget: 8, seed: 1)
    #expect(throws: ExplanationError.self) { try unplayed.estimate() }
  }

  @Test("a value that is not finite is an error", arguments: [Double.nan, .infinity])
  func notFinite(bad: Double) throws {
    for (n, budget) in [(3, 8), (20, 100)] {
      for place in [0, 1, 5] {
        var game = try ShapleyGame(players: n, budget: budget, seed: 1)
        let round = game.next()
        game.record(round.indices.map { $0 == place ? bad : 1 })
        #expect(throws: ExplanationError.self) { try game.estimate() }
      }
    }
  }

  @Test("values too large to compute with are an error, not a result")
  func tooLarge() throws {
    for (n, budget) in [(4, 16), (20, 100)] {
      #expect(throws: ExplanationError.self) {
        try play(n, budget) { $0[0] ? 1.7e308 : -1.7e308 }
      }
    }
  }

  @Test("the first round begins with nobody and everybody, and the rest are complementary pairs")
  func pairs() throws {
    var game = try ShapleyGame(players: 70, budget: 701, seed: 9)
    var (round, all, rounds) = (game.next(), [Coalition](), 0)
    #expect(round[0].count == 0 && round[1].count == 70)
    while !round.isEmpty {
      all += round
      rounds += 1
      game.record(round.map { Double($0.count) })
      round = game.next()
    }
    #expect(rounds > 2 && all.count == 700 && Set(all).count == 700 && game.evaluations == 700)
    for i in stride(from: 2, to: all.count, by: 2) { #expect(all[i + 1] == all[i].complement) }
    // Leverage: every size as often, but for one.
    var counts = [Int](repeating: 0, count: 71)
    for coalition in all.dropFirst(2) { counts[coalition.count] += 1 }
    #expect(counts[1..<70].max()! - counts[1..<70].min()! <= 2)
  }

  @Test("the same seed gives the same estimate, another one another")
  func seeds() throws {
    let value = randomGame(11)
    let first = try play(11, 100, seed: 3, value)
    let second = try play(11, 100, seed: 3, value)
    #expect(first.values == second.values && first.standardErrors == second.standardErrors)
    #expect(try play(11, 100, seed: 4, value).values != first.values)
  }

  @Test(
    "values four times as large give four times the estimate and its errors, to the bit; a shift gives nothing"
  )
  func scaling() throws {
    let value = randomGame(11)
    let (one, four) = (try play(11, 200, value), try play(11, 200) { 4 * value($0) })
    #expect(four.values == one.values.map { 4 * $0 })
    #expect(four.standardErrors == one.standardErrors.map { 4 * $0 })
    let shifted = try play(11, 200) { value($0) + 1 }
    #expect(distance(shifted.values, one.values) < 1e-12)
  }

  @Test("intervals are Student's: 12.706 errors at one degree of freedom, 1.960 at very many")
  func intervals() throws {
    let value = randomGame(12, seed: 8)
    for budget in [26, 60, 1000] {
      let estimate = try play(12, budget, value)
      let t = estimate.halfWidths()[0] / estimate.standardErrors[0]
      let known = [1.0: 12.7062, 18: 2.1009, 488: 1.9648][estimate.degreesOfFreedom]
      #expect(abs(t - (known ?? 0)) < 2e-4, "\(estimate.degreesOfFreedom): \(t)")
      let wider = estimate.halfWidths(confidence: 0.99)[0]
      #expect(wider > estimate.halfWidths()[0])
    }
    #expect(try play(12, 24, value).standardErrors.allSatisfy { $0 == .infinity })
  }

  @Test("coalitions: bits, complement and count, beyond one word")
  func coalitions() {
    var coalition = Coalition(players: 101)
    #expect(coalition.count == 0 && coalition.complement == Coalition(allOf: 101))
    coalition[0] = true
    coalition[100] = true
    #expect(coalition.count == 2 && coalition[100] && !coalition[99])
    #expect(coalition.complement.count == 99 && coalition.complement.complement == coalition)
    coalition[100] = false
    #expect(coalition.words == [1, 0])
    #expect(Coalition(allOf: 64).words == [UInt64.max] && Coalition(allOf: 3).words == [7])
  }
}
