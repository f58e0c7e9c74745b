public import SurveyModel

/// Pairs of a real and a fake video that share nobody, no pair twice, no video more often than stated.
///
/// That is a flow of unit edges through a bipartite graph, found by augmenting paths (Ford & Fulkerson 1956), so what it says is
/// possible is the most that is. It first finds how seldom a fake can be used, then how seldom a real video, and draws among what
/// is left by the seed.
public struct Pairing: Sendable {
  /// A pair, as places in the pool.
  public struct Pair: Sendable, Hashable {
    /// The real video.
    public var real: Int
    /// The fake one.
    public var fake: Int
  }

  /// As many as were asked for.
  public let pairs: [Pair]

  /// Pairs of `videos`.
  ///
  /// - Parameters:
  ///   - videos: the pool.
  ///   - count: how many; nil is as many as there are.
  ///   - reuse: how often one video may be used, at least 1.
  ///   - seed: of what is drawn.
  /// - Throws: ``SurveyError`` that says how many are possible, if `count` are not.
  public init(_ videos: [PoolVideo], count: Int?, reuse: Int, seed: UInt64) throws(SurveyError) {
    precondition(reuse >= 1, "Pairing: \(reuse) uses of a video")
    var generator = SeededGenerator(seed: seed, stream: 1)
    let graph = Graph(
      videos, reals: videos.indices.filter { videos[$0].label == .real }.shuffled(using: &generator),
      fakes: videos.indices.filter { videos[$0].label == .fake }.shuffled(using: &generator))
    let wanted = count ?? .max
    let most = graph.flow(realUses: reuse, fakeUses: reuse, upTo: wanted)
    guard most.count > 0, count == nil || most.count == wanted else {
      throw SurveyError(
        Self.tooFew(videos, possible: most.count, wanted: count, reuse: reuse))
    }
    func isEnough(_ realUses: Int, _ fakeUses: Int) -> Bool {
      graph.flow(realUses: realUses, fakeUses: fakeUses, upTo: most.count).count == most.count
    }
    let fakeUses = (1...reuse).first { isEnough(reuse, $0) } ?? reuse
    let realUses = (1...reuse).first { isEnough($0, fakeUses) } ?? reuse
    pairs = graph.flow(realUses: realUses, fakeUses: fakeUses, upTo: most.count).shuffled(using: &generator)
  }

  private static func tooFew(_ videos: [PoolVideo], possible: Int, wanted: Int?, reuse: Int) -> String {
    let (real, fake) = (videos.count { $0.label == .real }, videos.count { $0.label == .fake })
    let times = reuse == 1 ? "once" : "\(reuse) times"
    return "of \(real) real and \(fake) fake videos, each used at most \(times), "
      + (possible == 1 ? "1 section is" : "\(possible) sections are")
      + " possible without a person on both sides"
      + (wanted.map { ", not \($0)" } ?? "")
      + (possible == 0 ? "; add videos of other people" : "; ask for fewer, raise --reuse, or add videos")
  }
}

/// Who may stand beside whom.
private struct Graph {
  let videos: [PoolVideo]
  let reals: [Int]
  let fakes: [Int]

  init(_ videos: [PoolVideo], reals: [Int], fakes: [Int]) {
    (self.videos, self.reals, self.fakes) = (videos, reals, fakes)
  }

  /// As many pairs as there can be, up to `limit`.
  func flow(realUses: Int, fakeUses: Int, upTo limit: Int) -> [Pairing.Pair] {
    var state = State(graph: self, realUses: realUses)
    var open = fakes
    for _ in 0..<fakeUses {
      // A fake that finds no path once finds none later.
      open = open.filter { fake in
        state.total < limit && state.augment(fake)
      }
    }
    return state.pairs
  }

  private struct State {
    let graph: Graph
    let realUses: Int
    /// The fakes beside each real video.
    var partners: [Int: [Int]] = [:]
    var total = 0

    var pairs: [Pairing.Pair] {
      graph.reals.flatMap { real in (partners[real] ?? []).map { Pairing.Pair(real: real, fake: $0) } }
    }

    /// One more pair for `fake`, others moved if they must.
    mutating func augment(_ fake: Int) -> Bool {
      // Breadth first: reals reached, each by a fake that would move to it.
      var reachedBy: [Int: Int] = [:]
      var takenFrom: [Int: Int] = [:]
      var queue = [fake]
      var seen: Set<Int> = [fake]
      var next = 0
      while next < queue.count {
        let mover = queue[next]
        next += 1
        for real in graph.reals
        where reachedBy[real] == nil && !(partners[real] ?? []).contains(mover)
          && graph.videos[mover].people.isDisjoint(with: graph.videos[real].people)
        {
          reachedBy[real] = mover
          if (partners[real] ?? []).count < realUses {
            settle(real, reachedBy, takenFrom, root: fake)
            total += 1
            return true
          }
          for other in partners[real] ?? [] where seen.insert(other).inserted {
            takenFrom[other] = real
            queue.append(other)
          }
        }
      }
      return false
    }

    private mutating func settle(
      _ last: Int, _ reachedBy: [Int: Int], _ takenFrom: [Int: Int], root: Int
    ) {
      var real = last
      while let mover = reachedBy[real] {
        partners[real, default: []].append(mover)
        guard mover != root, let old = takenFrom[mover] else { return }
        partners[old]?.removeAll { $0 == mover }
        real = old
      }
    }
  }
}
