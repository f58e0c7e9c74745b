import Foundation

/// Estimates with their intervals, one below the other, as SVG.
struct IntervalFigure {
  struct Row {
    let label: String
    /// Nil where it is not defined.
    let estimate: (value: Double, lower: Double, upper: Double)?
    /// The estimate in words.
    let text: String
  }

  /// The file's name, without suffix.
  let name: String
  let title: String
  /// What it shows, for who does not see it.
  let summary: String
  let range: ClosedRange<Double>
  /// Where chance would be.
  let reference: Double?
  /// How numbers on the axis are written.
  let tick: (Double) -> String
  let rows: [Row]

  var svg: String {
    let (left, width, rowHeight, top) = (150.0, 640.0, 26.0, 40.0)
    let right = width - 130
    let height = top + rowHeight * Double(rows.count) + 34
    func x(_ value: Double) -> Double {
      left + (right - left) * (min(max(value, range.lowerBound), range.upperBound) - range.lowerBound)
        / (range.upperBound - range.lowerBound)
    }
    var parts = Self.head(title, summary, width, height)
    let bottom = top + rowHeight * Double(rows.count)
    let steps = IntervalFigure.steps(range)
    for step in 0...steps {
      let value = range.lowerBound + (range.upperBound - range.lowerBound) * Double(step) / Double(steps)
      parts.append(
        "<line class=\"grid\" x1=\"\(n(x(value)))\" x2=\"\(n(x(value)))\" y1=\"\(n(top))\" y2=\"\(n(bottom))\"/>"
      )
      parts.append(
        "<text class=\"soft\" x=\"\(n(x(value)))\" y=\"\(n(bottom + 18))\" text-anchor=\"middle\">\(escaped(tick(value)))</text>"
      )
    }
    if let reference {
      parts.append(
        "<line class=\"chance\" x1=\"\(n(x(reference)))\" x2=\"\(n(x(reference)))\" y1=\"\(n(top - 6))\" y2=\"\(n(bottom))\"/>"
      )
    }
    for (i, row) in rows.enumerated() {
      let y = top + rowHeight * (Double(i) + 0.5)
      parts.append(
        "<text x=\"\(n(left - 10))\" y=\"\(n(y + 4))\" text-anchor=\"end\">\(escaped(row.label))</text>")
      parts.append(
        "<text class=\"soft\" x=\"\(n(right + 10))\" y=\"\(n(y + 4))\">\(escaped(row.text))</text>")
      guard let estimate = row.estimate else { continue }
      parts.append(
        "<line class=\"span\" x1=\"\(n(x(estimate.lower)))\" x2=\"\(n(x(estimate.upper)))\" y1=\"\(n(y))\" y2=\"\(n(y))\"/>"
      )
      parts.append("<circle class=\"dot\" cx=\"\(n(x(estimate.value)))\" cy=\"\(n(y))\" r=\"5\"/>")
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  /// From 0 to the tenth that holds all ends, at least a half.
  static func range(_ uppers: [Double]) -> ClosedRange<Double> {
    0...max(0.5, min(1, ((uppers.max() ?? 0) * 10).rounded(.up) / 10))
  }

  /// Into how many parts ticks divide a range, each a tenth or a quarter of the whole.
  static func steps(_ range: ClosedRange<Double>) -> Int {
    let tenths = Int((10 * range.upperBound).rounded())
    return range.lowerBound == 0 && tenths < 10 ? tenths : 4
  }

  static func head(_ title: String, _ summary: String, _ width: Double, _ height: Double) -> [String] {
    [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"survey-figure\" viewBox=\"0 0 \(n(width)) \(n(height))\" "
        + "width=\"\(n(width))\" height=\"\(n(height))\" role=\"img\" aria-label=\"\(escaped(title))\">",
      "<title>\(escaped(title))</title>", "<desc>\(escaped(summary))</desc>", "<style>\(style)</style>",
      "<rect class=\"paper\" width=\"\(n(width))\" height=\"\(n(height))\"/>",
      "<text class=\"title\" x=\"10\" y=\"22\">\(escaped(title))</text>",
    ]
  }

  private static let style: String = {
    func sheet(_ ink: String, _ soft: String, _ paper: String, _ grid: String, _ accent: String) -> String {
      ".survey-figure text{fill:\(ink)}.survey-figure .soft{fill:\(soft)}.survey-figure .paper{fill:\(paper)}"
        + ".survey-figure .grid{stroke:\(grid)}.survey-figure .span{stroke:\(accent)}.survey-figure .dot,.survey-figure .cell{fill:\(accent)}"
        + ".survey-figure .chance{stroke:\(soft)}"
    }
    return ".survey-figure text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
      + ".survey-figure .title{font-size:15px;font-weight:600}.survey-figure .span{stroke-width:3;stroke-opacity:.55;stroke-linecap:round}"
      + ".survey-figure .chance{stroke-dasharray:5 4}"
      + sheet("#1c2024", "#5b6570", "#ffffff", "#e3e7eb", "#2457a6")
      + "@media (prefers-color-scheme:dark){\(sheet("#e8eaed", "#a3adb8", "#15181c", "#2d343b", "#8fb8ff"))}"
  }()
}

/// Shares by row and column as shaded cells, as SVG.
struct HeatFigure {
  let name: String
  let title: String
  let summary: String
  let columns: [String]
  let rows: [(label: String, shares: [Double?])]

  var svg: String {
    let (left, top, rowHeight, width) = (230.0, 62.0, 22.0, 640.0)
    let columnWidth = (width - left - 10) / Double(max(1, columns.count))
    let height = top + rowHeight * Double(rows.count) + 12
    var parts = IntervalFigure.head(title, summary, width, height)
    for (c, column) in columns.enumerated() {
      let x = left + columnWidth * (Double(c) + 0.5)
      parts.append(
        "<text x=\"\(n(x))\" y=\"\(n(top - 10))\" text-anchor=\"middle\">\(escaped(column))</text>")
    }
    for (r, row) in rows.enumerated() {
      let y = top + rowHeight * Double(r)
      parts.append(
        "<text x=\"\(n(left - 10))\" y=\"\(n(y + 15))\" text-anchor=\"end\">\(escaped(String(row.label.suffix(34))))</text>"
      )
      for (c, share) in row.shares.enumerated() {
        guard let share else { continue }
        let x = left + columnWidth * Double(c)
        parts.append(
          "<rect class=\"cell\" x=\"\(n(x + 1))\" y=\"\(n(y + 1))\" width=\"\(n(columnWidth - 2))\" height=\"\(n(rowHeight - 2))\" "
            + "fill-opacity=\"\(n(0.05 + 0.55 * share))\"/>")
        parts.append(
          "<text x=\"\(n(x + columnWidth / 2))\" y=\"\(n(y + 15))\" text-anchor=\"middle\">\(escaped(Words.percent(share)))</text>"
        )
      }
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }
}

/// A coordinate with at most two places.
private func n(_ value: Double) -> String {
  let text = String(format: "%.2f", value)
  return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
}

private func escaped(_ text: String) -> String {
  Words.line(text).replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
}
