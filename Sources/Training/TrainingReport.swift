import Evaluation
import Foundation
import VideoIO

/// A run's curves and its looks at *select* on one page that needs nothing from elsewhere.
struct TrainingReport {
  private let recipe: Recipe
  private let steps: Int
  private var lines: [TrainingEvent.Steps] = []
  private var looks: [TrainingEvent.Look] = []

  /// - Parameters:
  ///   - events: the log so far.
  ///   - steps: of the whole run.
  init(_ recipe: Recipe, _ events: [TrainingEvent], steps: Int) {
    (self.recipe, self.steps) = (recipe, steps)
    for event in events {
      switch event {
      case .steps(let line): lines.append(line)
      case .look(let look): looks.append(look)
      }
    }
  }

  func write(to path: String) throws {
    try VideoIO.WholeFile.write([UInt8](html().utf8), to: path)
  }

  private func html() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(recipe), as: UTF8.self)
    let best = looks.last(where: \.isBest)
    let verdict =
      best.map {
        "Best so far at step \($0.step): ROC AUC \(Self.fixed($0.areaUnderROC)), balanced accuracy "
          + "\(Self.fixed($0.balancedAccuracy)), log-loss \(Self.fixed($0.logLoss)) on \($0.crops) crops of the select half."
      } ?? "Nothing judged yet."
    let done = max(lines.last?.step ?? 0, looks.last?.step ?? 0)
    let seconds = max(lines.last?.seconds ?? 0, looks.last?.seconds ?? 0)
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>Training \(Self.escaped(recipe.architecture))</title>
      <style>\(Self.style)</style></head><body><main>
      <h1>Training \(Self.escaped(recipe.architecture))</h1>
      <p>\(done) of \(steps) steps, \(Self.hours(seconds)) of computing. \(verdict)</p>
      <figure>\(lossFigure.svg())</figure>
      <figure>\(scoreFigure.svg())</figure>
      <figure>\(rateFigure.svg())</figure>
      <h2>Looks at the select half</h2>
      <table><tr><th>step</th><th>pixels</th><th>balanced accuracy</th><th>ROC AUC</th><th>log-loss</th><th></th></tr>
      \(looks.map(Self.row).joined(separator: "\n"))
      </table>
      <h2>Recipe</h2>
      <pre>\(Self.escaped(text))</pre>
      </main></body></html>

      """
  }

  private var axis: LineFigure.Axis { .init(label: "step", range: 0...Double(max(1, steps))) }

  private var lossFigure: LineFigure {
    var figure = LineFigure(title: "Loss", x: axis, y: .init(label: "cross-entropy"))
    figure.series = [
      .init(name: "training", points: lines.map { .init(Double($0.step), $0.loss) }),
      .init(
        name: "select, averaged weights", points: looks.map { .init(Double($0.step), $0.logLoss) },
        mark: .linePoints),
    ]
    figure.milestones = milestones
    return figure
  }

  private var scoreFigure: LineFigure {
    var figure = LineFigure(title: "On the select half", x: axis, y: .init(label: ""))
    figure.series = [
      .init(
        name: "ROC AUC", points: looks.map { .init(Double($0.step), $0.areaUnderROC) }, mark: .linePoints),
      .init(
        name: "balanced accuracy", points: looks.map { .init(Double($0.step), $0.balancedAccuracy) },
        mark: .linePoints),
    ]
    figure.milestones = milestones
    return figure
  }

  private var rateFigure: LineFigure {
    var figure = LineFigure(
      title: "Rate", x: axis, y: .init(label: "rate", scale: .logarithmic))
    figure.series = [.init(name: nil, points: lines.map { .init(Double($0.step), $0.rate) })]
    figure.milestones = milestones
    return figure
  }

  /// Where the size of the pictures changes.
  private var milestones: [LineFigure.Milestone] {
    zip(lines, lines.dropFirst()).filter { $0.stage != $1.stage }.map {
      .init(Double($0.step), "\($1.size) pixels")
    }
  }

  private static func row(_ look: TrainingEvent.Look) -> String {
    "<tr><td>\(look.step)</td><td>\(look.size)</td><td>\(fixed(look.balancedAccuracy))</td>"
      + "<td>\(fixed(look.areaUnderROC))</td><td>\(fixed(look.logLoss))</td><td>\(look.isBest ? "best so far" : "")</td></tr>"
  }

  private static func fixed(_ value: Double) -> String { String(format: "%.4f", value) }

  private static func hours(_ seconds: Double) -> String {
    let minutes = Int((seconds / 60).rounded())
    return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private static let style = """
    :root { color-scheme: light dark; } body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
    main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; } figure { margin: 1rem 0; }
    svg { max-width: 100%; height: auto; } table { border-collapse: collapse; }
    th, td { text-align: right; padding: .15rem .8rem .15rem 0; font-variant-numeric: tabular-nums; }
    pre { overflow-x: auto; font-size: .85rem; }
    """
}
