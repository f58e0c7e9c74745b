import Foundation
import Tensor

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
    // Rounding may let a matrix of too few samples pass: its least eigenvalue must be above what rounding makes.
    if ridge == 0 {
      let least = 1e-10 * (0..<players).reduce(0) { max($0, matrix[$1 * players + $1]) }
      var shifted = matrix
      for i in 0..<players { shifted[i * players + i] -= least }
      guard Cholesky(shifted, size: players) != nil else { return nil }
    }
    for i in 0..<players { matrix[i * players + i] += ridge }
    return Cholesky(matrix, size: players)?.solve(side)
  }
}
