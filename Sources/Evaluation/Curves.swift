/// How many fakes are found at the price of how many false alarms: the receiver operating characteristic.
public struct ROCCurve: Sendable, Equatable {
  /// What happens if every logit at or above ``threshold`` is called fake.
  public struct Point: Sendable, Equatable {
    /// Share of real samples called fake.
    public let falsePositiveRate: Double
    /// Share of fakes called fake.
    public let truePositiveRate: Double
    /// The lowest logit that is called fake; infinite at the first point, where none is.
    public let threshold: Double
  }

  /// From (0, 0) to (1, 1); one a distinct logit, those on a straight line between their neighbours left out.
  public let points: [Point]

  /// The curve of `samples`.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes.
  public init(_ samples: [ScoredSample]) throws(EvaluationError) {
    let counts = try Operating.points(of: samples)
    let (fakes, reals) = (counts.last!.fakes, counts.last!.reals)
    var kept: [Operating] = []
    for point in counts {
      // Whole numbers: exact.
      while let b = kept.last, let a = kept.dropLast().last,
        (b.fakes - a.fakes) * (point.reals - b.reals) == (point.fakes - b.fakes) * (b.reals - a.reals)
      {
        kept.removeLast()
      }
      kept.append(point)
    }
    points = kept.map {
      Point(
        falsePositiveRate: Double($0.reals) / Double(reals),
        truePositiveRate: Double($0.fakes) / Double(fakes),
        threshold: $0.threshold)
    }
  }
}

/// How many of those called fake are, at each share of fakes that are found.
public struct PrecisionRecallCurve: Sendable, Equatable {
  /// What happens if every logit at or above ``threshold`` is called fake.
  public struct Point: Sendable, Equatable {
    /// Share of fakes called fake.
    public let recall: Double
    /// Share of fakes among those called fake.
    public let precision: Double
    /// The lowest logit that is called fake.
    public let threshold: Double
  }

  /// By increasing recall, one a distinct logit. Between two points nothing is interpolated: average precision is the
  /// area under the steps.
  public let points: [Point]
  /// Share of fakes among all samples: the precision of a detector that guesses.
  public let base: Double

  /// The curve of `samples`.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes.
  public init(_ samples: [ScoredSample]) throws(EvaluationError) {
    let counts = try Operating.points(of: samples)
    let (fakes, reals) = (counts.last!.fakes, counts.last!.reals)
    base = Double(fakes) / Double(fakes + reals)
    points = counts.dropFirst().map {
      Point(
        recall: Double($0.fakes) / Double(fakes), precision: Double($0.fakes) / Double($0.fakes + $0.reals),
        threshold: $0.threshold)
    }
  }
}

/// How many samples of each class have a logit of at least `threshold`.
struct Operating {
  let fakes, reals: Int
  let threshold: Double

  /// From none to all.
  static func points(of samples: [ScoredSample]) throws(EvaluationError) -> [Operating] {
    try samples.requireBothClasses()
    let ranking = Ranking(samples, groups: [Int32](repeating: 0, count: samples.count), options: .init())
    var points = [Operating(fakes: 0, reals: 0, threshold: .infinity)]
    var (fakes, reals) = (0, 0)
    for entry in ranking.entries {
      if entry.isFake { fakes += 1 } else { reals += 1 }
      if entry.endsTie { points.append(Operating(fakes: fakes, reals: reals, threshold: entry.logit)) }
    }
    return points
  }
}

extension [ScoredSample] {
  func requireBothClasses() throws(EvaluationError) {
    guard !isEmpty else { throw EvaluationError(.empty, "there are no samples") }
    let fakes = count(where: \.isFake)
    guard fakes > 0, fakes < count else {
      throw EvaluationError(
        .oneClass, "all \(count) samples are \(fakes > 0 ? "fake" : "real"); both are needed")
    }
  }
}
