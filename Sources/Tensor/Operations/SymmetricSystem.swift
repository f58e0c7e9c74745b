import CWhyFakeTensor
import Foundation

/// The Cholesky factor of a symmetric positive definite matrix in double precision (LAPACK's dpotrf), for small dense
/// systems such as least squares by its normal equations. Matrices are row-major.
package struct Cholesky: Sendable {
  /// Rows and columns.
  package let size: Int
  /// The factor in the lower triangle.
  private var factor: [Double]

  /// The factor of `matrix`, `size` × `size`, of which the lower triangle is read; nil where it is not positive
  /// definite. O(size³).
  package init?(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "Cholesky: \(matrix.count) numbers for \(size)×\(size)")
    self.size = size
    factor = matrix
    guard factor.withUnsafeMutableBufferPointer({ wf_dpotrf(size, $0.baseAddress!) }) else { return nil }
  }

  /// The solution for one or several right-hand sides, one after the other in `sides`. O(size²) each.
  package func solve(_ sides: [Double]) -> [Double] {
    precondition(sides.count % size == 0, "Cholesky.solve: \(sides.count) numbers for a system of \(size)")
    var solution = sides
    factor.withUnsafeBufferPointer { factor in
      solution.withUnsafeMutableBufferPointer {
        _ = wf_dpotrs(size, $0.count / size, factor.baseAddress!, $0.baseAddress!)
      }
    }
    return solution
  }

  /// The solution for the columns of `sides`, `size` × `columns`, as a matrix of that shape. O(size²·columns).
  package func solve(rows sides: [Double], columns: Int) -> [Double] {
    precondition(
      sides.count == size * columns, "Cholesky.solve: \(sides.count) numbers for \(size)×\(columns)")
    let solved = solve(DoubleMatrix.transposed(sides, rows: size, columns: columns))
    return DoubleMatrix.transposed(solved, rows: columns, columns: size)
  }

  /// The diagonal of the matrix's inverse. O(size³), a third of what the whole inverse takes.
  package func inverseDiagonal() -> [Double] {
    var inverted = factor
    var diagonal = [Double](repeating: 0, count: size)
    inverted.withUnsafeMutableBufferPointer { inverted in
      _ = wf_dtrtri(size, inverted.baseAddress!)
      diagonal.withUnsafeMutableBufferPointer { diagonal in
        // The inverse is the inverted factor's Gram matrix.
        for row in 0..<size {
          for column in 0...row {
            diagonal[column] += inverted[row * size + column] * inverted[row * size + column]
          }
        }
      }
    }
    return diagonal
  }

  /// log of the matrix's determinant.
  package var logDeterminant: Double {
    (0..<size).reduce(0) { $0 + 2 * log(factor[$1 * size + $1]) }
  }
}

/// Products of row-major matrices in double precision.
package enum DoubleMatrix {
  /// Aᵀ, `columns` × `rows`.
  package static func transposed(_ a: [Double], rows: Int, columns: Int) -> [Double] {
    precondition(a.count == rows * columns, "transposed: \(a.count) numbers for \(rows)×\(columns)")
    return [Double](unsafeUninitializedCapacity: a.count) { out, count in
      a.withUnsafeBufferPointer { a in
        for row in 0..<rows {
          for column in 0..<columns { out[column * rows + row] = a[row * columns + column] }
        }
      }
      count = a.count
    }
  }

  /// A · B, or Aᵀ · B where `transposed` says so, `m` × `n`, summed over `k`.
  package static func product(
    _ a: [Double], transposed: Bool = false, _ b: [Double], m: Int, n: Int, k: Int
  ) -> [Double] {
    precondition(
      a.count == m * k && b.count == k * n,
      "product: \(a.count) and \(b.count) numbers for \(m)×\(k)·\(k)×\(n)")
    var c = [Double](repeating: 0, count: m * n)
    guard m > 0, n > 0, k > 0 else { return c }
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer {
          wf_dgemm(transposed, m, n, k, a.baseAddress!, b.baseAddress!, $0.baseAddress!)
        }
      }
    }
    return c
  }
}
