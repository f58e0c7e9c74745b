import Foundation

extension LineFigure {
  /// The receiver operating characteristic with a band of resampled curves.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes.
  public static func roc(_ samples: [ScoredSample], bootstrap: Bootstrap = Bootstrap())
    throws(EvaluationError)
    -> LineFigure
  {
    let curve = try ROCCurve(samples)
    let band = try bootstrap.rocBand(samples)
    let area = ClassificationMetrics(samples).areaUnderROC ?? .nan
    var figure = square("Receiver operating characteristic", "real ones called fake", "fakes found")
    figure.summary =
      "Share of fakes found against share of real ones called fake, for every threshold; area \(rounded(area))."
    figure.series = [
      Series(name: "chance", points: [Point(0, 0), Point(1, 1)], mark: .dashed, isMuted: true),
      Series(
        name: "area \(rounded(area)), \(percent(bootstrap.level)) band",
        points: curve.points.map { Point($0.falsePositiveRate, $0.truePositiveRate) },
        spans: spans(band)),
    ]
    return figure
  }

  /// Precision against recall with a band of resampled curves.
  ///
  /// - Throws: ``EvaluationError`` without samples of both classes.
  public static func precisionRecall(_ samples: [ScoredSample], bootstrap: Bootstrap = Bootstrap())
    throws(EvaluationError) -> LineFigure
  {
    let curve = try PrecisionRecallCurve(samples)
    let band = try bootstrap.precisionBand(samples)
    let average = ClassificationMetrics(samples).averagePrecision ?? .nan
    var figure = square(
      "Precision and recall", "fakes found (recall)", "fakes among those called fake (precision)")
    figure.summary =
      "Share of fakes among those called fake against share of fakes found; average precision \(rounded(average))."
    // Steps hold up to a point: the first one's begin at recall 0.
    let first = curve.points.first.map { [Point(0, $0.precision)] } ?? []
    figure.series = [
      Series(
        name: "chance", points: [Point(0, curve.base), Point(1, curve.base)], mark: .dashed, isMuted: true),
      Series(
        name: "average \(rounded(average)), \(percent(bootstrap.level)) band",
        points: first + curve.points.map { Point($0.recall, $0.precision) }, mark: .steps, spans: spans(band)),
    ]
    return figure
  }

  /// How often what is called fake with a given probability is one, with intervals.
  ///
  /// - Parameter others: further logits of the same samples, such as with a temperature, each with its name.
  /// - Throws: ``EvaluationError`` without samples.
  public static func reliability(
    _ samples: [ScoredSample], name: String = "detector",
    others: [(name: String, samples: [ScoredSample])] = [],
    binning: ReliabilityCurve.Binning = .equalCount(10), bootstrap: Bootstrap = Bootstrap()
  ) throws(EvaluationError) -> LineFigure {
    var figure = square("Reliability", "mean probability of fake", "share of fakes")
    figure.summary =
      "Share of fakes among samples of about the same probability of fake, against that probability."
    figure.series = [
      Series(name: "ideal", points: [Point(0, 0), Point(1, 1)], mark: .dashed, isMuted: true)
    ]
    for (name, samples) in [(name, samples)] + others {
      let curve = ReliabilityCurve(samples, binning: binning)
      let intervals = try bootstrap.shareIntervals(curve, samples)
      figure.series.append(
        Series(
          name: name, points: curve.bins.map { Point($0.meanProbability, $0.fakeShare) }, mark: .linePoints,
          spans: zip(curve.bins, intervals).compactMap { bin, interval in
            interval.map { Span(bin.meanProbability, $0.lower, $0.upper) }
          }, spanMark: .bars))
    }
    return figure
  }

  private static func square(_ title: String, _ x: String, _ y: String) -> LineFigure {
    var figure = LineFigure(title: title, x: Axis(label: x, range: 0...1), y: Axis(label: y, range: 0...1))
    (figure.width, figure.height) = (480, 500)
    return figure
  }

  private static func spans(_ band: Bootstrap.Band) -> [Span] {
    zip(band.positions, band.intervals).map { Span($0, $1.lower, $1.upper) }
  }

  private static func rounded(_ value: Double) -> String { String(format: "%.3f", value) }

  private static func percent(_ share: Double) -> String { number(share * 100) + " %" }
}
