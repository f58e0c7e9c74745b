import Evaluation
import Foundation

/// What an evaluation found, computed once for text, record and figures.
struct EvaluationSummary {
  /// A temperature and what it does.
  struct Fit {
    let samples: Int
    /// Nil where there is none; then `problem` says why.
    let temperature: Temperature?
    let problem: String?
    let platt: PlattScaling?
    /// The judged samples with it.
    let cooled: [ScoredSample]
    let draws: Draws?
  }

  /// One part of a breakdown.
  struct Part {
    let name: String
    let draws: Draws
  }

  let samples: [ScoredSample]
  let draws: Draws
  /// Of videos, where one has more than one crop.
  let videos: Draws?
  let fit: Fit?
  let breakdowns: [(breakdown: Breakdown, parts: [Part])]
  let reliability: ReliabilityCurve
  let shares: [Interval?]
  private let bootstrap: Bootstrap

  /// - Parameters:
  ///   - samples: what is judged, at least one.
  ///   - fit: what a temperature is fitted on.
  init(_ samples: [ScoredSample], bootstrap: Bootstrap, faceSizes: [Double]?, fit: [ScoredSample]?) throws {
    self.samples = samples
    self.bootstrap = bootstrap
    draws = try bootstrap.draws(of: samples)
    let videos = samples.videos
    self.videos = videos.count < samples.count ? try bootstrap.draws(of: videos) : nil
    breakdowns = try Breakdown.Dimension.allCases.compactMap { dimension in
      guard let breakdown = Breakdown(samples, by: dimension, edges: faceSizes) else { return nil }
      let parts = try breakdown.parts.map {
        Part(name: $0.name, draws: try bootstrap.draws(of: $0.samples))
      }
      return (breakdown, parts)
    }
    self.fit = try fit.map { try Self.fit($0, to: samples, bootstrap) }
    reliability = ReliabilityCurve(samples, binning: .equalCount(10))
    shares = try bootstrap.shareIntervals(reliability, samples)
  }

  private static func fit(
    _ fitting: [ScoredSample], to samples: [ScoredSample], _ bootstrap: Bootstrap
  ) throws -> Fit {
    do {
      let temperature = try Temperature(fitting: fitting)
      let cooled = samples.cooled(by: temperature.value)
      return Fit(
        samples: fitting.count, temperature: temperature, problem: nil,
        platt: try? PlattScaling(fitting: fitting),
        cooled: cooled, draws: try bootstrap.draws(of: cooled))
    } catch {
      return Fit(
        samples: fitting.count, temperature: nil, problem: error.message, platt: nil, cooled: [], draws: nil)
    }
  }

  /// What cannot be said because a class is missing.
  var oneClass: String? {
    let metrics = draws.metrics[0]
    guard metrics.fakes == 0 || metrics.reals == 0 else { return nil }
    return
      "all \(Words.count(metrics.count, "crop")) are \(metrics.fakes > 0 ? "fake" : "real"): what needs both "
      + "classes is not defined"
  }

  /// Charts and the names of their files.
  func figures() throws -> [(name: String, figure: LineFigure)] {
    var figures: [(String, LineFigure)] = []
    if oneClass == nil {
      figures.append(("roc.svg", try .roc(samples, bootstrap: bootstrap)))
      figures.append(("precision-recall.svg", try .precisionRecall(samples, bootstrap: bootstrap)))
    }
    var others: [(String, [ScoredSample])] = []
    if let fit, let temperature = fit.temperature {
      others = [("with temperature \(Words.fixed(temperature.value, 2))", fit.cooled)]
    }
    figures.append(
      (
        "reliability.svg",
        try .reliability(
          samples, name: others.isEmpty ? "detector" : "as it is", others: others, bootstrap: bootstrap)
      ))
    return figures
  }

  // MARK: Text

