import Foundation

/// The strip that shows the probability of fake over time, with a cursor at the frame that is shown.
struct ProbabilityCurve: Sendable {
  let rect: PixelRect
  private let points: [(position: Int, x: Double, y: Double)]
  private let cursor: [Double]
  private let probabilities: [Double]
  private let ends: (String, String)

  init(rect: PixelRect, times: [Double]?, probabilities: [Double]) {
    self.rect = rect
    self.probabilities = probabilities
    let count = probabilities.count
    let places = times ?? (0..<count).map(Double.init)
    let (first, last) = (places.min() ?? 0, places.max() ?? 0)
    let span = last - first
    cursor = places.map { place in
      let share = span > 0 && span.isFinite && place.isFinite ? (place - first) / span : 0.5
      return Double(rect.x) + 2 + share * Double(max(0, rect.width - 4))
    }
    points = zip(cursor, probabilities).enumerated().compactMap { position, point in
      guard point.1.isFinite else { return nil }
      let share = 1 - min(1, max(0, point.1))
      return (position, point.0, Double(rect.y) + 1.5 + share * Double(max(0, rect.height - 3)))
    }
    if times != nil {
      ends = (String(format: "%.1f s", first), String(format: "%.1f s", last))
    } else {
      ends = ("0", "\(count - 1)")
    }
  }

  /// The probability at `position` in [0, 1]; nil where there is none.
  func probability(_ position: Int) -> Double? {
    let value = probabilities[position]
    return value.isFinite ? min(1, max(0, value)) : nil
  }

  /// Scale, labels and the whole curve, faint.
  func drawBackground(on canvas: inout Canvas, lettering: Lettering) {
    canvas.fill(rect, Theme.hollow)
    let half = lettering.capHeight / 2
    canvas.fill(PixelRect(x: rect.x, y: rect.y + rect.height / 2, width: rect.width, height: 1), Theme.rule)
    for (label, y) in [("1", rect.y), ("0.5", rect.y + rect.height / 2), ("0", rect.maxY - 1)] {
      let textY = min(max(y - half, rect.y), rect.maxY - lettering.capHeight)
      lettering.draw(label, on: &canvas, x: rect.x - 8, y: textY, color: Theme.dim, align: .right)
    }
    let below = rect.maxY + 7
    let third = rect.width / 3
    lettering.draw(ends.0, on: &canvas, x: rect.x, y: below, color: Theme.dim, limit: third)
    lettering.draw(
      "probability of fake", on: &canvas, x: rect.x + rect.width / 2, y: below, color: Theme.dim,
      align: .centre,
      limit: third)
    lettering.draw(ends.1, on: &canvas, x: rect.maxX, y: below, color: Theme.dim, align: .right, limit: third)
    canvas.line(points.map { ($0.x, $0.y) }, Theme.dim, thickness: 1.5, opacity: 0.55, clip: rect)
  }

  /// The curve up to `position`, and the cursor there.
  func draw(position: Int, accent: RGBColor, on canvas: inout Canvas, lettering: Lettering) {
    let past = points.filter { $0.position <= position }
    canvas.line(past.map { ($0.x, $0.y) }, accent, thickness: 2, clip: rect)
    let x = Int(cursor[position])
    canvas.fill(PixelRect(x: x, y: rect.y, width: 1, height: rect.height), Theme.text, opacity: 0.7)
    if let here = past.last, here.position == position {
      canvas.line([(here.x, here.y)], Theme.background, thickness: 11, clip: rect)
      canvas.line([(here.x, here.y)], accent, thickness: 8, clip: rect)
    }
  }
}
