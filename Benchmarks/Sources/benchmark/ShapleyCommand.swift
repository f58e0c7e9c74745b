import ArgumentParser
import Explainers
import Foundation

/// Estimates of Shapley values on games that have known ones; `Benchmarks/shapley.py` sets them beside the peers'.
struct ShapleyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shapley",
    abstract:
      "Shapley values of games that have known ones: errors of each seed, coverage, width and time of each budget."
  )

  @Option(help: "The games.")
  var games: String = "Tests/Golden/shapley/games.json"

  @Option(help: "Seeds from 0 on.")
  var seeds: Int = 50

  @Option(help: "Only games whose name contains this.")
  var only: String?

  @OptionGroup var timing: TimingOptions

  func validate() throws {
    guard seeds > 1 else { throw ValidationError("--seeds is \(seeds); give at least 2.") }
  }

  func run() throws {
    timing.prepare()
    let all = try JSONDecoder().decode([KnownGame].self, from: Data(contentsOf: URL(fileURLWithPath: games)))
    let chosen = all.filter { only.map($0.name.contains) ?? true }
    guard !chosen.isEmpty else { throw Failure("\(games) has no game called \(only ?? "").") }
    for game in chosen {
      for factor in [2, 4, 8, 16, 32] { try measure(game, factor: factor) }
    }
  }

  private func measure(_ game: KnownGame, factor: Int) throws {
    let n = game.players
    let norm = game.shapley.reduce(0) { $0 + $1 * $1 }
    var estimates: [ShapleyEstimate] = []
    var times: [Double] = []
    for seed in 0..<seeds {
      var play = try ShapleyGame(players: n, budget: factor * n, seed: UInt64(seed))
      while case let round = play.next(), !round.isEmpty { play.record(round.map(game.value)) }
      let clock = ContinuousClock()
      var estimate: ShapleyEstimate?
      let time = try clock.measure { estimate = try play.estimate() }
      times.append(time / .milliseconds(1))
      guard let estimate else { continue }
      estimates.append(estimate)
      let error = zip(estimate.values, game.shapley).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / norm
      JSONLine().adding("method", "whyfake").adding("game", game.name).adding("factor", factor)
        .adding("seed", seed).adding("error", error, digits: 12).write()
    }
    // How often the intervals hold the truth, and the mean standard error over the spread of the seeds.
    var (covered, errors, spread, bias) = (0.0, 0.0, 0.0, 0.0)
    for i in 0..<n {
      let values = estimates.map { $0.values[i] }
      let mean = values.reduce(0, +) / Double(seeds)
      spread += (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(seeds - 1)).squareRoot()
      errors += estimates.reduce(0) { $0 + $1.standardErrors[i] } / Double(seeds)
      bias += (mean - game.shapley[i]) * (mean - game.shapley[i])
    }
    for estimate in estimates {
      let widths = estimate.halfWidths()
      for i in 0..<n where abs(estimate.values[i] - game.shapley[i]) <= widths[i] { covered += 1 }
    }
    let smooth = estimates.reduce(0) { $0 + $1.smoothShare } / Double(seeds)
    JSONLine().adding("bench", "shapley").adding("game", game.name).adding("factor", factor)
      .adding("seeds", seeds).adding("covered", covered / Double(n * seeds), digits: 4)
      .adding("width", errors / spread, digits: 4).adding("bias", bias / norm, digits: 12)
      .adding("smooth", smooth).adding("estimate_ms", times.sorted()[times.count / 2])
      .adding("threads", timing.threads).write()
  }
}

/// A game of `Tests/Golden/shapley/games.json`; its script says what the terms are.
private struct KnownGame: Decodable {
  let name: String
  let players: Int
  let shapley: [Double]
  let all: [Term]?
  let any: [Term]?
  let tanh: Saturation?

  /// A number and the players that it depends on.
  struct Term: Decodable {
    let worth: Double
    let players: [Int]

    init(from decoder: any Decoder) throws {
      let numbers = try decoder.singleValueContainer().decode([Double].self)
      worth = numbers.first ?? 0
      players = numbers.dropFirst().map { Int($0) }
    }
  }

  struct Saturation: Decodable {
    let scale: Double
    let gain: Double
    let bias: Double
    let weights: [Double]
  }

  func value(_ coalition: Coalition) -> Double {
    var result = 0.0
    for term in all ?? [] where term.players.allSatisfy({ coalition[$0] }) { result += term.worth }
    for term in any ?? [] where term.players.contains(where: { coalition[$0] }) { result += term.worth }
    if let tanh {
      let sum = (0..<players).reduce(tanh.bias) { $0 + (coalition[$1] ? tanh.weights[$1] : 0) }
      result += tanh.scale * Foundation.tanh(tanh.gain * sum)
    }
    return result
  }
}
