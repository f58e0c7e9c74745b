import Evaluation
import ExplanationMetrics
import Explainers
import Foundation

/// The study's table, and what stands beside it.
struct ComparisonTable {
  let settings: Comparison.Settings
  /// A video's results by explainer.
  private let rows: [(video: Comparison.Video, results: [String: ComparedExplanation])]
  private let bootstrap = Bootstrap()

  init(_ comparison: Comparison, _ store: ResultStore) throws {
    settings = comparison.settings
    rows = try comparison.videos.map { video in
      let results = try video.results.map { explainer, key in
        guard let result = store.read(key) else {
          throw Failure("\(Terminal.shown(store.path(key))) is not there; run compare again")
        }
        return (explainer, result)
      }
      return (video, Dictionary(uniqueKeysWithValues: results))
    }
  }

  /// A metric's values of an explainer, by the position of the video.
  private func values(_ explainer: String, _ metric: MetricChoice) -> [Int: Double] {
    var values: [Int: Double] = [:]
    for (i, row) in rows.enumerated() { values[i] = row.results[explainer]?.metrics[metric.rawValue]?.value }
    return values
  }

  /// The mean over videos where it is defined; nil where there are none.
  private func estimate(_ explainer: String, _ metric: MetricChoice) -> (estimate: Estimate, videos: Int)? {
    let values = values(explainer, metric).sorted { $0.key < $1.key }.map(\.value)
    return bootstrap.mean(of: values).map { ($0, values.count) }
  }

  private func explained(_ explainer: String) -> Int {
    rows.count { $0.results[explainer]?.outcome == .explained }
  }

  private func title(_ explainer: String) -> String {
    ExplainerChoice(rawValue: explainer)?.title ?? explainer
  }

  // MARK: Tables

  /// The mean of a metric and its interval, `[lower, upper]`; nil where there is none.
  private func shown(_ explainer: String, _ metric: MetricChoice) -> (mean: String, interval: String)? {
    guard let (estimate, _) = estimate(explainer, metric) else { return nil }
    func number(_ value: Double) -> String { Words.number(value, 4) }
    let interval = estimate.interval
    return (number(estimate.value), "[\(number(interval.lower)), \(number(interval.upper))]")
  }

  private func cell(_ explainer: String, _ metric: MetricChoice) -> String {
    shown(explainer, metric).map { "\($0.mean) \($0.interval)" } ?? "-"
  }

  var markdown: String {
    func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    let header = ["explainer", "videos"] + settings.metrics.map(\.heading)
    return row(header) + row(header.map { _ in "---" })
      + settings.explainers.map { explainer in
        row([title(explainer), "\(explained(explainer))"] + settings.metrics.map { cell(explainer, $0) })
      }.joined()
  }

  /// The same for terminals, where fewer columns fit: a row for each metric.
  var text: [String] {
    table(
      [""] + settings.explainers.map(title),
      [["videos"] + settings.explainers.map { "\(explained($0))" }]
        + settings.metrics.map { metric in
          [metric.heading] + settings.explainers.map { cell($0, metric) }
        })
  }

  /// A row for each explainer and metric.
  var csv: String {
    var lines = [["explainer", "metric", "mean", "lower", "upper", "videos", "explained"]]
    for explainer in settings.explainers {
      for metric in settings.metrics {
        let found = estimate(explainer, metric)
        lines.append(
          [explainer, metric.rawValue]
            + [found?.estimate.value, found?.estimate.interval.lower, found?.estimate.interval.upper].map(
              Self.cell)
            + ["\(found?.videos ?? 0)", "\(explained(explainer))"])
      }
    }
    return CSV.text(lines)
  }

  /// Each explainer's means, and their intervals below them.
  var latex: String {
    func row(_ cells: [String]) -> String { cells.joined(separator: " & ") + " \\\\" }
    func math(_ text: String) -> String {
      "$" + text.replacingOccurrences(of: "\u{2212}", with: "-") + "$"
    }
    var lines = [
      "% explainers by metrics: means over videos with 95 % intervals; whyfake compare",
      "\\begin{tabular}{l" + String(repeating: "r", count: settings.metrics.count + 1) + "}",
      "\\hline",
      row(["explainer", "videos"] + settings.metrics.map(\.latexHeading)),
      "\\hline",
    ]
    for explainer in settings.explainers {
      let cells = settings.metrics.map { shown(explainer, $0) }
      lines.append(
        row(
          [title(explainer), "\(explained(explainer))"] + cells.map { $0.map { math($0.mean) } ?? "--" }))
      lines.append(
        row(["", ""] + cells.map { $0.map { "{\\scriptsize \(math($0.interval))}" } ?? "" }))
    }
    return (lines + ["\\hline", "\\end{tabular}"]).joined(separator: "\n") + "\n"
  }

