import Foundation

/// A small generator of random numbers (splitmix64, Steele et al. 2014): equal seeds give equal numbers everywhere.
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator; equal seeds give equal numbers.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [0, 1).
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Of mean 0 and variance 1 (Box and Muller 1958).
  public mutating func normal() -> Double {
    let (radius, angle) = ((-2 * log(1 - uniform())).squareRoot(), 2 * Double.pi * uniform())
    return radius * cos(angle)
  }
}
