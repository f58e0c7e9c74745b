import Foundation

/// Estimated Shapley values of one game, and how sure they are.
public struct ShapleyEstimate: Sendable {
  /// φ of each player, in the unit of the game's values. They sum up to v(all) − v(nobody).
  public let values: [Double]
  /// The standard error of each value: 0 where every coalition is known, infinite where there are too few evaluations to
  /// tell, which is so up to two for each player.
  public let standardErrors: [Double]
  /// Whether every coalition was evaluated, so that the values are exact.
  public let isExact: Bool
  /// The evaluations that it rests on, the empty and the full coalition included.
  public let evaluations: Int
  /// v(all) − v(nobody) − Σφ: rounding only.
  public let completenessGap: Double
  /// What is left to learn the errors from: pairs of coalitions less what was fitted. 0 where it is exact or there is
  /// nothing left.
  public let degreesOfFreedom: Double
  /// τ in [0, 1): which share of what the players' interactions add was taken to change slowly from one coalition to the
  /// next, rather than at random; the one that makes the recorded values most likely. 0 is plain Leverage SHAP.
  public let smoothShare: Double

  /// The largest standard error.
  public var largestStandardError: Double { standardErrors.max() ?? 0 }

  /// Half the width of each player's confidence interval: the standard error times Student's t.
  ///
  /// - Parameter confidence: above 0 and below 1.
  public func halfWidths(confidence: Double = 0.95) -> [Double] {
    precondition(confidence > 0 && confidence < 1, "halfWidths: confidence \(confidence)")
    if isExact { return standardErrors }
    guard degreesOfFreedom > 0 else { return standardErrors.map { _ in .infinity } }
    let t = StudentT.quantile((1 + confidence) / 2, degreesOfFreedom: degreesOfFreedom)
    return standardErrors.map { $0 * t }
  }

  /// The largest standard error that `factor` times the evaluations would leave, if the game goes on as it did: in
  /// inverse proportion to the square root of the degrees of freedom. Where interactions are smooth it gets smaller
  /// than that. Where every error is infinite nothing is predicted: infinite.
  public func predictedLargestError(evaluationsTimes factor: Double) -> Double {
    precondition(factor >= 1, "predictedLargestError: factor \(factor)")
    guard degreesOfFreedom > 0 else { return largestStandardError }
    let further = degreesOfFreedom + Double(evaluations) / 2 * (factor - 1)
    return largestStandardError * (degreesOfFreedom / further).squareRoot()
  }
}

/// Student's t distribution.
enum StudentT {
  /// The value that the distribution stays below with probability `p`, for p from 0.5 on; by bisection.
  static func quantile(_ p: Double, degreesOfFreedom: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    while distribution(high, degreesOfFreedom: degreesOfFreedom) < p && high < 1e9 { high *= 2 }
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if distribution(middle, degreesOfFreedom: degreesOfFreedom) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The probability to stay below `t`, which is at least 0.
  static func distribution(_ t: Double, degreesOfFreedom v: Double) -> Double {
    1 - incompleteBeta(v / (v + t * t), v / 2, 0.5) / 2
  }

  /// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8).
  private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let scale: Double = lgamma(a + b) - lgamma(a) - lgamma(b)
    let front: Double = exp(scale + a * log(x) + b * log(1 - x)) / a
    // Lentz's method.
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var result = d
    for m in 1...500 {
      let k = Double(m)
      let place: Double = a + 2 * k
      let even: Double = k * (b - k) * x / ((place - 1) * place)
      let odd: Double = -(a + k) * (a + b + k) * x / (place * (place + 1))
      for term in [even, odd] {
        d = 1 + term * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + term / c
        c = abs(c) < tiny ? tiny : c
        result *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return front * result
  }
}
