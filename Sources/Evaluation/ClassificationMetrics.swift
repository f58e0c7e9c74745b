/// One figure of a detector; `fake` is the positive class.
public enum ClassificationMetric: String, Sendable, Hashable, Codable, CaseIterable {
  /// Mean of the two rates of right answers.
  case balancedAccuracy
  /// Area under the receiver operating characteristic: how often a fake's logit is above a real one's, ties half.
  case areaUnderROC
  /// Average precision: Σ (recall − recall before) · precision over the distinct logits from the highest down.
  case averagePrecision
  /// Mean of −ln p(true class).
  case logLoss
  /// Mean of (p(fake) − label)².
  case brierScore
  /// Expected calibration error: the mean over bins of |share of fakes − mean p(fake)|, weighted by samples.
  case calibrationError
  /// Share of fakes called fake.
  case truePositiveRate
  /// Share of real ones called real.
  case trueNegativeRate

  /// Whether more is better.
  public var isGain: Bool {
    switch self {
    case .logLoss, .brierScore, .calibrationError: false
    default: true
    }
  }

  /// Its name in words.
  public var words: String {
    switch self {
    case .balancedAccuracy: "balanced accuracy"
    case .areaUnderROC: "ROC AUC"
    case .averagePrecision: "average precision"
    case .logLoss: "log-loss"
    case .brierScore: "Brier score"
    case .calibrationError: "calibration error"
    case .truePositiveRate: "fakes found"
    case .trueNegativeRate: "real ones cleared"
    }
  }

  var place: Int { Self.allCases.firstIndex(of: self)! }
}

/// The figures of a detector on labelled samples.
///
/// Ranks and averages are scikit-learn's (`roc_auc_score`, `average_precision_score`, `balanced_accuracy_score`,
/// `log_loss`, `brier_score_loss`). A figure that needs a class of which there is no sample is nil. Complexity:
/// O(n log n).
public struct ClassificationMetrics: Sendable, Equatable {
  /// What can be chosen.
  public struct Options: Sendable, Equatable {
    /// A sample is called fake if its logit is above this.
    public var threshold: Double
    /// Bins of equal width that [0, 1] is cut into for the calibration error.
    public var bins: Int

    /// Logit 0 and 15 bins (Guo et al. 2017) unless given.
    public init(threshold: Double = 0, bins: Int = 15) {
      precondition(
        bins > 0 && !threshold.isNaN, "ClassificationMetrics: \(bins) bins, threshold \(threshold)")
      (self.threshold, self.bins) = (threshold, bins)
    }
  }

  /// Samples.
  public let count: Int
  /// Fake ones among them.
  public let fakes: Int
  private let values: [Double]

  /// The figures of `samples`, whose logits must be finite.
  public init(_ samples: [ScoredSample], options: Options = Options()) {
    count = samples.count
    fakes = samples.count(where: \.isFake)
    let ranking = Ranking(samples, groups: [Int32](repeating: 0, count: samples.count), options: options)
    values = ranking.values(weights: [1])
  }

  /// Real samples.
  public var reals: Int { count - fakes }

  /// A figure; nil where it is not defined.
  public subscript(metric: ClassificationMetric) -> Double? {
    let value = values[metric.place]
    return value.isNaN ? nil : value
  }

  /// Mean of the two rates of right answers.
  public var balancedAccuracy: Double? { self[.balancedAccuracy] }
  /// Area under the receiver operating characteristic.
  public var areaUnderROC: Double? { self[.areaUnderROC] }
  /// Average precision.
  public var averagePrecision: Double? { self[.averagePrecision] }
  /// Mean of −ln p(true class), in nats; nil only of no samples.
  public var logLoss: Double? { self[.logLoss] }
  /// Mean squared error of p(fake); nil only of no samples.
  public var brierScore: Double? { self[.brierScore] }
  /// Expected calibration error; nil only of no samples.
  public var calibrationError: Double? { self[.calibrationError] }
  /// Share of fakes called fake.
  public var truePositiveRate: Double? { self[.truePositiveRate] }
  /// Share of real ones called real.
  public var trueNegativeRate: Double? { self[.trueNegativeRate] }
  /// Share of fakes called real.
  public var falseNegativeRate: Double? { truePositiveRate.map { 1 - $0 } }
  /// Share of real ones called fake.
  public var falsePositiveRate: Double? { trueNegativeRate.map { 1 - $0 } }
}
