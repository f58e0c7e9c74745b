/// What share of samples is fake where the detector says that a given share is.
public struct ReliabilityCurve: Sendable, Equatable {
  /// How samples are put together.
  public enum Binning: Sendable, Hashable {
    /// [0, 1] in so many parts of equal width; parts without samples are left out.
    case equalWidth(Int)
    /// So many bins of as equal numbers of samples as ties allow.
    case equalCount(Int)
  }

  /// Samples of about the same probability.
  public struct Bin: Sendable, Equatable {
    /// The least probability that belongs here; the least that is here, of equal counts.
    public let lower: Double
    /// The upper end, or the highest that is here.
    public let upper: Double
    /// Samples.
    public let count: Int
    /// Mean probability of fake.
    public let meanProbability: Double
    /// Share of fakes.
    public let fakeShare: Double
  }

  /// By increasing probability; none is empty.
  public let bins: [Bin]
  /// Of each sample, in the order given: its bin.
  let places: [Int]

  /// The curve of `samples`.
  public init(_ samples: [ScoredSample], binning: Binning) {
    let order = samples.indices.sorted {
      samples[$0].logit != samples[$1].logit ? samples[$0].logit < samples[$1].logit : $0 < $1
    }
    let probabilities = order.map { samples[$0].probability }
    var ranges: [(range: Range<Int>, lower: Double, upper: Double)] = []
    switch binning {
    case .equalWidth(let count):
      precondition(count > 0, "ReliabilityCurve: \(count) bins")
      var start = 0
      for bin in 0..<count {
        var end = start
        while end < order.count, min(count - 1, Int(probabilities[end] * Double(count))) == bin { end += 1 }
        if end > start {
          ranges.append((start..<end, Double(bin) / Double(count), Double(bin + 1) / Double(count)))
        }
        start = end
      }
    case .equalCount(let count):
      precondition(count > 0, "ReliabilityCurve: \(count) bins")
      var start = 0
      for bin in 0..<count {
        var end = max(start, order.count * (bin + 1) / count)
        // Equal logits stay together.
        while end > 0, end < order.count, samples[order[end]].logit == samples[order[end - 1]].logit {
          end += 1
        }
        if end > start { ranges.append((start..<end, probabilities[start], probabilities[end - 1])) }
        start = end
      }
    }
    var places = [Int](repeating: 0, count: samples.count)
    bins = ranges.enumerated().map { bin, part in
      for place in part.range { places[order[place]] = bin }
      let count = Double(part.range.count)
      return Bin(
        lower: part.lower, upper: part.upper, count: part.range.count,
        meanProbability: part.range.reduce(0) { $0 + probabilities[$1] } / count,
        fakeShare: Double(part.range.count { samples[order[$0]].isFake }) / count)
    }
    self.places = places
  }

  /// The mean over bins of |share of fakes − mean probability|, weighted by samples; nil of no samples.
  public var calibrationError: Double? {
    let count = bins.reduce(0) { $0 + $1.count }
    guard count > 0 else { return nil }
    return bins.reduce(0) { $0 + Double($1.count) * abs($1.fakeShare - $1.meanProbability) } / Double(count)
  }
}
