import Datasets
import Detector
import Evaluation
import Tensor
import WhyFake

/// `evaluation.json`: `Documentation/Schemas/evaluation-1.schema.json`.
struct EvaluationRecord {
  let summary: EvaluationSummary
  let created: String
  let model: ModelInfo?
  let scores: String?
  let folders: [String]
  let split: FaceRecord.Split?
  let half: FaceRecord.Half?
  let temperatureFrom: FaceRecord.Half?
  let problems: [String]
  let seconds: [(stage: String, seconds: Double)]
  let files: [String]

  func json() -> JSONValue {
    [
      "schemaVersion": 1,
      "whyfake": .string(Analyzer.version),
      "created": .string(created),
      "model": model?.json ?? .null,
      "scores": .text(scores),
      "folders": .array(folders.map(JSONValue.string)),
      "split": .text(split?.rawValue),
      "half": .text(half?.rawValue),
      "settings": [
        "threshold": 0,
        "bins": .integer(ClassificationMetrics.Options().bins),
        "resamples": .integer(summary.draws.bootstrap.resamples),
        "level": .number(summary.draws.bootstrap.level),
        "seed": .integer(Int(clamping: summary.draws.bootstrap.seed)),
        "computedBy": .string(ComputeRuntime.summary),
      ],
      "crops": summary.draws.json(),
      "videos": summary.videos?.json() ?? .null,
      "temperature": summary.fit.map(temperature) ?? .null,
      "breakdowns": .array(
        summary.breakdowns.map { breakdown, parts in
          [
            "by": .string(breakdown.dimension.rawValue),
            "unknown": .integer(breakdown.unknown),
            "parts": .array(
              parts.map { part in
                ["name": .string(part.name), "figures": part.draws.json()]
              }),
          ]
        }),
      "reliability": .array(
        zip(summary.reliability.bins, summary.shares).map { bin, interval in
          [
            "lower": .rounded(bin.lower, 6),
            "upper": .rounded(bin.upper, 6),
            "count": .integer(bin.count),
            "meanProbability": .rounded(bin.meanProbability, 6),
            "fakeShare": .rounded(bin.fakeShare, 6),
            "fakeShareInterval": interval.map {
              [.rounded($0.lower, 6), .rounded($0.upper, 6)]
            } ?? .null,
          ]
        }),
      "problems": .array(problems.map(JSONValue.string)),
      "seconds": .object(seconds.map { JSONValue.Member(key: $0.stage, value: .rounded($0.seconds, 4)) }),
      "files": .array(files.map(JSONValue.string)),
    ]
  }

  private func temperature(_ fit: EvaluationSummary.Fit) -> JSONValue {
    [
      "fittedOn": .text(temperatureFrom?.rawValue),
      "crops": .integer(fit.samples),
      "value": .rounded(fit.temperature?.value, 6),
      "logLossBefore": .rounded(fit.temperature?.logLossBefore, 6),
      "logLossAfter": .rounded(fit.temperature?.logLossAfter, 6),
      "platt": fit.platt.map {
        [
          "scale": .rounded($0.scale, 6), "offset": .rounded($0.offset, 6),
          "logLoss": .rounded($0.logLoss, 6),
        ]
      } ?? .null,
      "problem": .text(fit.problem),
      "judged": fit.draws?.json() ?? .null,
    ]
  }
}

extension ModelInfo {
  /// What a record says of a model.
  var json: JSONValue {
    [
      "name": .string(name),
      "architecture": .string(architecture),
      "inputSize": .integer(inputSize),
      "trainingData": .text(trainingData),
      "performance": .text(performance),
      "source": .text(source),
      "licence": .text(licence),
    ]
  }
}

extension Draws {
  /// Counts and figures of one model.
  func json(model: Int = 0) -> JSONValue {
    [
      "count": .integer(metrics[model].count),
      "fakes": .integer(metrics[model].fakes),
      "reals": .integer(metrics[model].reals),
      "originals": .integer(groups),
      "metrics": .object(
        ClassificationMetric.allCases.map {
          JSONValue.Member(key: $0.rawValue, value: estimate($0, model: model)?.json ?? .null)
        }),
    ]
  }
}

extension Estimate {
  /// Value, ends of the interval and resamples.
  var json: JSONValue {
    [
      "value": .rounded(value, 6), "lower": .rounded(interval.lower, 6), "upper": .rounded(interval.upper, 6),
      "resamples": .integer(interval.resamples),
    ]
  }
}
