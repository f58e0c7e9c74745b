import Evaluation
import Foundation
import Tensor
import TestSupport

/// Samples of a golden case of `Tests/Golden/evaluation/metrics.json`, and what is expected of them.
struct GoldenCase: Decodable {
  let name: String
  let threshold: Double
  let bins: Int
  let logit: [Double]
  let label: [Int]
  let balancedAccuracy, areaUnderROC, averagePrecision, logLoss, brierScore, calibrationError: Double
  let truePositiveRate, trueNegativeRate: Double
  let roc: [[Double]]
  let precisionRecall: [[Double]]
  let temperature, logLossAfter: Double
  let platt: [Double]
  let plattLogLoss: Double

  static func all() throws -> [GoldenCase] {
    struct File: Decodable { let cases: [GoldenCase] }
    let data = try Data(contentsOf: URL(fileURLWithPath: Golden.path("evaluation/metrics.json")))
    return try JSONDecoder().decode(File.self, from: data).cases
  }

  var samples: [ScoredSample] { makeSamples(logit, label.map { $0 == 1 }) }

  func expected(_ metric: ClassificationMetric) -> Double {
    switch metric {
    case .balancedAccuracy: balancedAccuracy
    case .areaUnderROC: areaUnderROC
    case .averagePrecision: averagePrecision
    case .logLoss: logLoss
    case .brierScore: brierScore
    case .calibrationError: calibrationError
    case .truePositiveRate: truePositiveRate
    case .trueNegativeRate: trueNegativeRate
    }
  }
}

/// Samples with the given logits, each a group of its own.
func makeSamples(_ logits: [Double], _ fakes: [Bool]) -> [ScoredSample] {
  zip(logits, fakes).enumerated().map { i, pair in
    ScoredSample(name: "s\(i)", logit: pair.0, isFake: pair.1, group: "g\(i)")
  }
}

/// Originals and two fakes of each, whose logits share what the original adds to them: N(±1, 1 + `shared`²).
func makeGroups(_ count: Int, shared: Double, seed: UInt64) -> [ScoredSample] {
  var generator = SplitMix(seed: seed)
  return (0..<count).flatMap { group in
    let common = generator.normal() * shared
    return (0..<3).map { member in
      let centre = member == 0 ? -1.0 : 1
      return ScoredSample(
        name: "\(group).\(member)", logit: centre + common + generator.normal(), isFake: member > 0,
        group: "g\(group)")
    }
  }
}
