/// A set of players of a cooperative game, such as the segments of a picture that keep their colour.
public struct Coalition: Sendable, Hashable {
  /// n, the players of the game.
  public let players: Int
  /// Player i is bit i % 64 of word i / 64; bits from `players` on are 0.
  public private(set) var words: [UInt64]

  /// Nobody, of a game of `players`.
  public init(players: Int) {
    precondition(players >= 0, "Coalition: \(players) players")
    self.players = players
    words = [UInt64](repeating: 0, count: (players + 63) / 64)
  }

  /// Everybody, of a game of `players`.
  public init(allOf players: Int) {
    self = Coalition(players: players).complement
  }

  /// Whether player `i` is in it.
  public subscript(i: Int) -> Bool {
    get {
      precondition(i >= 0 && i < players, "Coalition: player \(i) of \(players)")
      return words[i >> 6] >> UInt64(i & 63) & 1 == 1
    }
    set {
      precondition(i >= 0 && i < players, "Coalition: player \(i) of \(players)")
      let bit = UInt64(1) << UInt64(i & 63)
      if newValue { words[i >> 6] |= bit } else { words[i >> 6] &= ~bit }
    }
  }

  /// The players that are not in it.
  public var complement: Coalition {
    var result = self
    for i in words.indices { result.words[i] = ~words[i] }
    if players & 63 != 0 { result.words[words.count - 1] &= (UInt64(1) << UInt64(players & 63)) - 1 }
    return result
  }

  /// How many players are in it.
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
