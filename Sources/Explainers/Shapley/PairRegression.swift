import Foundation
internal import Tensor

/// Generalised least squares over complementary pairs of coalitions.
///
/// With x = ±1 for the players in and out of S, v(S) − v(Sᶜ) = φ·x + g(x), where g holds the interactions of odd order;
/// those of even order cancel. Leverage SHAP takes g at different pairs for independent noise of variance
/// ∝ s·(n − s). Here a share τ of it has the covariance of a game in which all groups of three players interact alike,
/// and all of five, (x·x′/n)³ and (x·x′/n)⁵, so that similar coalitions (neighbours on a chain, small ones) count for as
/// much as they tell. φ itself has a flat prior: a game that is a sum is reproduced whatever τ is.
/// Both parts of g are predicted where nothing was evaluated, and their Shapley values have closed forms;
/// Documentation/ShapleyEstimator.md derives them.
struct PairRegression {
  /// Players.
  let n: Int
  private let m: Int
  private let total: Double
  private let coalitions: [Coalition]
  private let (empty, full): (Double, Double)
  private let design: CoalitionDesign
  /// The largest magnitude of a value.
  private let scale: Double
  /// Unit vectors at right angles to (1, …, 1), m × n: x less its mean.
  private(set) var rows: [Double]
  /// v(S) − v(Sᶜ) less what follows from v(all) − v(nobody), in the scale of `rows`.
  private(set) var targets: [Double]
  /// (Σx)/n.
  private var balance: [Double]
  /// The length of x less its mean.
  private var lengths: [Double]
  /// 2 / C(n, s): what a coalition's own value adds to the Shapley values.
  private(set) var own: [Double]
  /// Σ over the coalitions that were not evaluated of the squares of `own`, for each player.
  private(set) var unseen: Double

  struct Solution {
    var values: [Double]
    var standardErrors: [Double]
    var smoothShare: Double
    /// φ less its mean, before g is predicted.
    var slopes: [Double] = []
    /// What each pair adds to predictions of g, in units of its covariance with them.
    var pulls: [Double] = []
  }

  init(_ pairs: [ShapleyGame.Pair], empty: Double, full: Double, design: CoalitionDesign) {
    let (n, m) = (design.players, pairs.count)
    (self.n, self.m, total) = (n, m, full - empty)
    (self.empty, self.full, self.design) = (empty, full, design)
    coalitions = pairs.map(\.coalition)
    scale = pairs.reduce(max(abs(empty), abs(full))) {
      max($0, abs($1.value), abs($1.complementValue ?? 0))
    }
    rows = [Double](repeating: 0, count: m * n)
    (targets, balance, lengths, own) = ([], [], [], [])
    for (k, pair) in pairs.enumerated() {
      let size = pair.coalition.count
      let mean = Double(2 * size - n) / Double(n)
      let length = 2 * (Double(size) * Double(n - size) / Double(n)).squareRoot()
      for i in 0..<n { rows[k * n + i] = ((pair.coalition[i] ? 1 : -1) - mean) / length }
      // Without its complement a coalition is taken to lie on the line between nobody and everybody.
      let difference = pair.value - (pair.complementValue ?? full + empty - pair.value)
      targets.append((difference - total * mean) / length)
      balance.append(mean)
      lengths.append(length)
      let smaller = min(size, n - size)
      let binomial = design.population[smaller] * (2 * smaller == n ? 2 : 1)
      own.append(pair.complementValue == nil ? 0 : 2 / binomial)
    }
    unseen = 0
    for s in design.population.indices.dropFirst() {
      let binomial = design.population[s] * (2 * s == n ? 2 : 1)
      unseen += (design.population[s] - Double(design.drawn[s])) * 4 / (binomial * binomial) / Double(n)
    }
  }

  /// The variance of the values' rounding: no result is surer than what it is made of.
  var rounding: Double {
    let error = 8 * Double.ulpOfOne * scale
    return error * error
  }

  /// The same game by other pairs.
  func like(_ pairs: [ShapleyGame.Pair]) -> PairRegression {
    PairRegression(pairs, empty: empty, full: full, design: design)
  }

  /// Σ own·u·uᵀ over the pairs, n × n.
  func ownProducts() -> [Double] {
    var scaled = rows
    for i in scaled.indices { scaled[i] *= own[i / n] }
    return DoubleMatrix.product(rows, transposed: true, scaled, m: n, n: n, k: m)
  }

  /// What `solution`, which is that of these pairs, predicts of the targets of `others`, which it has not seen.
  func predictions(_ solution: Solution, for others: PairRegression) -> [Double] {
    var predicted = DoubleMatrix.product(others.rows, solution.slopes, m: others.m, n: 1, k: n)
    guard solution.smoothShare > 0 else { return predicted }
    let covariance = covariance(with: others)
    let smooth = DoubleMatrix.product(covariance, solution.pulls, m: others.m, n: 1, k: m)
    for k in predicted.indices { predicted[k] += solution.smoothShare * smooth[k] }
    return predicted
  }

