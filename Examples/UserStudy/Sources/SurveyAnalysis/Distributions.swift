import Foundation

/// Tails and quantiles of the distributions that the tests need, to about twelve digits.
enum Distributions {
  /// I_x(a, b), the regularised incomplete beta function, by its continued fraction (Lentz's method; Press et al., *Numerical
  /// Recipes*, section 6.4).
  static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // The fraction converges fast on this side of the mean only.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    let tiny = 1e-300
    var (c, d) = (1.0, 1 - (a + b) * x / (a + 1))
    d = 1 / (abs(d) < tiny ? tiny : d)
    var fraction = d
    for m in 1...10_000 {
      let k = Double(m)
      for numerator in [
        k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
        -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
      ] {
        d = 1 + numerator * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + numerator / c
        if abs(c) < tiny { c = tiny }
        fraction *= c * d
      }
      if abs(c * d - 1) < 1e-16 { break }
    }
    return front * fraction
  }

  /// The t that Student's distribution with `freedom` degrees of freedom stays within, on both sides, with probability `level`.
  static func studentQuantile(level: Double, freedom: Double) -> Double {
    precondition(level > 0 && level < 1 && freedom > 0, "studentQuantile: level \(level), freedom \(freedom)")
    // P(|T| > t) = I(ν / (ν + t²); ν/2, 1/2) falls with t.
    func beyond(_ t: Double) -> Double { incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) }
    var (low, high) = (0.0, 1.0)
    while beyond(high) > 1 - level { high *= 2 }
    return bisect(&low, &high) { beyond($0) > 1 - level }
  }

  /// The x with I_x(a, b) = p.
  static func betaQuantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    return bisect(&low, &high) { incompleteBeta($0, a, b) < p }
  }

  /// P(χ² ≥ x) with a whole number of degrees of freedom: a finite sum (Abramowitz & Stegun 26.4.4 and 26.4.5).
  static func chiSquareTail(_ x: Double, freedom: Int) -> Double {
    guard x > 0, freedom > 0 else { return 1 }
    let half = x / 2
    var term: Double
    var sum: Double
    var k: Double
    if freedom % 2 == 0 {
      (term, k) = (exp(-half), 0)
      sum = term
    } else {
      sum = erfc(half.squareRoot())
      guard freedom > 1 else { return sum }
      (term, k) = (exp(-half) * half.squareRoot() / (Double.pi.squareRoot() / 2), 0.5)
      sum += term
    }
    while k + 1 < Double(freedom) / 2 {
      k += 1
      term *= half / k
      sum += term
    }
    return min(1, sum)
  }

  /// P(X ≥ k) of n fair coins.
  static func fairTail(_ k: Int, of n: Int) -> Double {
    guard k > 0 else { return 1 }
    guard k <= n else { return 0 }
    // Terms fall from k on where k is beyond the middle; the sum begins with the smallest.
    let whole = lgamma(Double(n) + 1) - Double(n) * log(2)
    var sum = 0.0
    for i in (k...n).reversed() { sum += exp(whole - lgamma(Double(i) + 1) - lgamma(Double(n - i) + 1)) }
    return min(1, sum)
  }

  private static func bisect(_ low: inout Double, _ high: inout Double, _ isBelow: (Double) -> Bool) -> Double
  {
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if middle == low || middle == high { break }
      if isBelow(middle) { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
