/// Whether one of two wins more often than chance: the exact two-sided sign test (Arbuthnott 1710), ties dropped.
public struct SignTest: Sendable, Equatable, Codable {
  /// How often the first won.
  public let wins: Int
  /// How often the second won.
  public let losses: Int
  /// How often neither did, or both.
  public let ties: Int
  /// The probability of a result as unlikely as this one, or less likely, if each is as likely to win: that of `wins` of
  /// `wins + losses` fair coins. 1 without any.
  public let pValue: Double
  /// `pValue` corrected for the number of pairs (Holm 1979).
  public internal(set) var corrected: Double

  /// The test of counts.
  public init(wins: Int, losses: Int, ties: Int = 0) {
    precondition(wins >= 0 && losses >= 0 && ties >= 0, "SignTest: \(wins), \(losses), \(ties)")
    (self.wins, self.losses, self.ties) = (wins, losses, ties)
    let more = max(wins, losses)
    pValue = wins == losses ? 1 : min(1, 2 * Distributions.fairTail(more, of: wins + losses))
    corrected = pValue
  }
}

/// How people prefer one explainer to another.
public struct Preference: Sendable, Equatable, Codable {
  /// The one.
  public let first: String
  /// The other.
  public let second: String
  /// Over answers, as the study counted: a win where only the first was chosen, a tie where both or neither were. Answers of one
  /// person are not independent, so its p is too small where people keep to a taste.
  public internal(set) var answers: SignTest
  /// Over people: who has more wins than losses in all that they answered. People are independent.
  public internal(set) var people: SignTest
  /// Whether people's wins less losses are about 0, by changing their signs: sees by how much, not only which way.
  public internal(set) var signFlip: Double
}
