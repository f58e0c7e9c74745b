internal import Tensor

/// Which coalitions of a game are evaluated, in which order: complementary pairs, none twice.
///
/// The first n − 1 pairs are the prefixes of one random order of the players and their complements: every size once, and
/// a system that least squares can always solve. Afterwards a pair's size class {s, n − s} is the one that is furthest
/// below its share of leverage, which is the same for every size (Musco and Witter 2024), and its coalition the next s
/// players of an endless sequence of random orders, so that every player is in equally many coalitions of a size.
struct CoalitionDesign: Sendable {
  /// n.
  let players: Int
  /// Pairs drawn so far of size min(s, n − s), for s from 0 (none) to n / 2.
  private(set) var drawn: [Int]
  /// The pairs that there are of each size, as a Double because there may be many.
  let population: [Double]
  /// The leverage of a whole size class: 2 for a pair of two sizes, 1 for the middle size of an even n.
  let share: [Double]

  private var random: SplitMix
  private var seen: Set<Coalition> = []
  /// What is left of the current random order of each size class.
  private var queues: [[Int]]

  init(players: Int, seed: UInt64) {
    self.players = players
    let half = players / 2
    drawn = [Int](repeating: 0, count: half + 1)
    queues = [[Int]](repeating: [], count: half + 1)
    var (population, share) = ([0.0], [0.0])
    var binomial = 1.0
    for s in 1..<max(half + 1, 1) {
      binomial *= Double(players - s + 1) / Double(s)
      let middle = 2 * s == players
      population.append(middle ? (binomial / 2).rounded() : binomial.rounded())
      share.append(middle ? 1 : 2)
    }
    self.population = population
    self.share = share
    random = SplitMix(seed: seed)
  }

  /// The n − 1 prefixes of a random order, in random order.
  mutating func chain() -> [Coalition] {
    var prefix = Coalition(players: players)
    var prefixes: [Coalition] = []
    for player in (0..<players).shuffled(using: &random).dropLast() {
      prefix[player] = true
      prefixes.append(prefix)
      seen.insert(canonical(prefix))
      drawn[min(prefixes.count, players - prefixes.count)] += 1
    }
    return prefixes.shuffled(using: &random)
  }

  /// One of the two coalitions of the next pair; nil where all have been drawn.
  mutating func next() -> Coalition? {
    // The class that is furthest behind; the larger one of equals first, where there is most to learn.
    var best: (size: Int, filled: Double)?
    for s in 1..<drawn.count where Double(drawn[s]) < population[s] {
      let filled = (Double(drawn[s]) + 0.5) / share[s]
      if filled <= best?.filled ?? .infinity { best = (s, filled) }
    }
    guard let size = best?.size else { return nil }
    while true {
      let coalition = cut(size)
      if seen.insert(canonical(coalition)).inserted {
        drawn[size] += 1
        return coalition
      }
    }
  }

  /// The next `size` players of the endless sequence of that class. Those that the coalition already has, because a new
  /// order begins within it, wait for the coalition after.
  private mutating func cut(_ size: Int) -> Coalition {
    var coalition = Coalition(players: players)
    var waiting: [Int] = []
    for _ in 0..<size {
      while true {
        if queues[size].isEmpty { queues[size] = (0..<players).shuffled(using: &random) }
        let player = queues[size].removeLast()
        if coalition[player] {
          waiting.append(player)
        } else {
          coalition[player] = true
          break
        }
      }
    }
    queues[size] += waiting
    return coalition
  }

  /// The one of the pair that has player 0.
  private func canonical(_ coalition: Coalition) -> Coalition {
    coalition[0] ? coalition : coalition.complement
  }
}