  /// A row for each pair of explainers and metric: the mean difference on the videos where both are defined, a sign-flip
  /// test, and its p-value corrected over the pairs of the metric.
  var testsCSV: String {
    var lines = [["metric", "explainer", "other", "videos", "difference", "p", "p-holm"]]
    for metric in settings.metrics {
      var tests: [(String, String, PairedTest)] = []
      for (i, one) in settings.explainers.enumerated() {
        for other in settings.explainers.dropFirst(i + 1) {
          let (a, b) = (values(one, metric), values(other, metric))
          let differences = a.keys.sorted().compactMap { place in b[place].map { a[place]! - $0 } }
          if let test = PairedTest(differences, seed: settings.seed) { tests.append((one, other, test)) }
        }
      }
      let corrected = PairedTest.holm(tests.map(\.2.pValue))
      for ((one, other, test), p) in zip(tests, corrected) {
        lines.append(
          [metric.rawValue, one, other, "\(test.pairs)"]
            + [test.meanDifference, test.pValue, p].map(Self.cell))
      }
    }
    return CSV.text(lines)
  }

  /// A row for each video and explainer.
  var videosCSV: String {
    var lines = [
      [
        "input", "label", "method", "explainer", "model", "outcome", "verdict", "probability", "class",
        "frames",
      ]
        + settings.metrics.map(\.rawValue)
    ]
    for row in rows {
      for explainer in settings.explainers {
        guard let result = row.results[explainer] else { continue }
        lines.append(
          [
            row.video.path, row.video.label ?? "", row.video.method ?? "", explainer, result.model,
            result.outcome.rawValue, result.verdict ?? "", Self.cell(result.probability),
            result.target?.rawValue ?? "", "\(result.frames)",
          ] + settings.metrics.map { Self.cell(result.metrics[$0.rawValue]?.value) })
      }
    }
    return CSV.text(lines)
  }

  private static func cell(_ value: Double?) -> String { value.map { Words.fixed($0, 6) } ?? "" }

  // MARK: Figures

  /// A cumulative distribution for each metric, and the curves of those that have some.
  var figures: [(name: String, figure: LineFigure)] {
    settings.metrics.flatMap { metric in
      [("\(metric.rawValue)", distribution(metric)), ("\(metric.rawValue).curve", curve(metric))].compactMap {
        name, figure in figure.map { (name, $0) }
      }
    }
  }

  private func distribution(_ metric: MetricChoice) -> LineFigure? {
    var figure = LineFigure(
      title: "\(metric.rawValue) over videos", x: .init(label: metric.rawValue),
      y: .init(label: "share of videos at or below", range: 0...1))
    figure.summary = "For each explainer the share of videos whose \(metric.rawValue) is at or below a value."
    for explainer in settings.explainers {
      let values = values(explainer, metric).values.sorted()
      guard let first = values.first else { continue }
      var points = [LineFigure.Point(first, 0)]
      for (i, value) in values.enumerated() {
        points.append(.init(value, Double(i) / Double(values.count)))
        points.append(.init(value, Double(i + 1) / Double(values.count)))
      }
      figure.series.append(.init(name: title(explainer), points: points))
    }
    return figure.series.isEmpty ? nil : figure
  }

  private func curve(_ metric: MetricChoice) -> LineFigure? {
    let (x, y) =
      switch metric {
      case .deletion: ("share taken away", "probability of the class")
      case .insertion: ("share brought back", "probability of the class")
      case .sensitivityN: ("share of patches taken away", "correlation")
      case .modelRandomisation: ("share of the network that forgot", "|rank correlation|")
      default: ("", "")
      }
    guard !x.isEmpty else { return nil }
    var figure = LineFigure(
      title: "\(metric.rawValue), mean over videos", x: .init(label: x), y: .init(label: y))
    figure.summary = "The curve of each explainer: means over videos with 95 % intervals."
    for explainer in settings.explainers {
      let curves = rows.compactMap { $0.results[explainer]?.metrics[metric.rawValue]?.curve }
      var series = LineFigure.Series(name: title(explainer), points: [])
      for share in Set(curves.flatMap(\.shares)).sorted() {
        let values = curves.compactMap { curve in curve.shares.firstIndex(of: share).map { curve.values[$0] }
        }
        guard let estimate = bootstrap.mean(of: values) else { continue }
        series.points.append(.init(share, estimate.value))
        series.spans.append(.init(share, estimate.interval.lower, estimate.interval.upper))
      }
      if !series.points.isEmpty { figure.series.append(series) }
    }
    return figure.series.isEmpty ? nil : figure
  }
}
