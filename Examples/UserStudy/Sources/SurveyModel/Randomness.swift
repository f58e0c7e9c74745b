/// A stream of random numbers that a seed decides: SplitMix64 (Steele, Lea & Flood 2014). Not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The stream of `seed`, and of `stream` among those of this seed.
  public init(seed: UInt64, stream: UInt64 = 0) {
    var mixer = SeededGenerator(state: seed)
    self.init(state: mixer.next() ^ (stream &* 0xD1B5_4A32_D192_ED03))
  }

  private init(state: UInt64) { self.state = state }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
