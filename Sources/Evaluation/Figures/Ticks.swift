import Foundation

/// Where an axis begins and ends, and what is written along it.
struct Ticks: Equatable {
  /// The ends of the axis.
  let range: ClosedRange<Double>
  /// Values within it that are written.
  let values: [Double]
  /// What is written.
  let labels: [String]
  private let scale: LineFigure.Scale

  /// Ticks for `data`, or for the range that is asked for.
  ///
  /// - Parameter most: how many ticks there is room for, at least 2.
  init(_ axis: LineFigure.Axis, data: [Double], most: Int) {
    scale = axis.scale
    let usable = data.filter { $0.isFinite && (axis.scale == .linear || $0 > 0) }
    let asked = axis.range.flatMap { axis.scale == .linear || $0.lowerBound > 0 ? $0 : nil }
    var low = asked?.lowerBound ?? usable.min() ?? (axis.scale == .linear ? 0 : 1)
    var high = asked?.upperBound ?? usable.max() ?? (axis.scale == .linear ? 1 : 10)
    if axis.scale == .logarithmic {
      if high <= low { (low, high) = (low / 2, high * 2) }
      let steps = log10(high / low) > 2.5 ? [1.0] : [1, 2, 5]
      let decades = Int(log10(low).rounded(.down)) - 1...Int(log10(high).rounded(.up)) + 1
      let all = decades.flatMap { decade in steps.map { Self.decimal($0, decade) } }
      if asked == nil {
        low = all.last { $0 <= low * (1 + 1e-9) } ?? low
        high = all.first { $0 >= high * (1 - 1e-9) } ?? high
      }
      let within = all.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
      let stride = max(1, (within.count + most - 1) / most)
      values = within.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
      labels = values.map(Self.short)
      range = low...high
    } else {
      if high <= low {
        let margin = low == 0 ? 1 : abs(low) * 0.1
        (low, high) = (low - margin, high + margin)
      }
      let (step, places) = Self.step((high - low) / Double(max(1, most - 1)))
      let slack = step * 1e-6
      let first = asked == nil ? ((low + slack) / step).rounded(.down) : ((low - slack) / step).rounded(.up)
      let last = asked == nil ? ((high - slack) / step).rounded(.up) : ((high + slack) / step).rounded(.down)
      let count = max(0, Int(last - first)) + 1
      values = (0..<count).map { (first + Double($0)) * step }
      labels = values.map { Self.fixed($0, places) }
      range = asked == nil ? first * step...max(last * step, first * step + step) : low...high
    }
  }

  /// Where `value` is, from 0 at the lower end to 1 at the upper; nil for what has no place.
  func place(_ value: Double) -> Double? {
    guard value.isFinite else { return nil }
    if scale == .linear { return (value - range.lowerBound) / (range.upperBound - range.lowerBound) }
    return value > 0 ? log(value / range.lowerBound) / log(range.upperBound / range.lowerBound) : nil
  }

  /// The least of 1, 2, 2.5, 5 times a power of ten that is at least `least`, and the decimal places that it needs.
  private static func step(_ least: Double) -> (step: Double, places: Int) {
    let decade = Int(log10(least).rounded(.down))
    for (factor, extra) in [(1.0, 0), (2, 0), (2.5, 1), (5, 0)] {
      let step = decimal(factor, decade)
      if step >= least * (1 - 1e-9) { return (step, max(0, -decade + extra)) }
    }
    return (decimal(1, decade + 1), max(0, -decade - 1))
  }

  /// `factor` · 10^`decade`, as near as the decimal literal would be.
  private static func decimal(_ factor: Double, _ decade: Int) -> Double {
    decade >= 0 ? factor * pow(10, Double(decade)) : factor / pow(10, Double(-decade))
  }

  /// `0.001`, `200`, `2e−5`.
  private static func short(_ value: Double) -> String {
    let decade = Int((log10(value) + 1e-9).rounded(.down))
    if (-3...4).contains(decade) { return fixed(value, max(0, -decade)) }
    return "\(Int((value / pow(10, Double(decade))).rounded()))e\(decade < 0 ? "\u{2212}" : "")\(abs(decade))"
  }

  /// With a true minus sign, and none before 0.
  private static func fixed(_ value: Double, _ places: Int) -> String {
    let text = String(format: "%.\(places)f", abs(value))
    let isZero = !text.contains { $0 != "0" && $0 != "." }
    return (value < 0 && !isZero ? "\u{2212}" : "") + text
  }
}