  /// Pairs less unknowns.
  var degreesOfFreedom: Int { max(0, m - (n - 1)) }

  /// The values that are tried for τ, from above until the likelihood falls.
  private static let shares = [0.997, 0.99, 0.97, 0.9, 0.7, 0.4, 0]

  /// Estimates with the most likely τ. The first 4n pairs, or 300, decide on it: more would hardly change it and cost
  /// most of the time.
  func solve() -> Solution {
    guard degreesOfFreedom > 0 else { return solve(smoothShare: 0, fit: nil) }
    let count = min(m, max(4 * n, 300))
    let smooth = covariance(count)
    var best: (share: Double, fit: Fit)?
    for share in Self.shares {
      guard let fit = Fit(self, count: count, smooth: smooth, share: share) else { continue }
      if let best, fit.likelihood < best.fit.likelihood { break }
      best = (share, fit)
    }
    return solve(smoothShare: best?.share ?? 0, fit: count == m ? best?.fit : nil)
  }

  /// Estimates with τ = `share`, from the fit of all pairs where there is one already.
  private func solve(smoothShare share: Double, fit: Fit?) -> Solution {
    guard let fit = fit ?? Fit(self, count: m, smooth: share == 0 ? [] : covariance(m), share: share) else {
      preconditionFailure(
        "PairRegression: the first n − 1 pairs determine every player, but the system is singular")
    }
    let size = Double(n)
    // What the prediction of g adds, for each pair in proportion to its row.
    let gains = (0..<m).map { k in
      share * smoothGain(balance[k]) + (1 - share) * own[k]
    }
    let pulls = (0..<m).map { gains[$0] * fit.weighted[$0] }
    let predicted = DoubleMatrix.product(rows, transposed: true, pulls, m: n, n: 1, k: m)
    var values = (0..<n).map { fit.slopes[$0] + predicted[$0] }
    let offset = (total - values.reduce(0, +)) / size
    for i in values.indices { values[i] += offset }
    guard degreesOfFreedom > 0 else {
      return Solution(
        values: values, standardErrors: [Double](repeating: .infinity, count: n), smoothShare: share,
        slopes: fit.slopes, pulls: fit.weighted)
    }

    // Each pair's influence on each value: G⁻¹·UᵀK⁻¹ + Uᵀ·diag(gains)·Q.
    let projected = fit.projected
    let solvedRows = fit.system.solve(projected)
    var scaled = rows
    for k in 0..<m { for i in 0..<n { scaled[k * n + i] *= gains[k] } }
    var influence = solvedRows
    let direct = fit.factor?.solve(rows: scaled, columns: n) ?? scaled
    for i in influence.indices { influence[i] += direct[i] }
    let overlap = DoubleMatrix.product(projected, transposed: true, scaled, m: n, n: n, k: m)
    let correction = DoubleMatrix.product(solvedRows, overlap, m: m, n: n, k: n)
    for i in influence.indices { influence[i] -= correction[i] }

    // The noise of each pair from the error of predicting it from all others, which has a closed form.
    var variances = [Double](repeating: 0, count: n)
    let shrink = Double(degreesOfFreedom) / Double(m)
    let precisions = fit.factor?.inverseDiagonal()
    var noise = 0.0
    for k in 0..<m {
      var precision = precisions?[k] ?? 1
      for i in 0..<n { precision -= projected[k * n + i] * solvedRows[k * n + i] }
      let error = fit.weighted[k] / max(precision, 1e-9)
      let square = error * error * shrink
      noise += square / Double(m)
      for i in 0..<n {
        let surprise = influence[k * n + i] - own[k] * rows[k * n + i]
        variances[i] += surprise * surprise * square
      }
    }
    return Solution(
      values: values,
      standardErrors: variances.map { ($0 + unseen * noise + rounding).squareRoot() }, smoothShare: share,
      slopes: fit.slopes, pulls: fit.weighted)
  }

  /// How much of the smooth part is of fifth rather than third order. Fixed: the estimates depend little on it, but with
  /// none a function that saturates leaves a bias that larger budgets bring to light.
  private static let fifthOrder = 0.4

  /// The covariance of the smooth part between coalitions with (x·x′)/n = `c`, before v(all) − v(nobody) is known.
  private func kernel(_ c: Double) -> Double {
    let square = c * c
    return c * square * (1 - Self.fifthOrder + Self.fifthOrder * square)
  }

  /// What a pair of the given (Σx)/n adds to the Shapley values through the smooth part, in units of its row: half the
  /// difference, times n, between the Shapley values of those in and those out of S in the game `kernel(x·x_S / n)`.
  private func smoothGain(_ balance: Double) -> Double {
    let size = Double(n)
    /// n⁵ times the Shapley value in the game of fifth order of a player with x_S = `own`: the integral over p of the
    /// moments of the sum over the others.
    func fifth(_ own: Double) -> Double {
      let others = size - 1
      let square = (balance * size - own) * (balance * size - own)
      let second = (2 * others + square) / 3
      let fourth =
        (24 * others * others - 8 * others + (12 * others - 16) * square + 3 * square * square) / 15
      return own * (5 * fourth + 10 * second + 1)
    }
    let cubic = 2 / size + balance * balance
    let quintic = (fifth(1) - fifth(-1)) / (2 * size * size * size * size)
    return (1 - Self.fifthOrder) * cubic + Self.fifthOrder * quintic
  }

