internal import Tensor

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
      degreesOfFreedom: 0)
  }

  /// Weighted least squares under Σφ = v(all) − v(nobody).
  func regressed() -> ShapleyEstimate {
    let (n, m) = (players, pairs.count)
    let total = full - empty
    // Rows of unit length, each at right angles to (1, …, 1), and what they should give.
    var rows = [Double](repeating: 0, count: m * n)
    var targets = [Double](repeating: 0, count: m)
    var weights = [Double](repeating: 0, count: m)
    var sampled = [Double](repeating: 0, count: m)
    for (k, pair) in pairs.enumerated() {
      let size = pair.coalition.count
      let mean = Double(2 * size - n) / Double(n)
      let length = 2 * (Double(size) * Double(n - size) / Double(n)).squareRoot()
      for i in 0..<n { rows[k * n + i] = ((pair.coalition[i] ? 1 : -1) - mean) / length }
      // Without its complement a coalition is taken to lie on the line between nobody and everybody.
      let odd = pair.value - (pair.complementValue ?? full + empty - pair.value)
      targets[k] = (odd - total * mean) / length
      let size0 = min(size, n - size)
      sampled[k] = Double(design.drawn[size0]) / design.population[size0]
      weights[k] = m < n ? 1 : design.share[size0] / Double(design.drawn[size0])
    }
    var scaled = rows
    for k in 0..<m {
      let root = weights[k].squareRoot()
      for i in 0..<n { scaled[k * n + i] *= root }
    }
    var normal = DoubleMatrix.gram(scaled, rows: m, columns: n)
    let mean = weights.reduce(0, +) / Double(n)
    for i in normal.indices { normal[i] += mean / Double(n) }
    guard let factor = Cholesky(normal, size: n) else {
      preconditionFailure(
        "ShapleyGame: the first n − 1 pairs determine every player, but the system is singular")
    }
    var deviations = [Double](repeating: 0, count: n)
    var residuals = targets
    // The second pass takes away what rounding in the normal equations has left.
    for _ in 0..<3 {
      let right = (0..<m).map { weights[$0] * residuals[$0] }
      let step = factor.solve(DoubleMatrix.product(rows, transposed: true, right, m: n, n: 1, k: m))
      for i in 0..<n { deviations[i] += step[i] }
      let fitted = DoubleMatrix.product(rows, deviations, m: m, n: 1, k: n)
      for k in 0..<m { residuals[k] = targets[k] - fitted[k] }
    }
    let offset = (total - deviations.reduce(0, +)) / Double(n)
    let values = deviations.map { $0 + offset }

    var errors = [Double](repeating: .infinity, count: n)
    let freedom = max(0, m - (n - 1))
    if n == 1 {
      errors = [0]
    } else if freedom > 0 {
      // The sandwich of White (1980) with the leverages of MacKinnon and White (1985, HC2) and the share of each size
      // class that was not seen.
      let influence = DoubleMatrix.product(rows, factor.inverse(), m: m, n: n, k: n)
      var variance = [Double](repeating: 0, count: n)
      for k in 0..<m {
        var leverage = 0.0
        for i in 0..<n { leverage += rows[k * n + i] * influence[k * n + i] }
        leverage *= weights[k]
        let noise = weights[k] * residuals[k]
        let square = noise * noise / max(1 - leverage, 1e-9) * (1 - sampled[k])
        for i in 0..<n { variance[i] += square * influence[k * n + i] * influence[k * n + i] }
      }
      errors = variance.map { $0.squareRoot() }
    }
    return ShapleyEstimate(
      values: values, standardErrors: errors, isExact: n == 1, evaluations: evaluations,
      completenessGap: total - values.reduce(0, +), degreesOfFreedom: n == 1 ? 0 : Double(freedom))
  }
}
