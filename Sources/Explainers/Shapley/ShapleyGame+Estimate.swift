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

  /// Pairs of one generalised least squares at the most: its matrices have the square of that.
  static let mostFitted = 1500

  /// Least squares over the pairs under Σφ = v(all) − v(nobody); from `mostFitted` pairs on, what the fit of the first
  /// ones gets wrong at the others is estimated and added.
  func regressed() -> ShapleyEstimate {
    let goesOn = pairs.count >= Self.mostFitted + 4 * players
    let fitted = goesOn ? Array(pairs.prefix(Self.mostFitted)) : pairs
    let regression = PairRegression(fitted, empty: empty, full: full, design: design)
    var solution = regression.solve()
    if goesOn {
      solution = RegressionAdjustment(regression, solution, by: pairs[Self.mostFitted...]).solve()
    }
    let freedom = max(0, pairs.count - (players - 1))
    return ShapleyEstimate(
      values: solution.values, standardErrors: solution.standardErrors, isExact: false,
      evaluations: evaluations, completenessGap: full - empty - solution.values.reduce(0, +),
      degreesOfFreedom: Double(freedom), smoothShare: freedom > 0 ? solution.smoothShare : 0)
  }
}
