import Foundation

/// A linear model of values in which players are there, fitted near the sample that has all of them.
struct LocalModel: Sendable {
  /// Width of the kernel in units of the distance.
  var kernelWidth: Double
  /// Strength of the ridge.
  var ridge: Double
  /// How often each sample counts.
  var repeats = 1.0

  /// How much a sample counts: by one minus the cosine between it and the sample that has all players.
  func weight(of sample: [Bool]) -> Double {
    let present = sample.reduce(0) { $0 + ($1 ? 1 : 0) }
    let distance = 1 - (Double(present) / Double(sample.count)).squareRoot()
    return exp(-distance * distance / (2 * kernelWidth * kernelWidth))
  }

  /// The coefficient of each player; nil where the samples do not determine them. O(samples · players²).
  func coefficients(_ samples: [[Bool]], _ values: [Double]) -> [Double]? {
    let players = samples[0].count
    let weights = samples.map { repeats * weight(of: $0) }
    // Samples that all say the same, or do not count beside the whole clip, say nothing of any player.
    guard zip(samples, weights).contains(where: { $0.contains(false) && $1 > 1e-12 }) else { return nil }
    let total = weights.reduce(0, +)
    let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / total
    var means = [Double](repeating: 0, count: players)
    for (sample, weight) in zip(samples, weights) {
      for j in 0..<players where sample[j] { means[j] += weight / total }
    }
    // Normal equations of what is left without the intercept: the lower triangle.
    var matrix = [Double](repeating: 0, count: players * players)
    var side = [Double](repeating: 0, count: players)
    for n in samples.indices {
      let centred = (0..<players).map { (samples[n][$0] ? 1 : 0) - means[$0] }
      let value = weights[n] * (values[n] - mean)
      matrix.withUnsafeMutableBufferPointer { matrix in
        centred.withUnsafeBufferPointer { centred in
          for i in 0..<players {
            let row = weights[n] * centred[i]
            side[i] += value * centred[i]
            for j in 0...i { matrix[i * players + j] += row * centred[j] }
          }
        }
      }
    }
    // Relative to its own scale a matrix of too few samples is singular, whatever rounding says.
    let least = 1e-10 * (0..<players).reduce(0) { max($0, matrix[$1 * players + $1]) }
    for i in 0..<players { matrix[i * players + i] += ridge }
    return solved(matrix, side, leastPivot: ridge > 0 ? 0 : least)
  }

  /// The solution of a symmetric positive definite system, whose lower triangle is read, by Cholesky's decomposition.
  private func solved(_ matrix: [Double], _ side: [Double], leastPivot: Double) -> [Double]? {
    var (factor, x) = (matrix, side)
    let size = side.count
    let isSolved = factor.withUnsafeMutableBufferPointer { l in
      for i in 0..<size {
        for j in 0...i {
          var sum = l[i * size + j]
          for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
          if i == j {
            guard sum > leastPivot else { return false }
            l[i * size + i] = sum.squareRoot()
          } else {
            l[i * size + j] = sum / l[j * size + j]
          }
        }
      }
      for i in 0..<size {
        for k in 0..<i { x[i] -= l[i * size + k] * x[k] }
        x[i] /= l[i * size + i]
      }
      for i in (0..<size).reversed() {
        for k in i + 1..<max(size, i + 1) { x[i] -= l[k * size + i] * x[k] }
        x[i] /= l[i * size + i]
      }
      return true
    }
    return isSolved ? x : nil
  }
}
