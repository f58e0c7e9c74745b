import Evaluation
public import Foundation
public import SurveyModel

/// Votes that somebody counted, without who gave them: what the slides show.
///
/// Each vote is taken for a coin, and votes of one person are not independent: a p from counts alone is too small where people keep to a
/// taste.
public struct VoteCounts: Sendable, Equatable, Encodable {
  /// An explainer and its votes.
  public struct Count: Sendable, Equatable, Encodable {
    /// The explainer.
    public let explainer: String
    /// Its votes of all, with the interval of independent votes.
    public let share: Share
  }

  /// Two explainers and the exact two-sided binomial test of their votes.
  public struct Pair: Sendable, Equatable, Encodable {
    /// The one.
    public let first: String
    /// The other.
    public let second: String
    /// Its wins are votes of the first, its losses those of the second.
    public internal(set) var test: SignTest
  }

  /// By explainer.
  public let counts: [Count]
  /// By pair.
  public let pairs: [Pair]
  /// Of intervals.
  public let level: Double

  /// From a CSV with the columns `explainer` and `votes`.
  ///
  /// - Throws: ``SurveyError``: fewer than two, a number that is none, nothing counted.
  public init(_ data: Data, path: String, level: Double) throws(SurveyError) {
    let table = try CSVRows(data, path: path)
    let places = try table.places(["explainer", "votes"])
    var votes: [(name: String, votes: Int)] = []
    for row in table.rows {
      let (name, text) = (row.cells[places["explainer"]!], row.cells[places["votes"]!])
      guard let count = Int(text), (0...1_000_000).contains(count), !name.isEmpty,
        !votes.contains(where: { $0.name == name })
      else {
        throw SurveyError("row \(row.number) is to have another explainer and a number of votes", path: path)
      }
      votes.append((name, count))
    }
    guard votes.count >= 2 else {
      throw SurveyError("is to count the votes of two explainers or more", path: path)
    }
    try self.init(votes, level: level, path: path)
  }

  init(_ votes: [(name: String, votes: Int)], level: Double, path: String? = nil) throws(SurveyError) {
    let all = votes.reduce(0) { $0 + $1.votes }
    self.level = level
    counts = votes.compactMap { vote in
      Share(count: vote.votes, of: all, level: level).map { Count(explainer: vote.name, share: $0) }
    }
    guard counts.count == votes.count else { throw SurveyError("counts no vote", path: path) }
    let pairings = votes.indices.flatMap { i in votes.indices.filter { $0 > i }.map { (i, $0) } }
    let tests = pairings.map { SignTest(wins: votes[$0].votes, losses: votes[$1].votes) }
    let corrected = PairedTest.holm(tests.map(\.pValue))
    pairs = pairings.indices.map { k in
      var test = tests[k]
      test.corrected = corrected[k]
      return Pair(first: votes[pairings[k].0].name, second: votes[pairings[k].1].name, test: test)
    }
  }
}
