import Explainers
import Foundation
import WhyFake

extension Report {
  /// How far the values of segments can be trusted, and what a larger budget would add.
  func segments(_ item: Exhibit.Item) -> HTML {
    guard let segments = item.map.segments, let errors = segments.standardErrors,
      let largest = segments.values.map(abs).max(), largest > 0
    else { return "" }
    let count = segments.values.count
    let clear = zip(segments.values, errors).count { abs($0) > 2 * $1 }
    let worst = errors.max() ?? 0
    guard worst > 0 else {
      return """
        <p>The face was cut into \(Words.count(count, "segment")), and every combination was tried: the values are \
        exact. The strongest moves the logit by \(Words.number(largest, 3)).</p>
        """
    }
    guard worst.isFinite else {
      return """
        <p>The face was cut into \(Words.count(count, "segment")). The strongest moves the logit by \
        \(Words.number(largest, 3)), but the budget is too small to tell how sure that is: below two evaluations for \
        each segment of a frame there is nothing to learn an error from.</p>
        """
    }
    let cost = item.map.cost
    let typical = (errors.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot()
    return """
      <p>The face was cut into \(Words.count(count, "segment")). The strongest moves the logit by \
      \(Words.number(largest, 3)); a standard error is typically \(Words.number(typical, 3)) and \
      \(Words.number(worst, 3)) at the most. \(Words.count(clear, "segment")) \
      \(clear == 1 ? "differs" : "differ") from nothing by more than twice \(clear == 1 ? "its" : "their") standard \
      error; what the others show may be chance. Errors fall with the square root of the budget: four times as much \
      (<code>--budget \(4 * cost.framePasses)</code>, about \(ProgressLine.words(seconds: 4 * cost.seconds))) would \
      halve them to about \(Words.number(typical / 2, 3)).</p>
      """
  }
}