  /// What is printed.
  func lines(subject: String, selection: String) -> [String] {
    let metrics = draws.metrics[0]
    var lines = [
      subject,
      "\(selection.isEmpty ? "" : selection + ": ")\(Words.grouped(metrics.count)) crops, "
        + "\(Words.grouped(metrics.fakes)) fake and \(Words.grouped(metrics.reals)) real, of "
        + (draws.groups == 1 ? "1 original" : "\(Words.grouped(draws.groups)) originals"), "",
    ]
    var columns = [("by crop", draws)]
    if let videos { columns.append(("by video (\(Words.grouped(videos.metrics[0].count)))", videos)) }
    lines += table(
      [""] + columns.map(\.0),
      ClassificationMetric.allCases.map { metric in
        [metric.words] + columns.map { $0.1.shown(metric) }
      })
    if let fit { lines += fitLines(fit) }
    for (breakdown, parts) in breakdowns {
      lines.append("")
      let unknown =
        breakdown.unknown > 0 ? [[breakdown.unknown == 1 ? "1 unknown" : "\(breakdown.unknown) unknown"]] : []
      lines += table(
        [breakdown.dimension.words, "crops", "fake", "balanced accuracy", "ROC AUC", "log-loss"],
        parts.map { part in
          let metrics = part.draws.metrics[0]
          return [part.name, "\(metrics.count)", "\(metrics.fakes)"]
            + [.balancedAccuracy, .areaUnderROC, .logLoss].map { part.draws.shown($0) }
        } + unknown)
    }
    lines += [
      "",
      "[\(percent(bootstrap.level)) intervals by \(Words.grouped(bootstrap.resamples)) resamples of originals; that of the "
        + "calibration error lies high]",
    ]
    return lines
  }

  private func percent(_ share: Double) -> String {
    let percent = share * 100
    return Words.fixed(percent, abs(percent - percent.rounded()) < 1e-9 ? 0 : 1) + " %"
  }

  private func fitLines(_ fit: Fit) -> [String] {
    guard let temperature = fit.temperature, let after = fit.draws else {
      return ["", "no temperature: \(fit.problem ?? "")"]
    }
    var first =
      "temperature \(Words.fixed(temperature.value, 4)), fitted on \(Words.grouped(fit.samples)) other crops: "
      + "log-loss there \(Words.fixed(temperature.logLossBefore, 4)), with it "
      + Words.fixed(temperature.logLossAfter, 4)
    if let platt = fit.platt {
      first +=
        "; scale \(Words.fixed(platt.scale, 4)) and offset \(Words.number(platt.offset, 4)) would give "
        + Words.fixed(platt.logLoss, 4)
    }
    return ["", first]
      + table(
        ["", "as it is", "with the temperature"],
        [.logLoss, .brierScore, .calibrationError].map { [$0.words, draws.shown($0), after.shown($0)] })
  }
}

/// Rows under a header, columns two blanks apart.
func table(_ header: [String], _ rows: [[String]]) -> [String] {
  let all = [header] + rows
  let widths = header.indices.map { column in all.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
  }
  return all.map { row in
    let cells = row.enumerated().map { i, cell in
      cell + String(repeating: " ", count: widths[i] - cell.count)
    }
    let line = cells.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}

extension Draws {
  /// A figure with its interval, such as `0.8812 [0.8655, 0.8961]`; `-` where it is not defined.
  func shown(_ metric: ClassificationMetric, model: Int = 0) -> String {
    estimate(metric, model: model).map(\.shown) ?? "-"
  }
}

extension Estimate {
  /// `0.8812 [0.8655, 0.8961]`.
  var shown: String {
    "\(Words.fixed(value, 4)) [\(Words.fixed(interval.lower, 4)), \(Words.fixed(interval.upper, 4))]"
  }

  /// `+0.0102 [−0.0021, +0.0230]`.
  var shownDifference: String {
    func signed(_ value: Double) -> String {
      let rounded = (value * 1e4).rounded() / 1e4
      return rounded == 0 ? "0.0000" : (rounded > 0 ? "+" : "") + Words.number(rounded, 4)
    }
    return "\(signed(value)) [\(signed(interval.lower)), \(signed(interval.upper))]"
  }
}

extension Breakdown.Dimension {
  var words: String {
    switch self {
    case .dataset: "dataset"
    case .method: "method"
    case .faceSide: "face size"
    case .compression: "compression"
    }
  }
}
