import Tensor

/// Whether paired differences are about 0: the sign-flip permutation test (Fisher 1935), two-sided.
///
/// If a pair's members could be exchanged, each difference could as well have the other sign. The p-value is the share of all
/// choices of signs whose mean is at least as far from 0 as the one that was found. It assumes nothing of the
/// differences' distribution but that.
public struct PairedTest: Sendable, Equatable {
  /// Pairs.
  public let pairs: Int
  /// Mean of the differences.
  public let meanDifference: Double
  /// Two-sided; at least 2 / 2^pairs where all signs were tried.
  public let pValue: Double
  /// Whether all signs were tried, not only a sample of them.
  public let isExact: Bool

  /// Pairs up to which all signs are tried.
  static let exactLimit = 20

  /// The test of `differences`; nil without any.
  ///
  /// - Parameters:
  ///   - draws: choices of signs that are drawn where there are more than 20 pairs; the one that was found counts as one more.
  ///   - seed: of the draws.
  public init?(_ differences: [Double], draws: Int = 100_000, seed: UInt64 = 0) {
    precondition(draws > 0, "PairedTest: \(draws) draws")
    guard !differences.isEmpty else { return nil }
    let sum = differences.reduce(0, +)
    // Sums of the same numbers in another order differ by rounding.
    let least = abs(sum) - 1e-12 * differences.reduce(0) { $0 + abs($1) }
    pairs = differences.count
    meanDifference = sum / Double(pairs)
    isExact = pairs <= Self.exactLimit
    if isExact {
      // Gray code: one sign changes from choice to choice. Signs all turned give the other half.
      var (signed, current, hits) = (differences, sum, 1)
      for choice in 1..<max(1, 1 << (pairs - 1)) {
        let place = choice.trailingZeroBitCount
        current -= 2 * signed[place]
        signed[place].negate()
        if abs(current) >= least { hits += 1 }
      }
      pValue = Double(hits) / Double(1 << (pairs - 1))
    } else {
      var generator = SplitMix(seed: seed)
      var hits = 1
      for _ in 0..<draws {
        var (current, bits) = (0.0, UInt64(0))
        for (i, difference) in differences.enumerated() {
          if i & 63 == 0 { bits = generator.next() }
          current += bits & 1 == 1 ? difference : -difference
          bits >>= 1
        }
        if abs(current) >= least { hits += 1 }
      }
      pValue = Double(hits) / Double(draws + 1)
    }
  }

  /// p-values of several tests, so corrected that the chance of one false finding among them stays below the level
  /// (Holm 1979).
  public static func holm(_ pValues: [Double]) -> [Double] {
    var corrected = [Double](repeating: 1, count: pValues.count)
    var highest = 0.0
    for (place, i) in pValues.indices.sorted(by: { pValues[$0] < pValues[$1] }).enumerated() {
      highest = max(highest, min(1, Double(pValues.count - place) * pValues[i]))
      corrected[i] = highest
    }
    return corrected
  }
}

extension Bootstrap {
  /// The mean of `values` and its interval: each value is a group by itself. Nil without values.
  public func mean(of values: [Double]) -> Estimate? {
    guard !values.isEmpty else { return nil }
    let means = each(Groups(count: values.count)) { weights in
      zip(weights, values).reduce(0.0) { $0 + Double($1.0) * $1.1 } / Double(values.count)
    }
    return interval(means).map {
      Estimate(value: values.reduce(0, +) / Double(values.count), interval: $0)
    }
  }
}
