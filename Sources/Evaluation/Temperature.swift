import Foundation

/// Temperature scaling (Guo et al. 2017): the number that logits are divided by so that σ(logit) is a probability.
///
/// The log-loss is convex in 1/T. Its minimum is found by Newton's method within a bracket.
public struct Temperature: Sendable, Equatable {
  /// T; above 1 where a detector is too sure of itself.
  public let value: Double
  /// Log-loss at T = 1.
  public let logLossBefore: Double
  /// Log-loss at T.
  public let logLossAfter: Double

  /// The temperature with the least log-loss on `samples`.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes, or where no positive temperature is best: the classes
  ///   are separated at logit 0, or logits speak for the wrong class on average.
  public init(fitting samples: [ScoredSample]) throws(EvaluationError) {
    try samples.requireBothClasses()
    let margins = samples.map { $0.isFake ? $0.logit : -$0.logit }
    guard margins.contains(where: { $0 < 0 }) else {
      throw EvaluationError(
        .noMinimum, "every sample is on its own side of logit 0: any lower temperature has a lower log-loss")
    }
    guard margins.reduce(0, +) > 0 else {
      throw EvaluationError(
        .noMinimum, "the logits speak for the wrong class on average: no positive temperature is best")
    }
    /// First and second derivative of the summed loss by the factor 1/T.
    func slopes(_ factor: Double) -> (first: Double, second: Double) {
      var (first, second) = (0.0, 0.0)
      for margin in margins {
        let doubt = Logistic.probability(-factor * margin)
        first -= margin * doubt
        second += margin * margin * doubt * (1 - doubt)
      }
      return (first, second)
    }
    var (low, high) = (0.0, 1.0)
    while slopes(high).first < 0 { (low, high) = (high, 2 * high) }
    var factor = min(max(1, low), high)
    for _ in 0..<200 {
      let (first, second) = slopes(factor)
      if first < 0 { low = factor } else { high = factor }
      let newton = factor - first / second
      let next = newton > low && newton < high ? newton : (low + high) / 2
      let isDone = abs(next - factor) <= 1e-14 * factor
      factor = next
      if isDone { break }
    }
    func loss(_ factor: Double) -> Double {
      margins.reduce(0) { $0 + Logistic.loss(factor * $1) } / Double(margins.count)
    }
    value = 1 / factor
    logLossBefore = loss(1)
    logLossAfter = loss(factor)
  }
}

/// Platt scaling (Platt 1999): σ(scale · logit + offset) with the least log-loss. Not folded into models: the offset
/// follows the share of fakes among the samples, which is not that of the world.
public struct PlattScaling: Sendable, Equatable {
  /// What the logit is multiplied by.
  public let scale: Double
  /// What is added.
  public let offset: Double
  /// Log-loss with both.
  public let logLoss: Double

  /// The scale and offset with the least log-loss on `samples`, by Newton's method with halved steps.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes, or where some logit separates the classes.
  public init(fitting samples: [ScoredSample]) throws(EvaluationError) {
    try samples.requireBothClasses()
    let fakes = samples.filter(\.isFake).map(\.logit)
    let reals = samples.filter { !$0.isFake }.map(\.logit)
    guard fakes.min()! < reals.max()!, reals.min()! < fakes.max()! else {
      throw EvaluationError(.noMinimum, "some logit separates the classes: the log-loss has no minimum")
    }
    func loss(_ a: Double, _ b: Double) -> Double {
      samples.reduce(0) { sum, sample in
        let z = a * sample.logit + b
        return sum + Logistic.loss(sample.isFake ? z : -z)
      }
    }
    var (a, b) = (1.0, 0.0)
    var current = loss(a, b)
    for _ in 0..<100 {
      var (ga, gb, haa, hab, hbb) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for sample in samples {
        let p = Logistic.probability(a * sample.logit + b)
        let (error, weight) = (p - (sample.isFake ? 1 : 0), p * (1 - p))
        ga += error * sample.logit
        gb += error
        haa += weight * sample.logit * sample.logit
        hab += weight * sample.logit
        hbb += weight
      }
      let determinant = haa * hbb - hab * hab
      guard determinant > 0 else { break }
      let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant)
      var step = 1.0
      var next = loss(a - da, b - db)
      while next > current, step > 1e-10 {
        step /= 2
        next = loss(a - step * da, b - step * db)
      }
      guard next <= current else { break }
      (a, b, current) = (a - step * da, b - step * db, next)
      if abs(step * da) + abs(step * db) < 1e-13 * (1 + abs(a) + abs(b)) { break }
    }
    (scale, offset, logLoss) = (a, b, current / Double(samples.count))
  }
}
