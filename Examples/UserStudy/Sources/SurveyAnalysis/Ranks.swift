/// Ranks and what is computed from them.
enum Ranks {
  /// Ranks from 1; equal values share the mean of their ranks.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for place in first...last { ranks[order[place]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    return ranks
  }

  /// Spearman's ρ: Pearson's correlation of ranks; nil where one side is constant.
  static func spearman(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count, "spearman: of \(a.count) and \(b.count) values")
    guard a.count > 1 else { return nil }
    let (x, y) = (ranks(a), ranks(b))
    let mean = Double(a.count + 1) / 2
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for (x, y) in zip(x, y) {
      xx += (x - mean) * (x - mean)
      yy += (y - mean) * (y - mean)
      xy += (x - mean) * (y - mean)
    }
    guard xx > 0, yy > 0 else { return nil }
    return max(-1, min(1, xy / (xx * yy).squareRoot()))
  }

  /// Kruskal & Wallis 1952: whether groups differ in location, H corrected for ties, p by the χ² distribution; nil with fewer than
  /// two groups or where all values are equal.
  static func kruskalWallis(_ values: [Double], groups: [Int]) -> (statistic: Double, pValue: Double)? {
    let numbers = Set(groups)
    guard numbers.count > 1 else { return nil }
    let (ranks, n) = (ranks(values), Double(values.count))
    var h = 0.0
    for group in numbers.sorted() {
      let own = zip(ranks, groups).filter { $0.1 == group }.map(\.0)
      let sum = own.reduce(0, +)
      h += sum * sum / Double(own.count)
    }
    h = 12 / (n * (n + 1)) * h - 3 * (n + 1)
    let ties = Dictionary(grouping: values) { $0 }.values.reduce(0.0) { sum, equal in
      let t = Double(equal.count)
      return sum + t * t * t - t
    }
    let correction = 1 - ties / (n * n * n - n)
    guard correction > 0 else { return nil }
    return (h / correction, Distributions.chiSquareTail(h / correction, freedom: numbers.count - 1))
  }
}
