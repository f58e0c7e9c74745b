import Datasets
import Detector
import Evaluation
import Foundation
import Tensor
import WhyFake

/// Several detectors on the same crops: the study's table.
struct ModelComparison {
  /// One detector.
  struct Row {
    let info: ModelInfo
    let architecture: Architecture
    /// Of the detector itself, for each crop, on all threads.
    let milliseconds: Double
  }

  let rows: [Row]
  let draws: Draws
  let folders: [String]
  let split: FaceRecord.Split
  let half: FaceRecord.Half?
  let created: String
  let problems: [String]

  private static let header = [
    "model", "backbone", "attention", "size", "balanced accuracy", "ROC AUC", "log-loss", "ms per crop",
    "Δ balanced accuracy", "Δ ROC AUC",
  ]

  private func cells(_ i: Int) -> [String] {
    let row = rows[i]
    func difference(_ metric: ClassificationMetric) -> String {
      i == 0 ? "-" : draws.difference(metric, of: i).map(\.shownDifference) ?? "-"
    }
    return [
      Terminal.shown(row.info.name), row.architecture.backbone, row.architecture.attentionWords,
      "\(row.info.inputSize)",
      draws.shown(.balancedAccuracy, model: i), draws.shown(.areaUnderROC, model: i),
      draws.shown(.logLoss, model: i),
      Words.fixed(row.milliseconds, 2), difference(.balancedAccuracy), difference(.areaUnderROC),
    ]
  }

  /// For terminals.
  func text(_ selection: String) -> [String] {
    let metrics = draws.metrics[0]
    let trained = rows.map {
      "\(Terminal.shown($0.info.name)) was trained on: \(Terminal.shown($0.info.trainingData ?? "not said"))"
    }
    return [
      "\(selection): \(Words.grouped(metrics.count)) crops, \(Words.grouped(metrics.fakes)) fake and "
        + "\(Words.grouped(metrics.reals)) real, of \(draws.groups == 1 ? "1 original" : "\(Words.grouped(draws.groups)) originals")",
      "",
    ] + table(Self.header, rows.indices.map(cells))
      + ["", "Δ: how much higher than the first model's, on the same crops"] + trained
  }

  /// For documents.
  var markdown: [String] {
    func row(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    return [row(Self.header), row(Self.header.map { _ in "---" })] + rows.indices.map { row(cells($0)) }
  }

  /// For spreadsheets: a row a model, a column a number.
  var csv: String {
    let metrics: [ClassificationMetric] = ClassificationMetric.allCases
    var header = ["name", "backbone", "attention", "size", "crops", "fakes", "originals", "milliseconds"]
    for metric in metrics {
      header += ["", "-lower", "-upper", "-difference", "-difference-lower", "-difference-upper"].map {
        metric.rawValue + $0
      }
    }
    header.append("training-data")
    let lines = rows.indices.map { i in
      let row = rows[i]
      var cells = [
        row.info.name, row.architecture.backbone, row.architecture.attentionWords, "\(row.info.inputSize)",
        "\(draws.metrics[i].count)", "\(draws.metrics[i].fakes)", "\(draws.groups)",
        Words.fixed(row.milliseconds, 4),
      ]
      for metric in metrics {
        for estimate in [draws.estimate(metric, model: i), i == 0 ? nil : draws.difference(metric, of: i)] {
          cells += [estimate?.value, estimate?.interval.lower, estimate?.interval.upper].map {
            $0.map { Words.fixed($0, 6) } ?? ""
          }
        }
      }
      return cells + [row.info.trainingData ?? ""]
    }
    return CSV.text([header] + lines)
  }

  /// `Documentation/Schemas/comparison-1.schema.json`.
  func json() -> JSONValue {
    [
      "schemaVersion": 1,
      "whyfake": .string(Analyzer.version),
      "created": .string(created),
      "folders": .array(folders.map(JSONValue.string)),
      "split": .string(split.rawValue),
      "half": .text(half?.rawValue),
      "settings": [
        "threshold": 0,
        "bins": .integer(ClassificationMetrics.Options().bins),
        "resamples": .integer(draws.bootstrap.resamples),
        "level": .number(draws.bootstrap.level),
        "seed": .integer(Int(clamping: draws.bootstrap.seed)),
        "computedBy": .string(ComputeRuntime.summary),
      ],
      "models": .array(
        rows.indices.map { i in
          [
            "model": rows[i].info.json,
            "backbone": .string(rows[i].architecture.backbone),
            "attention": .string(rows[i].architecture.attentionWords),
            "millisecondsPerCrop": .rounded(rows[i].milliseconds, 4),
            "crops": draws.json(model: i),
            "differences": i == 0
              ? .null
              : .object(
                ClassificationMetric.allCases.map {
                  JSONValue.Member(key: $0.rawValue, value: draws.difference($0, of: i)?.json ?? .null)
                }),
          ]
        }),
      "problems": .array(problems.map(JSONValue.string)),
    ]
  }
}

extension Architecture {
  /// Its name without attention.
  var backbone: String {
    switch self {
    case .efficientNet(let network): "EfficientNetB\(network.index)"
    case .mesoNet: name
    }
  }

  /// Its attention by the name of who described it; `none` for most.
  var attentionWords: String {
    guard case .efficientNet(let network) = self else { return "none" }
    switch network.attention {
    case .none: return "none"
    case .autoAtt: return "AutoAtt"
    case .ltpa: return "LTPA"
    }
  }
}
