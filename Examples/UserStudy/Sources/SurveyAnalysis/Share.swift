/// A share with its interval.
public struct Share: Sendable, Equatable, Codable {
  /// How an interval was made.
  public enum Method: String, Sendable, Codable {
    /// Linearised variance over people, Student's t with people − 1 degrees of freedom, cut at 0 and 1.
    case people
    /// Clopper & Pearson 1934, exact for independent answers: where there is one person, or no difference between people.
    case answers
  }

  /// How often it was so.
  public let count: Int
  /// Of how many.
  public let total: Int
  /// `count / total`.
  public let value: Double
  /// Of the value; nil for intervals over answers.
  public let standardError: Double?
  /// The interval's lower end.
  public let lower: Double
  /// The interval's upper end.
  public let upper: Double
  /// How the interval was made.
  public let method: Method
  /// How many people gave the answers.
  public let people: Int

  /// The share Σ counts / Σ totals over people; nil where there is nothing to count.
  ///
  /// Answers of one person belong together, so the variance is that of people's sums (Cochran 1977, section 6.3, without his
  /// correction for a finite population): with e_i = c_i − r·n_i, G/(G − 1)·Σe_i²/(Σn_i)². That is ordinary least squares on an
  /// intercept with errors clustered by person, as statsmodels has it.
  ///
  /// - Parameters:
  ///   - counts: of each person, how often it was so, and of how many.
  ///   - level: of the interval, such as 0.95.
  public init?(_ counts: [(count: Int, total: Int)], level: Double) {
    let counts = counts.filter { $0.total > 0 }
    let (count, total) = counts.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.total) }
    guard total > 0 else { return nil }
    let (n, share) = (Double(total), Double(count) / Double(total))
    let groups = Double(counts.count)
    let squares = counts.reduce(0.0) { sum, person in
      let residual = Double(person.count) - share * Double(person.total)
      return sum + residual * residual
    }
    (self.count, self.total, value, people) = (count, total, share, counts.count)
    guard counts.count > 1, squares > 1e-18 * n * n else {
      (standardError, method) = (nil, .answers)
      (lower, upper) = Share.exactInterval(count, of: total, level: level)
      return
    }
    let error = (groups / (groups - 1) * squares).squareRoot() / n
    let reach = Distributions.studentQuantile(level: level, freedom: groups - 1) * error
    (standardError, method) = (error, .people)
    (lower, upper) = (max(0, share - reach), min(1, share + reach))
  }

  /// The share of independent answers.
  public init?(count: Int, of total: Int, level: Double) {
    guard total > 0 else { return nil }
    (self.count, self.total, value) = (count, total, Double(count) / Double(total))
    (standardError, method, people) = (nil, .answers, total)
    (lower, upper) = Share.exactInterval(count, of: total, level: level)
  }

  /// The interval of Clopper & Pearson.
  static func exactInterval(_ count: Int, of total: Int, level: Double) -> (lower: Double, upper: Double) {
    let (k, n, tail) = (Double(count), Double(total), (1 - level) / 2)
    return (
      count == 0 ? 0 : Distributions.betaQuantile(tail, k, n - k + 1),
      count == total ? 1 : Distributions.betaQuantile(1 - tail, k + 1, n - k)
    )
  }
}

/// A mean over people or videos with the interval of Student's t.
public struct Mean: Sendable, Equatable, Codable {
  /// The mean.
  public let value: Double
  /// Its standard error.
  public let standardError: Double
  /// The interval's lower end.
  public let lower: Double
  /// The interval's upper end.
  public let upper: Double
  /// Of how many values.
  public let count: Int

  /// The mean of two or more values; nil of fewer.
  public init?(_ values: [Double], level: Double, within range: ClosedRange<Double>) {
    guard values.count > 1 else { return nil }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let error = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1) / n).squareRoot()
    let reach = Distributions.studentQuantile(level: level, freedom: n - 1) * error
    (value, standardError, count) = (mean, error, values.count)
    (lower, upper) = (max(range.lowerBound, mean - reach), min(range.upperBound, mean + reach))
  }
}
