import Tensor

/// The masks of a seed, made where they are needed.
struct RandomMasks: Sendable {
  private let size: Int
  private let cellSize: Double
  private let framesPerCell: Int?
  private let probability: Double
  private let base: UInt64
  /// Cells along a side of the grid, which goes on beyond the crop by what a shift may need.
  private let side: Int

  init(_ method: RISE, size: Int) {
    self.size = size
    cellSize = Double(size) / Double(method.cells)
    side = method.cells + 2
    // No clip is as long as a cell may be said to last.
    framesPerCell = method.framesPerCell.map { min($0, 1 << 32) }
    probability = method.probability
    var generator = SplitMix(seed: method.seed)
    base = generator.next()
  }

  /// The share of each pixel of a frame that stays in mask number `mask`, S×S.
  func plane(mask: Int, frame: Int) -> [Float] {
    var generator = generator(mask, 0)
    let (down, right) = (generator.uniform() * cellSize, generator.uniform() * cellSize)
    var grid: [Float]
    if let framesPerCell {
      let place = frame + Int(generator.next() % UInt64(framesPerCell))
      grid = cells(mask, place / framesPerCell)
      let part = Float(place % framesPerCell) / Float(framesPerCell)
      if part > 0 {
        let next = cells(mask, place / framesPerCell + 1)
        for i in grid.indices { grid[i] += part * (next[i] - grid[i]) }
      }
    } else {
      grid = cells(mask, 0)
    }
    return enlarged(grid, down, right)
  }

  /// The cells of a mask at a place in time: 1 for those that stay.
  private func cells(_ mask: Int, _ time: Int) -> [Float] {
    var generator = generator(mask, time + 1)
    return (0..<side * side).map { _ in generator.uniform() < probability ? 1 : 0 }
  }

  /// Generators that have nothing to do with each other: neighbouring seeds of `SplitMix` give the same numbers, shifted.
  private func generator(_ mask: Int, _ stream: Int) -> SplitMix {
    var mixer = SplitMix(seed: base ^ (UInt64(mask) << 32 | UInt64(stream)))
    return SplitMix(seed: mixer.next())
  }

  private func enlarged(_ grid: [Float], _ down: Double, _ right: Double) -> [Float] {
    let (columns, rows) = (places(right), places(down))
    let wide = (0..<side).flatMap { row in
      columns.map { column in
        let first = grid[row * side + column.cell]
        return first + column.part * (grid[row * side + column.cell + 1] - first)
      }
    }
    return [Float](unsafeUninitializedCapacity: size * size) { out, count in
      wide.withUnsafeBufferPointer { wide in
        for y in 0..<size {
          let (upper, part) = (wide.baseAddress! + rows[y].cell * size, rows[y].part)
          let (lower, line) = (upper + size, out.baseAddress! + y * size)
          for x in 0..<size { line[x] = upper[x] + part * (lower[x] - upper[x]) }
        }
      }
      count = size * size
    }
  }

  /// For each pixel along a side the cell before it and how far it is from there to the next.
  private func places(_ shift: Double) -> [(cell: Int, part: Float)] {
    (0..<size).map { x in
      let place = (Double(x) + shift) / cellSize
      let cell = min(Int(place), side - 2)
      return (cell, Float(place - Double(cell)))
    }
  }
}

/// Sums over masks for each pixel, in double precision and in the order of the masks, whatever the batches.
struct MaskMoments {
  private var masks = 0
  private var change = 0.0
  private var m: [Double]
  private var mm: [Double]
  private var zm: [Double]

  init(count: Int) {
    m = Array(repeating: 0, count: count)
    mm = m
    zm = m
  }

  /// Adds masks and how the logit changed with each.
  mutating func add(_ changes: [Double], _ planes: [[Float]]) {
    masks += changes.count
    for value in changes { change += value }
    m.withUnsafeMutableBufferPointer { m in
      mm.withUnsafeMutableBufferPointer { mm in
        zm.withUnsafeMutableBufferPointer { zm in
          nonisolated(unsafe) let (m, mm, zm) = (m, mm, zm)  // each part adds to pixels of its own
          ComputeRuntime.split(m.count, grain: 4096) { range in
            for (value, plane) in zip(changes, planes) {
              plane.withUnsafeBufferPointer { plane in
                for i in range {
                  let share = Double(plane[i])
                  m[i] += share
                  mm[i] += share * share
                  zm[i] += share * value
                }
              }
            }
          }
        }
      }
    }
  }

  /// The value of each pixel; `base` is the logit that changes are from.
  func values(_ estimator: RISE.Estimator, base: Double, probability: Double) -> [Double] {
    let n = Double(masks)
    return m.indices.map { i in
      switch estimator {
      case .paper: return (zm[i] + base * m[i]) / (n * probability)
      case .slope:
        let variance = mm[i] - m[i] * m[i] / n
        // Where no mask differs from another nothing is known.
        return variance > 1e-9 * n ? (zm[i] - m[i] * change / n) / variance : 0
      }
    }
  }
}
