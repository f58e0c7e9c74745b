/// Correlations of equally long lists of numbers.
enum Correlation {
  /// Pearson's r; nil where one list is constant.
  static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
    let (meanA, meanB) = (mean(a), mean(b))
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      ab += (x - meanA) * (y - meanB)
      aa += (x - meanA) * (x - meanA)
      bb += (y - meanB) * (y - meanB)
    }
    guard aa > 0, bb > 0, !isConstant(a), !isConstant(b) else { return nil }
    return min(1, max(-1, ab / (aa * bb).squareRoot()))
  }

  /// Spearman's ρ, ties by their mean rank; nil where one list is constant.
  static func spearman(_ a: [Double], _ b: [Double]) -> Double? { pearson(ranks(a), ranks(b)) }

  /// The rank of each number, from 1; equal numbers share their mean rank.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      for i in first..<end { ranks[order[i]] = Double(first + end + 1) / 2 }
      first = end
    }
    return ranks
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func isConstant(_ values: [Double]) -> Bool { values.allSatisfy { $0 == values.first } }
}
