import FaceCrop
import WhyFake

/// The detector's opinion frame by frame, as an inline SVG that needs no script.
struct ProbabilityCurve {
  /// Where a frame is on the horizontal axis: seconds, or its position where there is no time.
  var positions: [Double]
  /// The probability of fake of each frame.
  var probabilities: [Double]
  /// The probability of the whole clip.
  var mean: Double
  /// Whether positions are seconds.
  var isTimed: Bool

  private let left = 54.0
  private let right = 706.0
  private let top = 14.0
  private let bottom = 186.0

  init(_ track: Analysis.Track) {
    let times = track.clip.frames.compactMap(\.time)
    isTimed = times.count == track.clip.frames.count && times.count > 1
    positions = isTimed ? times : track.clip.frames.indices.map(Double.init)
    probabilities = track.logits.map { Opinion(logit: $0).probability }
    mean = track.opinion.probability
  }

  /// The curve in words, for who cannot see it.
  var summary: String {
    let least = probabilities.min() ?? 0
    let most = probabilities.max() ?? 0
    return "Probability of fake in \(Words.count(probabilities.count, "frame")): from "
      + "\(Words.percent(least)) to \(Words.percent(most)), \(Words.percent(mean)) for the whole clip."
  }

  func html() -> HTML {
    let points = zip(positions, probabilities).map { (x: x($0), y: y($1)) }
    let line = points.map { "\(HTML.coordinate($0.x)),\(HTML.coordinate($0.y))" }.joined(separator: " ")
    let dots: [HTML] = zip(points, probabilities).enumerated().map { i, dot in
      let (point, probability) = dot
      let place = isTimed ? Words.moment(positions[i]) : "frame \(i + 1)"
      return """
        <circle class="\(probability > 0.5 ? "fake" : "real")" cx="\(point.x)" cy="\(point.y)" r="4.5">\
        <title>\(place): \(Words.percent(probability))</title></circle>
        """
    }
    let rows: [HTML] = [0, 0.25, 0.5, 0.75, 1].map { value in
      """
      <line class="\(value == 0.5 ? "half" : "grid")" x1="\(left)" x2="\(right)" y1="\(y(value))" \
      y2="\(y(value))"/>\
      <text class="tick" x="\(left - 8)" y="\(y(value) + 4)" text-anchor="end">\(Int(value * 100)) %</text>
      """
    }
    return """
      <svg class="curve" viewBox="0 0 720 226" role="img" aria-label="\(summary)">
      \(rows)
      \(ticks())
      <line class="mean" x1="\(left)" x2="\(right)" y1="\(y(mean))" y2="\(y(mean))"/>
      <polyline class="line" points="\(line)"/>
      \(dots)
      <text class="tick" x="\((left + right) / 2)" y="222" text-anchor="middle">\
      \(isTimed ? "seconds" : "frame")</text>
      </svg>
      """
  }

  private func ticks() -> [HTML] {
    let (first, last) = (positions.first ?? 0, positions.last ?? 0)
    guard last > first else { return [] }
    let steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600]
    let step = steps.first { ($0 >= 1 || isTimed) && (last - first) / $0 <= 10 } ?? (last - first) / 8
    return stride(from: (first / step).rounded(.up) * step, through: last, by: step).map { value in
      let label = HTML.coordinate(isTimed ? value : value + 1)
      return """
        <text class="tick" x="\(x(value))" y="204" text-anchor="middle">\(label)</text>
        """
    }
  }

  private func x(_ position: Double) -> Double {
    let (first, last) = (positions.first ?? 0, positions.last ?? 0)
    return last > first ? left + (position - first) / (last - first) * (right - left) : (left + right) / 2
  }

  private func y(_ probability: Double) -> Double { bottom - probability * (bottom - top) }
}
