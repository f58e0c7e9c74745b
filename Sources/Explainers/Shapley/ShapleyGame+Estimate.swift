extension ShapleyGame {
  /// Shapley's formula over all coalitions.
  func enumerated() -> ShapleyEstimate {
    let n = players
    // 1 / (n · C(n − 1, s)) for a coalition of size s that a player joins.
    var weight = [1 / Double(n)]
    for s in 1..<max(n, 1) { weight.append(weight[s - 1] * Double(s) / Double(n - s)) }
    var values = [Double](repeating: 0, count: n)
    for bits in table.indices {
      let size = bits.nonzeroBitCount
      for i in 0..<n {
        if bits >> i & 1 == 1 {
          values[i] += weight[size - 1] * table[bits]
        } else {
          values[i] -= weight[size] * table[bits]
        }
      }
    }
    return ShapleyEstimate(
      values: values, standardErrors: [Double](repeating: 0, count: n), isExact: true,
      evaluations: evaluations, completenessGap: table[table.count - 1] - table[0] - values.reduce(0, +),
      degreesOfFreedom: 0, smoothShare: 0)
  }

  /// Least squares over the pairs under Σφ = v(all) − v(nobody).
  func regressed() -> ShapleyEstimate {
    let regression = PairRegression(pairs, empty: empty, full: full, design: design)
    let solution = regression.solve()
    let freedom = regression.degreesOfFreedom
    return ShapleyEstimate(
      values: solution.values, standardErrors: solution.standardErrors, isExact: false,
      evaluations: evaluations, completenessGap: full - empty - solution.values.reduce(0, +),
      degreesOfFreedom: Double(freedom), smoothShare: freedom > 0 ? solution.smoothShare : 0)
  }
}
