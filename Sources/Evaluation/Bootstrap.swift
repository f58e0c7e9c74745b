import Tensor

/// Intervals by the bootstrap (Efron 1979) over groups: originals are drawn with replacement, each with all samples made
/// from it, because samples of one original are not independent.
///
/// Equal seeds give equal intervals, for any number of threads.
public struct Bootstrap: Sendable, Equatable {
  /// How often a set is drawn.
  public var resamples: Int
  /// Share of resamples within the interval, such as 0.95.
  public var level: Double
  /// Seed of the draws.
  public var seed: UInt64

  /// A bootstrap of 1,000 resamples and 95 % unless told otherwise.
  public init(resamples: Int = 1000, level: Double = 0.95, seed: UInt64 = 0) {
    precondition(
      resamples > 0 && level > 0 && level < 1, "Bootstrap: \(resamples) resamples at level \(level)")
    (self.resamples, self.level, self.seed) = (resamples, level, seed)
  }

  /// The figures of every resample of `samples`.
  public func draws(
    of samples: [ScoredSample], options: ClassificationMetrics.Options = .init()
  ) throws(EvaluationError) -> Draws {
    try draws(ofModels: [samples], options: options)
  }

  /// The figures of several models on the same resamples, so that their differences can be judged.
  ///
  /// - Parameter models: of each model the same samples in the same order, with its own logits.
  /// - Throws: ``EvaluationError`` without samples, or if names, labels or groups differ.
  public func draws(
    ofModels models: [[ScoredSample]], options: ClassificationMetrics.Options = .init()
  ) throws(EvaluationError) -> Draws {
    guard let first = models.first, !first.isEmpty else {
      throw EvaluationError(.empty, "there are no samples")
    }
    for (number, other) in models.enumerated().dropFirst() {
      let isPaired =
        other.count == first.count
        && zip(first, other).allSatisfy {
          $0.name == $1.name && $0.isFake == $1.isFake && $0.group == $1.group
        }
      guard isPaired else {
        throw EvaluationError(
          .unpaired, "model \(number + 1) was not judged on the same samples as the first")
      }
    }
    let groups = Groups(first)
    let rankings = models.map { Ranking($0, groups: groups.indices, options: options) }
    let values = each(groups) { weights in rankings.map { $0.values(weights: weights) } }
    return Draws(
      bootstrap: self, groups: groups.count,
      metrics: models.map { ClassificationMetrics($0, options: options) }, values: values)
  }

  /// The interval of values of the same figure in all resamples; those where it is not defined are NaN and left out.
  func interval(_ values: [Double]) -> Interval? {
    let sorted = values.filter { !$0.isNaN }.sorted()
    guard !sorted.isEmpty else { return nil }
    func quantile(_ share: Double) -> Double {
      let place = share * Double(sorted.count - 1)
      let below = Int(place)
      let above = min(below + 1, sorted.count - 1)
      return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }
    return Interval(
      lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2), resamples: sorted.count)
  }

  /// `body` of every resample, given how often each group was drawn.
  func each<R: Sendable>(_ groups: Groups, _ body: (_ weights: [Int32]) -> R) -> [R] {
    var generator = SplitMix(seed: seed)
    let seeds = (0..<resamples).map { _ in generator.next() }
    return ComputeRuntime.map(resamples) { resample in
      var generator = SplitMix(seed: seeds[resample])
      var weights = [Int32](repeating: 0, count: groups.count)
      for _ in 0..<groups.count { weights[Int(generator.uniform() * Double(groups.count))] += 1 }
      return body(weights)
    }
  }

  /// The groups of samples by number.
  struct Groups {
    let indices: [Int32]
    let count: Int

    /// Each by itself.
    init(count: Int) { (indices, self.count) = ((0..<count).map(Int32.init), count) }

    init(_ samples: [ScoredSample]) {
      var numbers: [String: Int32] = [:]
      indices = samples.map { sample in
        if let number = numbers[sample.group] { return number }
        let next = Int32(numbers.count)
        numbers[sample.group] = next
        return next
      }
      count = numbers.count
    }
  }
}

/// Where a figure lies in most resamples: percentiles of the bootstrap.
public struct Interval: Sendable, Hashable, Codable {
  /// The lower end.
  public let lower: Double
  /// The upper end.
  public let upper: Double
  /// Resamples in which the figure was defined.
  public let resamples: Int

  /// An interval from its parts.
  public init(lower: Double, upper: Double, resamples: Int) {
    (self.lower, self.upper, self.resamples) = (lower, upper, resamples)
  }
}

/// A figure and its interval.
public struct Estimate: Sendable, Hashable, Codable {
  /// On the samples as they are.
  public let value: Double
  /// Over resamples of their groups.
  public let interval: Interval

  /// An estimate from its parts.
  public init(value: Double, interval: Interval) { (self.value, self.interval) = (value, interval) }
}

/// All figures of all resamples: any interval can be read from it.
public struct Draws: Sendable {
  /// How they were drawn.
  public let bootstrap: Bootstrap
  /// Groups that were drawn from.
  public let groups: Int
  /// The figures of each model on the samples as they are.
  public let metrics: [ClassificationMetrics]
  /// By resample, model and metric.
  let values: [[[Double]]]

  /// A figure of a model; nil where it is not defined.
  public func estimate(_ metric: ClassificationMetric, model: Int = 0) -> Estimate? {
    guard let value = metrics[model][metric],
      let interval = bootstrap.interval(values.map { $0[model][metric.place] })
    else { return nil }
    return Estimate(value: value, interval: interval)
  }

  /// How much higher a figure is of `model` than of `base`, on the same samples; nil where it is not defined.
  public func difference(_ metric: ClassificationMetric, of model: Int, from base: Int = 0) -> Estimate? {
    guard let value = metrics[model][metric], let other = metrics[base][metric],
      let interval = bootstrap.interval(values.map { $0[model][metric.place] - $0[base][metric.place] })
    else { return nil }
    return Estimate(value: value - other, interval: interval)
  }
}
