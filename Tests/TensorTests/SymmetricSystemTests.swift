import Foundation
import Testing

@testable import Tensor

@Suite struct SymmetricSystemTests {
  // [4 2; 2 3] has determinant 8 and inverse [3 -2; -2 4] / 8.
  private let matrix = [4.0, 2, 2, 3]

  private func isClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-14) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test(
    "a system of two is solved as by hand, for several right-hand sides, with its inverse's diagonal and its determinant"
  )
  func two() throws {
    let factor = try #require(Cholesky(matrix, size: 2))
    #expect(isClose(factor.solve([8, 7]), [1.25, 1.5]))
    #expect(isClose(factor.solve([8, 7, 4, 2]), [1.25, 1.5, 1, 0]))
    #expect(isClose(factor.solve(rows: [8, 4, 7, 2], columns: 2), [1.25, 1, 1.5, 0]))
    #expect(isClose(factor.inverseDiagonal(), [0.375, 0.5]))
    #expect(abs(factor.logDeterminant - log(8)) < 1e-14)
  }

  @Test("only the lower triangle is read")
  func lower() throws {
    let factor = try #require(Cholesky([4, .nan, 2, 3], size: 2))
    #expect(isClose(factor.solve([8, 7]), [1.25, 1.5]))
  }

  @Test("a matrix that is not positive definite has no factor")
  func indefinite() {
    #expect(Cholesky([1, 2, 2, 1], size: 2) == nil)
    #expect(Cholesky([0], size: 1) == nil)
  }

  @Test("products and transposes of odd shapes are their definitions")
  func products() {
    let (m, n, k) = (3, 5, 4)
    var random = SplitMix(seed: 1)
    let a = (0..<m * k).map { _ in random.normal() }
    let b = (0..<k * n).map { _ in random.normal() }
    var expected = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n { for p in 0..<k { expected[i * n + j] += a[i * k + p] * b[p * n + j] } }
    }
    let at = DoubleMatrix.transposed(a, rows: m, columns: k)
    #expect(at[1 * m + 2] == a[2 * k + 1])
    #expect(isClose(DoubleMatrix.product(a, b, m: m, n: n, k: k), expected))
    #expect(isClose(DoubleMatrix.product(at, transposed: true, b, m: m, n: n, k: k), expected))
  }

  @Test("a system of 200 is solved to rounding")
  func large() throws {
    let n = 200
    var random = SplitMix(seed: 2)
    let rows = (0..<2 * n * n).map { _ in random.normal() }
    let gram = DoubleMatrix.product(rows, transposed: true, rows, m: n, n: n, k: 2 * n)
    let solution = (0..<n).map { _ in random.normal() }
    let factor = try #require(Cholesky(gram, size: n))
    let side = DoubleMatrix.product(gram, solution, m: n, n: 1, k: n)
    #expect(isClose(factor.solve(side), solution, 1e-11))
    var units = [Double](repeating: 0, count: n * n)
    for i in 0..<n { units[i * n + i] = 1 }
    let inverse = factor.solve(units)
    #expect(isClose(factor.inverseDiagonal(), (0..<n).map { inverse[$0 * n + $0] }, 1e-13))
  }
}
