import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("Figures of a detector")
struct ClassificationMetricsTests {
  @Test("All figures are scikit-learn's, with ties, other thresholds and other bins")
  func goldens() throws {
    for golden in try GoldenCase.all() {
      let metrics = ClassificationMetrics(
        golden.samples, options: .init(threshold: golden.threshold, bins: golden.bins))
      #expect(metrics.count == golden.logit.count && metrics.fakes == golden.label.count { $0 == 1 })
      for metric in ClassificationMetric.allCases {
        let value = try #require(metrics[metric])
        #expect(abs(value - golden.expected(metric)) < 1e-12, "\(golden.name): \(metric)")
      }
    }
  }

  @Test(
    "The threshold changes what is called fake, and the bins the calibration error; neither changes ranks")
  func options() throws {
    let samples = try GoldenCase.all()[1].samples
    let plain = ClassificationMetrics(samples)
    let shifted = ClassificationMetrics(samples, options: .init(threshold: 1))
    let coarse = ClassificationMetrics(samples, options: .init(bins: 2))
    #expect(shifted.truePositiveRate! < plain.truePositiveRate!)
    #expect(shifted.trueNegativeRate! > plain.trueNegativeRate!)
    #expect(shifted.areaUnderROC == plain.areaUnderROC && shifted.calibrationError == plain.calibrationError)
    #expect(coarse.calibrationError != plain.calibrationError)
  }

  @Test("A logit of exactly the threshold is not called fake")
  func atThreshold() {
    let metrics = ClassificationMetrics(makeSamples([0, 0], [true, false]))
    #expect(metrics.truePositiveRate == 0 && metrics.trueNegativeRate == 1)
    #expect(metrics.falseNegativeRate == 1 && metrics.falsePositiveRate == 0)
  }

