extension LineFigure {
  /// Where everything of a figure is, in pixels.
  struct Layout {
    let left, top, right, bottom: Double
    let xTicks, yTicks: Ticks
    /// Whether a range was asked for that some values are outside of.
    let isCut: Bool
    private let entries: [(series: Int, x: Double, y: Double)]

    private static let characterWidth = 6.8

    var plotWidth: Double { right - left }
    var plotHeight: Double { bottom - top }

    init(_ figure: LineFigure) {
      let xs = figure.series.flatMap { $0.points.map(\.x) + $0.spans.map(\.x) } + figure.milestones.map(\.x)
      let ys = figure.series.flatMap { $0.points.map(\.y) + $0.spans.flatMap { [$0.lower, $0.upper] } }
      yTicks = Ticks(figure.y, data: ys, most: max(2, Int(figure.height / 55)))
      xTicks = Ticks(figure.x, data: xs, most: max(2, Int(figure.width / 75)))
      let widest = yTicks.labels.map { Double($0.count) }.max() ?? 0
      left = 36 + widest * Self.characterWidth
      right = figure.width - 22
      var (x, y, entries) = (left, figure.title.isEmpty ? 18.0 : 42, [(series: Int, x: Double, y: Double)]())
      for (i, series) in figure.series.enumerated() {
        guard let name = series.name else { continue }
        let width = 28 + Double(name.count) * Self.characterWidth + 16
        if x > left, x + width > figure.width - 8 { (x, y) = (left, y + 18) }
        entries.append((i, x, y))
        x += width
      }
      self.entries = entries
      let milestones = figure.milestones.isEmpty ? 0.0 : 14
      top = (entries.isEmpty ? (figure.title.isEmpty ? 10 : 36) : y + 14) + milestones
      bottom = max(top + 20, figure.height - 48)
      let (xRange, yRange) = (xTicks.range, yTicks.range)
      isCut =
        xs.contains { $0.isFinite && !xRange.contains($0) }
        || ys.contains { $0.isFinite && !yRange.contains($0) }
    }

    func legend(_ figure: LineFigure) -> [String] {
      entries.map { entry in
        let series = figure.series[entry.series]
        let colour = figure.colour(of: entry.series)
        var sample = ""
        if !series.spans.isEmpty, series.spanMark == .area {
          sample +=
            "<rect class=\"area f\(colour)\" x=\"\(number(entry.x))\" y=\"\(number(entry.y - 9))\" width=\"22\" "
            + "height=\"11\"/>"
        }
        if series.mark != .points {
          sample +=
            "<path class=\"\(series.mark == .dashed ? "dash" : "line") l\(colour)\" "
            + "d=\"M\(number(entry.x)) \(number(entry.y - 4))h22\"/>"
        }
        if series.mark == .points || series.mark == .linePoints {
          sample += dot(entry.x + 11, entry.y - 4, colour)
        }
        return sample
          + "<text x=\"\(number(entry.x + 28))\" y=\"\(number(entry.y))\">\(escaped(series.name ?? ""))</text>"
      }
    }

    func axes(_ figure: LineFigure) -> [String] {
      var parts: [String] = []
      for (value, label) in zip(yTicks.values, yTicks.labels) {
        guard let y = y(value) else { continue }
        parts.append(
          "<path class=\"grid\" d=\"M\(number(left)) \(number(y))H\(number(right))\"/>"
            + "<text class=\"soft\" x=\"\(number(left - 7))\" y=\"\(number(y + 4))\" text-anchor=\"end\">"
            + "\(label)</text>")
      }
      for (value, label) in zip(xTicks.values, xTicks.labels) {
        guard let x = x(value) else { continue }
        parts.append(
          "<path class=\"grid\" d=\"M\(number(x)) \(number(top))V\(number(bottom))\"/>"
            + "<text class=\"soft\" x=\"\(number(x))\" y=\"\(number(bottom + 17))\" text-anchor=\"middle\">"
            + "\(label)</text>")
      }
      for stone in figure.milestones {
        guard let x = x(stone.x), x >= left - 0.01, x <= right + 0.01 else { continue }
        parts.append(
          "<path class=\"stone lm\" d=\"M\(number(x)) \(number(top))V\(number(bottom))\"/>"
            + "<text class=\"soft\" x=\"\(number(x))\" y=\"\(number(top - 4))\" text-anchor=\"middle\">"
            + "\(escaped(stone.label))</text>")
      }
      let (middle, centre) = ((left + right) / 2, (top + bottom) / 2)
      parts.append(
        "<rect class=\"frame\" x=\"\(number(left))\" y=\"\(number(top))\" width=\"\(number(plotWidth))\" "
          + "height=\"\(number(plotHeight))\"/>")
      parts.append(
        "<text x=\"\(number(middle))\" y=\"\(number(bottom + 38))\" text-anchor=\"middle\">"
          + "\(escaped(figure.x.label))</text>")
      parts.append(
        "<text transform=\"translate(16 \(number(centre))) rotate(-90)\" text-anchor=\"middle\">"
          + "\(escaped(figure.y.label))</text>")
      return parts
    }

