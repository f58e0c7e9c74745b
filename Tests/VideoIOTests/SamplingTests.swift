import Testing
import VideoIO

@Suite("Sampling")
struct SamplingTests {
  @Test("frames are evenly spaced from the first to the last, halves rounded up")
  func even() {
    #expect(FrameSampling.indices(count: 5, of: 10) == [0, 2, 5, 7, 9])
    #expect(FrameSampling.indices(count: 2, of: 300) == [0, 299])
    for total in [32, 33, 100, 300, 1_000_003] {
      let indices = FrameSampling.indices(count: 32, of: total)
      let expected = (0..<32).map { Int((Double($0) * Double(total - 1) / 31 + 0.5).rounded(.down)) }
      #expect(indices == expected)
    }
  }

  @Test("one frame is the middle one, more than there are gives all, none gives none")
  func edges() {
    #expect(FrameSampling.indices(count: 1, of: 5) == [2])
    #expect(FrameSampling.indices(count: 1, of: 4) == [2])
    #expect(FrameSampling.indices(count: 1, of: 1) == [0])
    #expect(FrameSampling.indices(count: 9, of: 3) == [0, 1, 2])
    #expect(FrameSampling.indices(count: 3, of: 0).isEmpty)
    #expect(FrameSampling.indices(count: 0, of: 3).isEmpty)
  }
}
