extension Bootstrap {
  /// Where a curve lies in most resamples, at given places of its horizontal axis.
  public struct Band: Sendable, Equatable {
    /// Places of the horizontal axis.
    public let positions: [Double]
    /// The interval at each.
    public let intervals: [Interval]
  }

  /// The rate of fakes found at each of `positions`, false-alarm rates in [0, 1]; straight between the points of each
  /// resample's curve.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes.
  public func rocBand(_ samples: [ScoredSample], at positions: [Double] = Self.grid) throws(EvaluationError)
    -> Band
  {
    try band(samples, positions) { points, fakes, reals in
      var next = 0
      return positions.map { position in
        let wanted = position * reals
        while next < points.count - 1, points[next].reals < wanted { next += 1 }
        let upper = points[next]
        guard next > 0, upper.reals > wanted else {
          // The highest point of a vertical part.
          var last = next
          while last < points.count - 1, points[last + 1].reals <= wanted { last += 1 }
          return points[last].fakes / fakes
        }
        let lower = points[next - 1]
        let share = (wanted - lower.reals) / (upper.reals - lower.reals)
        return (lower.fakes + share * (upper.fakes - lower.fakes)) / fakes
      }
    }
  }

  /// The precision at each of `positions`, shares of fakes found in (0, 1]: that of the highest threshold that finds as
  /// many.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes.
  public func precisionBand(
    _ samples: [ScoredSample], at positions: [Double] = Array(Self.grid.dropFirst())
  ) throws(EvaluationError) -> Band {
    try band(samples, positions) { points, fakes, _ in
      var next = 0
      return positions.map { position in
        while next < points.count - 1, points[next].fakes < position * fakes - 1e-9 { next += 1 }
        return points[next].fakes / (points[next].fakes + points[next].reals)
      }
    }
  }

  /// The interval of the share of fakes in each of the curve's bins, which stay where they are; nil for a bin that no
  /// resample has samples in.
  public func shareIntervals(
    _ curve: ReliabilityCurve, _ samples: [ScoredSample]
  ) throws(EvaluationError) -> [Interval?] {
    guard !samples.isEmpty else { throw EvaluationError(.empty, "there are no samples") }
    precondition(
      curve.places.count == samples.count,
      "shareIntervals: a curve of \(curve.places.count) samples, \(samples.count) given")
    let groups = Groups(samples)
    let shares = each(groups) { weights in
      var all = [Double](repeating: 0, count: curve.bins.count)
      var fakes = all
      for (i, sample) in samples.enumerated() {
        let weight = Double(weights[Int(groups.indices[i])])
        all[curve.places[i]] += weight
        if sample.isFake { fakes[curve.places[i]] += weight }
      }
      return zip(fakes, all).map { $1 > 0 ? $0 / $1 : .nan }
    }
    return curve.bins.indices.map { bin in interval(shares.map { $0[bin] }) }
  }

  /// 0, 0.01 … 1.
  public static let grid = (0...100).map { Double($0) / 100 }

  private func band(
    _ samples: [ScoredSample], _ positions: [Double],
    _ values:
      @Sendable (_ points: [(fakes: Double, reals: Double)], _ fakes: Double, _ reals: Double) -> [Double]
  ) throws(EvaluationError) -> Band {
    try samples.requireBothClasses()
    precondition(
      positions.allSatisfy { (0...1).contains($0) }
        && zip(positions, positions.dropFirst()).allSatisfy { $0 <= $1 },
      "Bootstrap: positions \(positions) are not increasing shares")
    let groups = Groups(samples)
    let ranking = Ranking(samples, groups: groups.indices, options: .init())
    let curves = each(groups) { weights in
      var points = [(fakes: 0.0, reals: 0.0)]
      var (fakes, reals) = (0.0, 0.0)
      for entry in ranking.entries {
        let weight = Double(weights[Int(entry.group)])
        if entry.isFake { fakes += weight } else { reals += weight }
        if entry.endsTie, fakes + reals > points.last!.fakes + points.last!.reals {
          points.append((fakes, reals))
        }
      }
      guard fakes > 0, reals > 0 else { return [Double](repeating: .nan, count: positions.count) }
      return values(points, fakes, reals)
    }
    let intervals = positions.indices.map { i in interval(curves.map { $0[i] }) }
    guard !intervals.contains(nil) else {
      throw EvaluationError(.oneClass, "no resample has samples of both classes; more originals are needed")
    }
    return Band(positions: positions, intervals: intervals.compactMap(\.self))
  }
}
