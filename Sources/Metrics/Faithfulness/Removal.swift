/// What is taken away from one frame: a set of its pixels, one bit each, row by row.
struct Removal: Sendable, Hashable {
  private(set) var words: [UInt64]

  /// Nothing of a frame of `area` pixels.
  init(area: Int) { words = [UInt64](repeating: 0, count: (area + 63) / 64) }

  subscript(pixel: Int) -> Bool { words[pixel >> 6] >> UInt64(pixel & 63) & 1 == 1 }

  mutating func insert(_ pixel: Int) { words[pixel >> 6] |= 1 << UInt64(pixel & 63) }

  /// All of a frame of `area` pixels that is not in this one.
  func inverted(area: Int) -> Removal {
    var inverted = self
    for i in words.indices { inverted.words[i] = ~words[i] }
    if area & 63 != 0 { inverted.words[words.count - 1] &= (1 << UInt64(area & 63)) - 1 }
    return inverted
  }

  /// Calls `body` with each pixel.
  func forEach(_ body: (Int) -> Void) {
    for (i, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body((i << 6) + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }

  /// Pixels in it.
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