  @Test("Where a class is missing, what needs it is undefined and the rest is not")
  func oneClass() {
    let fakes = ClassificationMetrics(makeSamples([1, -1, 2], [true, true, true]))
    #expect(fakes.truePositiveRate == 2.0 / 3)
    #expect(fakes.trueNegativeRate == nil && fakes.falsePositiveRate == nil)
    #expect(fakes.balancedAccuracy == nil && fakes.areaUnderROC == nil && fakes.logLoss != nil)
    let reals = ClassificationMetrics(makeSamples([1, -1], [false, false]))
    #expect(reals.averagePrecision == nil && reals.truePositiveRate == nil && reals.trueNegativeRate == 0.5)
    let none = ClassificationMetrics([])
    for metric in ClassificationMetric.allCases { #expect(none[metric] == nil) }
  }

  @Test("Logits that no exponential can hold have a finite, exact log-loss")
  func extremes() throws {
    let metrics = ClassificationMetrics(makeSamples([1000, -1000], [false, true]))
    #expect(metrics.logLoss == 1000 && metrics.brierScore == 1)
    #expect(ClassificationMetrics(makeSamples([1000, -1000], [true, false])).logLoss == 0)
  }

  @Test("The order of samples does not matter")
  func order() throws {
    let samples = try GoldenCase.all()[1].samples
    let (a, b) = (ClassificationMetrics(samples), ClassificationMetrics(samples.reversed()))
    for metric in ClassificationMetric.allCases { #expect(abs(a[metric]! - b[metric]!) < 1e-14) }
  }

  @Test("A video's logit is the mean of its frames', and its other attributes are theirs")
  func videos() {
    func frame(_ i: Int, _ video: String?, _ logit: Double, _ side: Double?) -> ScoredSample {
      ScoredSample(
        name: "f\(i)", logit: logit, isFake: true, group: "g", dataset: "d", video: video, method: "m",
        faceSide: side, compression: "c23", frame: i)
    }
    let videos = [
      frame(0, "a", 1, 100), frame(1, "b", 5, nil), frame(2, "a", 2, nil), frame(3, "a", -6, 50),
      frame(4, nil, 7, 1),
    ].videos
    #expect(videos.map(\.name) == ["a", "b", "f4"])
    #expect(videos.map(\.logit) == [-1, 5, 7])
    #expect(videos[0].faceSide == 75 && videos[1].faceSide == nil && videos[0].frame == nil)
    #expect(videos[0].method == "m" && videos[0].compression == "c23" && videos[0].group == "g")
  }

  @Test("ROC points are scikit-learn's, from none to all")
  func roc() throws {
    for golden in try GoldenCase.all() {
      let curve = try ROCCurve(golden.samples).points
      // Both leave out points on straight lines, scikit-learn not quite all: ours are among its, and give the same area.
      let (alarms, found) = (golden.roc[0], golden.roc[1])
      for point in curve {
        #expect(
          zip(alarms, found).contains {
            abs($0 - point.falsePositiveRate) < 1e-12 && abs($1 - point.truePositiveRate) < 1e-12
          }, "\(golden.name): \(point)")
      }
      let area = zip(curve, curve.dropFirst()).reduce(0.0) { sum, pair in
        sum + (pair.1.falsePositiveRate - pair.0.falsePositiveRate)
          * (pair.1.truePositiveRate + pair.0.truePositiveRate) / 2
      }
      #expect(abs(area - golden.areaUnderROC) < 1e-12)
      #expect(curve.first?.threshold == .infinity && curve.last?.truePositiveRate == 1)
    }
  }

  @Test("Precision and recall are scikit-learn's at every distinct logit")
  func precisionRecall() throws {
    for golden in try GoldenCase.all() {
      let curve = try PrecisionRecallCurve(golden.samples).points
      let (precision, recall) = (golden.precisionRecall[0], golden.precisionRecall[1])
      #expect(curve.count >= precision.count)
      for (point, (precision, recall)) in zip(curve, zip(precision, recall)) {
        #expect(abs(point.precision - precision) < 1e-12 && abs(point.recall - recall) < 1e-12)
      }
    }
    #expect(throws: EvaluationError.self) { try ROCCurve(makeSamples([1], [true])) }
    #expect(throws: EvaluationError.self) { try PrecisionRecallCurve([]) }
  }

  @Test("A breakdown by method sets each method's fakes against the real samples of its datasets")
  func methods() throws {
    func sample(_ name: String, _ fake: Bool, _ dataset: String, _ method: String?) -> ScoredSample {
      ScoredSample(name: name, logit: 0, isFake: fake, group: name, dataset: dataset, method: method)
    }
    let samples = [
      sample("r1", false, "a", nil), sample("r2", false, "b", nil), sample("f1", true, "a", "swap"),
      sample("f2", true, "b", "mouth"), sample("f3", true, "b", nil),
    ]
    let breakdown = try #require(Breakdown(samples, by: .method))
    #expect(breakdown.parts.map(\.name) == ["mouth", "swap"] && breakdown.unknown == 1)
    #expect(breakdown.parts.map { $0.samples.map(\.name) } == [["f2", "r2"], ["f1", "r1"]])
    #expect(Breakdown(samples, by: .compression) == nil)
    #expect(Breakdown(samples, by: .dataset)?.parts.map(\.samples.count) == [2, 3])
  }

  @Test("Face sides are parted into thirds, or at the given edges")
  func faceSides() throws {
    let samples = (0..<9).map {
      ScoredSample(name: "\($0)", logit: 0, isFake: $0 % 2 == 0, group: "\($0)", faceSide: Double(100 + $0))
    }
    let thirds = try #require(Breakdown(samples, by: .faceSide))
    #expect(thirds.parts.map(\.samples.count) == [3, 3, 3])
    #expect(thirds.parts.map(\.name) == ["below 103 pixels", "103 to below 106 pixels", "106 to 108 pixels"])
    let given = try #require(Breakdown(samples, by: .faceSide, edges: [101]))
    #expect(given.parts.map(\.samples.count) == [1, 8])
  }
}
