import Explainers
import Tensor
import TestSupport
import Testing

@Suite("Baselines")
struct BaselineTests {
  typealias Toys = BlackBoxToys

  @Test("the hill is the same for every clip of a size, highest in the middle, alike in four directions")
  func centre() throws {
    let maps = try [UInt64(1), 2].map {
      try CentrePrior().explain(Toys.clip(frames: 2, size: 9, seed: $0), for: .fake).relevance().values
    }
    #expect(maps[0] == maps[1] && maps[0][0, 4, 4] == 1)
    for i in 0..<9 {
      for j in 0..<9 {
        let value = maps[0][1, i, j]
        #expect(value == maps[0][0, j, i] && abs(value - maps[0][1, 8 - i, j]) < 1e-6)
        if i < 4 { #expect(value < maps[0][1, i + 1, j]) }
      }
    }
  }

  @Test("noise depends on the seed and the crops, and is uniform")
  func random() throws {
    let clip = Toys.clip(frames: 30, size: 14)
    let map = try RandomMap(seed: 5).explain(clip, for: .real)
    #expect(try RandomMap(seed: 5).explain(clip, for: .fake).values == map.values)
    let other = try RandomMap(seed: 5).explain(Toys.clip(frames: 30, size: 14, seed: 9), for: .real)
    #expect(other.values != map.values)
    #expect(try RandomMap(seed: 6).explain(clip, for: .real).values != map.values)
    #expect(map.values.shape == [30, 7, 7] && map.relevance().values.shape == [30, 14, 14])
    let values = map.values.elements.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    #expect(abs(mean - 0.5) < 0.03 && abs(variance - 1.0 / 12) < 0.01)
  }
}