  /// The covariance of the smooth part among the first `count` pairs, given v(all) − v(nobody), in the scale of `rows`.
  private func covariance(_ count: Int) -> [Double] {
    [Double](unsafeUninitializedCapacity: count * count) { matrix, filled in
      fillCovariance(with: self, rows: count, columns: { $0 + 1 }) { k, j, value in
        matrix[k * count + j] = value
        matrix[j * count + k] = value
      }
      filled = count * count
    }
  }

  /// The same between `others`, which are the rows, and these pairs.
  private func covariance(with others: PairRegression) -> [Double] {
    [Double](unsafeUninitializedCapacity: others.m * m) { matrix, filled in
      fillCovariance(with: others, rows: others.m, columns: { _ in m }) { k, j, value in
        matrix[k * m + j] = value
      }
      filled = others.m * m
    }
  }

  /// Calls `write` with the covariance of pair k of `others` and pair j of these, for the first `columns` of each row.
  @inline(__always)
  private func fillCovariance(
    with others: PairRegression, rows: Int, columns: (Int) -> Int,
    _ write: (_ k: Int, _ j: Int, _ value: Double) -> Void
  ) {
    let size = Double(n)
    let words = coalitions.first?.words.count ?? 0
    let (edge, otherEdge) = (balance.map(kernel), others.balance.map(kernel))
    let (bits, otherBits) = (coalitions.flatMap(\.words), others.coalitions.flatMap(\.words))
    bits.withUnsafeBufferPointer { bits in
      otherBits.withUnsafeBufferPointer { otherBits in
        for k in 0..<rows {
          let a = others.balance[k]
          for j in 0..<columns(k) {
            var differing = 0
            for word in 0..<words {
              differing += (otherBits[k * words + word] ^ bits[j * words + word]).nonzeroBitCount
            }
            let c = 1 - 2 * Double(differing) / size
            let b = balance[j]
            write(
              k, j,
              (kernel(c) - a * edge[j] - otherEdge[k] * b + a * b) * size / (others.lengths[k] * lengths[j]))
          }
        }
      }
    }
  }

  /// One fit of the first `count` pairs.
  private struct Fit {
    /// K's factor; nil where K is 1.
    let factor: Cholesky?
    /// K⁻¹·U, as the pairs' rows.
    let projected: [Double]
    /// The factor of G = Uᵀ·K⁻¹·U, made regular along (1, …, 1).
    let system: Cholesky
    /// φ less its mean, before g is predicted.
    let slopes: [Double]
    /// Q·t = K⁻¹·(t − U·slopes).
    let weighted: [Double]
    /// The restricted log-likelihood, but for a constant.
    let likelihood: Double

    init?(_ regression: PairRegression, count: Int, smooth: [Double], share: Double) {
      let n = regression.n
      let rows = count == regression.m ? regression.rows : Array(regression.rows.prefix(count * n))
      let targets = Array(regression.targets.prefix(count))
      if share > 0 {
        var covariance = smooth
        for i in covariance.indices { covariance[i] *= share }
        for k in 0..<count { covariance[k * count + k] += 1 - share }
        guard let factor = Cholesky(covariance, size: count) else { return nil }
        self.factor = factor
        projected = factor.solve(rows: rows, columns: n)
      } else {
        factor = nil
        projected = rows
      }
      var normal = DoubleMatrix.product(rows, transposed: true, projected, m: n, n: n, k: count)
      let trace = (0..<n).reduce(0) { $0 + normal[$1 * n + $1] }
      for i in normal.indices { normal[i] += trace / Double(n * n) }
      guard let system = Cholesky(normal, size: n) else { return nil }
      self.system = system

      // The passes after the first take away what rounding in the normal equations has left.
      var slopes = [Double](repeating: 0, count: n)
      var residuals = targets
      for _ in 0..<3 {
        let right = DoubleMatrix.product(projected, transposed: true, residuals, m: n, n: 1, k: count)
        let step = system.solve(right)
        for i in 0..<n { slopes[i] += step[i] }
        let fitted = DoubleMatrix.product(rows, slopes, m: count, n: 1, k: n)
        for k in 0..<count { residuals[k] = targets[k] - fitted[k] }
      }
      self.slopes = slopes
      let weighted = factor?.solve(residuals) ?? residuals
      self.weighted = weighted
      let freedom = Double(max(1, count - (n - 1)))
      let squares = (0..<count).reduce(0) { $0 + residuals[$1] * weighted[$1] }
      // G's determinant along (1, …, 1) is trace / n.
      likelihood =
        -0.5
        * (freedom * log(max(squares / freedom, 1e-300)) + (factor?.logDeterminant ?? 0)
          + system.logDeterminant - log(trace))
    }
  }
}
