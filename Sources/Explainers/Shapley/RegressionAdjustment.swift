internal import Tensor

/// What pairs beyond the largest generalised least squares add: a correction of its fit by the pairs that it has not seen.
///
/// The fit f̂ takes m² numbers for m pairs, so that it stops at some number of them. Every further pair tells by how much
/// f̂ is wrong where it was not fitted; the Shapley values of that difference are estimated by Leverage SHAP's plain least
/// squares and added (regression adjustment: Witter et al. 2025, arXiv 2506.11849). What f̂ gets wrong costs variance, not
/// truth, and memory is that of a chunk of pairs.
struct RegressionAdjustment {
  private let first: PairRegression
  private let solution: PairRegression.Solution
  private let pairs: ArraySlice<ShapleyGame.Pair>

  /// Pairs whose rows are in memory at once.
  private static let chunk = 512

  /// An adjustment of `solution`, which is that of `first`, by more `pairs`: at least four for each player.
  init(_ first: PairRegression, _ solution: PairRegression.Solution, by pairs: ArraySlice<ShapleyGame.Pair>) {
    (self.first, self.solution, self.pairs) = (first, solution, pairs)
  }

  /// The fit corrected, and the mean of both by their variances: the fit's own errors and the correction's have nothing
  /// to do with each other.
  func solve() -> PairRegression.Solution {
    let n = first.n
    // Normal equations of the new pairs, and what the values of pairs themselves weigh in Shapley's formula, of all.
    var normal = [Double](repeating: 0, count: n * n)
    var right = [Double](repeating: 0, count: n)
    var overlap = first.ownProducts()
    forEachChunk { rows, residuals, own in
      let count = residuals.count
      add(DoubleMatrix.product(rows, transposed: true, rows, m: n, n: n, k: count), to: &normal)
      add(DoubleMatrix.product(rows, transposed: true, residuals, m: n, n: 1, k: count), to: &right)
      let scaled = Self.scaled(rows, by: own, columns: n)
      add(DoubleMatrix.product(rows, transposed: true, scaled, m: n, n: n, k: count), to: &overlap)
    }
    let trace = (0..<n).reduce(0) { $0 + normal[$1 * n + $1] }
    for i in normal.indices { normal[i] += trace / Double(n * n) }
    guard let system = Cholesky(normal, size: n) else { return solution }
    let slopes = system.solve(right)

    // The correction: the slopes, and exactly what is left at pairs that were evaluated. The fit's pairs have no residual.
    let ownSlopes = DoubleMatrix.product(overlap, slopes, m: n, n: 1, k: n)
    var correction = (0..<n).map { slopes[$0] - ownSlopes[$0] }
    var variances = [Double](repeating: 0, count: n)
    let shrink = Double(pairs.count - (n - 1)) / Double(pairs.count)
    var noise = 0.0
    forEachChunk { rows, residuals, own in
      let solved = system.solve(rows)
      let dragged = DoubleMatrix.product(solved, overlap, m: residuals.count, n: n, k: n)
      for (k, residual) in residuals.enumerated() {
        var (fitted, precision) = (0.0, 1.0)
        for i in k * n..<(k + 1) * n {
          fitted += rows[i] * slopes[i - k * n]
          precision -= rows[i] * solved[i]
        }
        let error = (residual - fitted) / max(precision, 1e-9)
        let square = error * error * shrink
        noise += square / Double(pairs.count)
        for i in 0..<n {
          let row = rows[k * n + i]
          correction[i] += own[k] * residual * row
          let surprise = solved[k * n + i] - dragged[k * n + i]
          variances[i] += surprise * surprise * square
        }
      }
    }
    for i in variances.indices { variances[i] += first.unseen * noise }
    let mean = correction.reduce(0, +) / Double(n)
    let before = solution.standardErrors.reduce(0) { $0 + $1 * $1 }
    let after = variances.reduce(0, +)
    let weight = before + after > 0 ? before / (before + after) : 1
    var adjusted = solution
    for i in 0..<n {
      adjusted.values[i] += weight * (correction[i] - mean)
      let own = (1 - weight) * solution.standardErrors[i]
      adjusted.standardErrors[i] = (own * own + weight * weight * variances[i] + first.rounding).squareRoot()
    }
    return adjusted
  }

  /// Calls `body` with the rows of some pairs, what the fit gets wrong there, and what their own values weigh in Shapley's
  /// formula.
  private func forEachChunk(_ body: (_ rows: [Double], _ residuals: [Double], _ own: [Double]) -> Void) {
    for start in stride(from: pairs.startIndex, to: pairs.endIndex, by: Self.chunk) {
      let some = pairs[start..<min(start + Self.chunk, pairs.endIndex)]
      let part = first.like(Array(some))
      let predicted = first.predictions(solution, for: part)
      body(part.rows, zip(part.targets, predicted).map { $0 - $1 }, part.own)
    }
  }

  private func add(_ terms: [Double], to sum: inout [Double]) {
    for i in sum.indices { sum[i] += terms[i] }
  }

  private static func scaled(_ rows: [Double], by factors: [Double], columns: Int) -> [Double] {
    var scaled = rows
    for i in scaled.indices { scaled[i] *= factors[i / columns] }
    return scaled
  }
}
