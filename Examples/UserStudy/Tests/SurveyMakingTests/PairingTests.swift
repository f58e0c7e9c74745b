import Foundation
import SurveyModel
import Testing

@testable import SurveyMaking

struct PairingTests {
  private func pool(real: [Set<String>], fake: [Set<String>]) -> [PoolVideo] {
    real.enumerated().map { PoolVideo(name: "r\($0)", path: "", label: .real, people: $1) }
      + fake.enumerated().map { PoolVideo(name: "f\($0)", path: "", label: .fake, people: $1) }
  }

  /// The three originals of FaceForensics++ and fifteen fakes of them, and four videos of DFDC.
  private var small: [PoolVideo] {
    let fakes = (0..<5).flatMap { _ in [["183", "253"], ["253", "183"], ["469", "481"]].map(Set.init) }
    return pool(real: [["183"], ["253"], ["469"], ["a"], ["b"]], fake: fakes + [["c"], ["d"]])
  }

  @Test(
    "a pair shares nobody, no pair is there twice, and no video is used more often than stated",
    arguments: 0..<20)
  func rules(seed: UInt64) throws {
    let videos = small
    for (reuse, possible) in [(1, 5), (2, 10), (3, 15), (4, 20), (5, 25)] {
      let pairs = try Pairing(videos, count: nil, reuse: reuse, seed: seed).pairs
      #expect(pairs.count == possible && Set(pairs).count == possible)
      for pair in pairs {
        #expect(videos[pair.real].label == .real && videos[pair.fake].label == .fake)
        #expect(videos[pair.real].people.isDisjoint(with: videos[pair.fake].people))
      }
      for uses in [Dictionary(grouping: pairs, by: \.real), Dictionary(grouping: pairs, by: \.fake)] {
        #expect(uses.values.allSatisfy { $0.count <= reuse })
      }
    }
  }

  @Test("videos are used as seldom as they can be")
  func evenly() throws {
    let videos = small
    let pairs = try Pairing(videos, count: 17, reuse: 10, seed: 3).pairs
    #expect(Dictionary(grouping: pairs, by: \.fake).values.allSatisfy { $0.count == 1 })
    #expect(Dictionary(grouping: pairs, by: \.real).values.allSatisfy { $0.count <= 4 })
  }

  @Test("too few is an error that says how many are possible")
  func tooFew() throws {
    let error = try #require(throws: SurveyError.self) { try Pairing(small, count: 20, reuse: 1, seed: 0) }
    #expect(
      error.message
        == "of 5 real and 17 fake videos, each used at most once, 5 sections are possible without a person on both sides, "
        + "not 20; ask for fewer, raise --reuse, or add videos")
    #expect(throws: SurveyError.self) {
      try Pairing(pool(real: [["a"]], fake: [["a", "b"]]), count: nil, reuse: 9, seed: 0)
    }
    #expect(throws: SurveyError.self) { try Pairing([], count: 1, reuse: 1, seed: 0) }
  }

  @Test("the seed decides; another seed draws other pairs")
  func seeds() throws {
    let draws = try (0..<10).map { try Pairing(small, count: 5, reuse: 1, seed: $0).pairs }
    #expect(try Pairing(small, count: 5, reuse: 1, seed: 4).pairs == draws[4])
    #expect(Set(draws).count > 5)
  }

  @Test("as many pairs as there can be, by all ways of a small pool", arguments: 0..<60)
  func most(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let people = ["a", "b", "c", "d"]
    func some(_ least: Int) -> Set<String> {
      Set(people.shuffled(using: &generator).prefix(Int.random(in: least...2, using: &generator)))
    }
    let videos = pool(
      real: (0..<Int.random(in: 1...4, using: &generator)).map { _ in some(1) },
      fake: (0..<Int.random(in: 1...4, using: &generator)).map { _ in some(1) })
    let reuse = Int.random(in: 1...3, using: &generator)
    let edges = videos.indices.flatMap { r in videos.indices.map { (r, $0) } }.filter { r, f in
      videos[r].label == .real && videos[f].label == .fake
        && videos[r].people.isDisjoint(with: videos[f].people)
    }
    // Every set of pairs.
    let best =
      (0..<1 << edges.count).filter { set in
        var uses: [Int: Int] = [:]
        for (i, edge) in edges.enumerated() where set >> i & 1 == 1 {
          uses[edge.0, default: 0] += 1
          uses[edge.1, default: 0] += 1
        }
        return uses.values.allSatisfy { $0 <= reuse }
      }.map(\.nonzeroBitCount).max() ?? 0
    if best == 0 {
      #expect(throws: SurveyError.self) { try Pairing(videos, count: nil, reuse: reuse, seed: seed) }
    } else {
      #expect(try Pairing(videos, count: nil, reuse: reuse, seed: seed).pairs.count == best)
    }
  }
}
