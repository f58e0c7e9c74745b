internal import Tensor

/// The Shapley values of one cooperative game, estimated from the values of few of its 2^n coalitions, in rounds, so that a
/// caller may stop when the standard errors are small enough.
///
/// Leverage SHAP (Musco and Witter 2024, arXiv 2410.01917), but that it starts with a chain of coalitions, balances the
/// others, and fits by generalised least squares, which uses that similar coalitions have similar interactions. Nothing
/// is shrunk: `Documentation/ShapleyEstimator.md` says what is fitted and how well it does.
///
/// ```swift
/// var game = try ShapleyGame(players: 40, budget: 320, seed: 1)
/// while case let round = game.next(), !round.isEmpty {
///   game.record(round.map(value))
/// }
/// let estimate = try game.estimate()
/// ```
///
/// Coalitions are evaluated in complementary pairs, none twice. Where all 2^n of them are within the budget, all are
/// evaluated and the values are exact. The same seed gives the same coalitions. A game whose value is a sum over the
/// players is solved exactly at every budget.
public struct ShapleyGame: Sendable {
  /// n.
  public let players: Int
  /// Evaluations at most, the empty and the full coalition included.
  public let budget: Int

  /// One or both coalitions of a pair.
  struct Pair: Sendable {
    var coalition: Coalition
    /// v(coalition).
    var value: Double
    /// v(complement), where it was evaluated.
    var complementValue: Double?
  }

  /// What was evaluated, but for the empty and the full coalition; complements follow their coalitions.
  private(set) var pairs: [Pair] = []
  /// v(nobody).
  private(set) var empty = 0.0
  /// v(all).
  private(set) var full = 0.0
  /// All values by the coalition's bits, where all are evaluated.
  private(set) var table: [Double] = []
  private(set) var design: CoalitionDesign
  /// Coalitions that were handed out and whose values are awaited.
  private var awaited: [Coalition] = []
  private var recorded = 0

  /// A game of which nothing is known yet.
  ///
  /// - Parameters:
  ///   - players: n, at least 1.
  ///   - budget: evaluations at most: at least n + 1, or 2^n where that is less. From 2n on they are complementary
  ///     pairs, and an odd last one is left unused.
  ///   - seed: the same gives the same coalitions.
  /// - Throws: ``ExplanationError`` where the budget is too small or there are no players.
  public init(players: Int, budget: Int, seed: UInt64) throws(ExplanationError) {
    guard players > 0 else {
      throw ExplanationError("a Shapley game has at least one player; this one has \(players)")
    }
    let enough = Self.enumerates(players, within: budget)
    guard enough || budget > players else {
      throw ExplanationError(
        "a budget of \(budget) evaluations is too small for \(players) players; give at least \(players + 1)"
      )
    }
    self.players = players
    self.budget = budget
    design = CoalitionDesign(players: players, seed: seed)
    isEnumerated = enough
  }

  /// Whether all coalitions are evaluated.
  let isEnumerated: Bool

  private static func enumerates(_ players: Int, within budget: Int) -> Bool {
    players < 40 && 1 << players <= budget
  }

  /// Evaluations recorded so far.
  public var evaluations: Int { recorded }

  /// The next coalitions to evaluate; none when the budget is spent or every coalition is known. The first are nobody
  /// and everybody. The first round takes up to four evaluations a player, each later one two, so that after every round there are
  /// standard errors.
  public mutating func next() -> [Coalition] {
    precondition(awaited.isEmpty, "ShapleyGame.next: the values of the last round were not recorded")
    awaited = recorded == 0 ? firstRound() : laterRound(evaluations: 2 * players)
    return awaited
  }

  /// Takes the values of the last round's coalitions, in the same order.
  public mutating func record(_ values: [Double]) {
    precondition(
      values.count == awaited.count,
      "ShapleyGame.record: \(values.count) values for \(awaited.count) coalitions")
    defer {
      recorded += values.count
      awaited = []
    }
    if isEnumerated {
      table = values
      return
    }
    var start = 0
    if recorded == 0 {
      (empty, full) = (values[0], values[1])
      start = 2
    }
    for i in start..<max(values.count, start) {
      if let last = pairs.last, last.complementValue == nil, awaited[i] == last.coalition.complement {
        pairs[pairs.count - 1].complementValue = values[i]
      } else {
        pairs.append(Pair(coalition: awaited[i], value: values[i]))
      }
    }
  }

  /// The Shapley values from what was recorded so far.
  ///
  /// - Throws: ``ExplanationError`` where nothing was recorded yet, or a value is not finite or too large to
  ///   compute with.
  /// - Complexity: O(m³) for m pairs of coalitions.
  public func estimate() throws(ExplanationError) -> ShapleyEstimate {
    guard recorded > 0 else { throw ExplanationError("no coalition of the game has been evaluated yet") }
    guard
      empty.isFinite && full.isFinite && table.allSatisfy(\.isFinite)
        && pairs.allSatisfy({ $0.value.isFinite && $0.complementValue?.isFinite ?? true })
    else { throw ExplanationError("the value of a coalition is not a finite number") }
    let estimate = isEnumerated ? enumerated() : regressed()
    guard estimate.values.allSatisfy({ $0.isFinite }) else {
      throw ExplanationError("the values of the coalitions are too large to compute with")
    }
    return estimate
  }

  private mutating func firstRound() -> [Coalition] {
    if isEnumerated {
      return (0..<1 << players).map { bits in
        var coalition = Coalition(players: players)
        for i in 0..<players where bits >> i & 1 == 1 { coalition[i] = true }
        return coalition
      }
    }
    var round = [Coalition(players: players), Coalition(allOf: players)]
    let chain = design.chain()
    // Below two evaluations a player some prefixes go without their complement.
    let complements = min(budget - 2 - chain.count, chain.count)
    for (i, coalition) in chain.enumerated() {
      round.append(coalition)
      if i < complements { round.append(coalition.complement) }
    }
    return round + laterRound(evaluations: 4 * players - round.count, after: round.count)
  }

  private mutating func laterRound(evaluations: Int, after used: Int = 0) -> [Coalition] {
    if isEnumerated { return [] }
    var round: [Coalition] = []
    for _ in 0..<max(0, min(evaluations, budget - recorded - used)) / 2 {
      guard let coalition = design.next() else { break }
      round += [coalition, coalition.complement]
    }
    return round
  }
}

extension ShapleyEstimate {
  /// Plays a whole game: `values` is called for each round with the coalitions to evaluate and gives their values in the same
  /// order.
  ///
  /// - Parameters: as of ``ShapleyGame/init(players:budget:seed:)``.
  /// - Throws: ``ExplanationError`` from the game, and what `values` throws.
  public init(
    players: Int, budget: Int, seed: UInt64, values: (_ coalitions: [Coalition]) throws -> [Double]
  ) throws {
    var game = try ShapleyGame(players: players, budget: budget, seed: seed)
    while case let round = game.next(), !round.isEmpty { game.record(try values(round)) }
    self = try game.estimate()
  }
}