    func draw(_ series: Series, colour: String) -> [String] {
      var parts: [String] = []
      let spans = series.spans.compactMap { span -> (x: Double, lower: Double, upper: Double)? in
        guard let x = x(span.x), let lower = y(span.lower), let upper = y(span.upper) else { return nil }
        return (x, lower, upper)
      }
      if !spans.isEmpty {
        switch series.spanMark {
        case .area:
          let edge =
            spans.map { "\(number($0.x)) \(number($0.upper))" }
            + spans.reversed().map { "\(number($0.x)) \(number($0.lower))" }
          parts.append("<path class=\"area f\(colour)\" d=\"M\(edge.joined(separator: "L"))Z\"/>")
        case .bars:
          let bars = spans.map { "M\(number($0.x)) \(number($0.lower))V\(number($0.upper))" }
          parts.append("<path class=\"bar l\(colour)\" d=\"\(bars.joined())\"/>")
        }
      }
      let runs = runs(series.points)
      if series.mark != .points {
        let path = runs.map { self.path($0, isStepped: series.mark == .steps) }.joined()
        if !path.isEmpty {
          parts.append(
            "<path class=\"\(series.mark == .dashed ? "dash" : "line") l\(colour)\" d=\"\(path)\"/>")
        }
      }
      if series.mark == .points || series.mark == .linePoints {
        parts += runs.joined().map { dot($0.x, $0.y, colour) }
      }
      return parts
    }

    /// In pixels, cut at points without a place; where there are many more points than columns, only the first, least,
    /// greatest and last of each column.
    private func runs(_ points: [Point]) -> [[Point]] {
      var runs: [[Point]] = [[]]
      for point in points {
        if let x = x(point.x), let y = y(point.y) {
          runs[runs.count - 1].append(Point(x, y))
        } else if !runs[runs.count - 1].isEmpty {
          runs.append([])
        }
      }
      return runs.filter { !$0.isEmpty }.map { run in
        guard Double(run.count) > 4 * plotWidth else { return run }
        var thinned: [Point] = []
        var start = 0
        while start < run.count {
          var end = start + 1
          while end < run.count, run[end].x.rounded() == run[start].x.rounded() { end += 1 }
          let column = start..<end
          let least = column.min { run[$0].y < run[$1].y }!
          let most = column.max { run[$0].y < run[$1].y }!
          thinned += Set([start, least, most, end - 1]).sorted().map { run[$0] }
          start = end
        }
        return thinned
      }
    }

    private func path(_ run: [Point], isStepped: Bool) -> String {
      var path = "M\(number(run[0].x)) \(number(run[0].y))"
      for point in run.dropFirst() {
        path +=
          isStepped
          ? "V\(number(point.y))H\(number(point.x))" : "L\(number(point.x)) \(number(point.y))"
      }
      // A single point is a dot: a line of no length with round ends.
      return run.count == 1 ? path + "h0" : path
    }

    private func dot(_ x: Double, _ y: Double, _ colour: String) -> String {
      "<circle class=\"f\(colour)\" cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"3.5\"/>"
    }

    private func x(_ value: Double) -> Double? { xTicks.place(value).map { left + $0 * plotWidth } }
    private func y(_ value: Double) -> Double? { yTicks.place(value).map { bottom - $0 * plotHeight } }
  }
}
