/// Where SLIC's centres begin: exactly `count` cells of about equal size, in layers of frames, rows and columns.
///
/// Cells are cubes where a step of one frame is `temporalSpacing` pixels, as nearly as whole frames allow. Layers may
/// differ by one cell, and so may rows.
struct SeedGrid {
  let frames: Int
  let size: Int
  /// The side in pixels that one segment would have if all were cubes (squares where a segment has one frame, or all).
  let side: Double
  /// Pixels and frames within which a centre asks, in x, y and t: 1½ steps of the grid.
  let reach: (Float, Float, Float)
  /// For each layer, the cells of each of its rows.
  private let layers: [[Int]]

  init(count: Int, frames: Int, size: Int, temporalSpacing: Double) {
    self.frames = frames
    self.size = size
    let (area, length) = (Double(size * size), Double(frames) * temporalSpacing)
    let cube = (area * length / Double(count)).cubeRoot
    // No layer may have more cells than a frame has pixels.
    let least = (count + size * size - 1) / (size * size)
    let layerCount = min(max(Int((length / cube).rounded()), least), frames, count)
    // Where cubes are not possible, the side is that in the plane.
    let isFlat = cube > length || cube < temporalSpacing
    let side = isFlat ? (area * Double(layerCount) / Double(count)).squareRoot() : cube
    self.side = max(side, 1)
    layers = (0..<layerCount).map { layer in
      let cells = count * (layer + 1) / layerCount - count * layer / layerCount
      // No row may have more cells than pixels.
      let least = (cells + size - 1) / size
      let rows = min(max(Int(Double(cells).squareRoot().rounded()), least), size)
      return (0..<rows).map { cells * ($0 + 1) / rows - cells * $0 / rows }
    }
    let rows = layers.map(\.count).min() ?? 1
    let columns = layers.joined().min() ?? 1
    self.reach = (
      Float(1.5 * Double(size) / Double(columns)), Float(1.5 * Double(size) / Double(rows)),
      Float(1.5 * Double(frames) / Double(layerCount))
    )
  }

  /// Writes the cell of each pixel, numbered layer by layer and row by row.
  func fill(_ labels: UnsafeMutablePointer<Int32>) {
    var first = 0
    for (layer, rows) in layers.enumerated() {
      let start = frames * layer / layers.count
      let end = frames * (layer + 1) / layers.count
      let plane = labels + start * size * size
      for (row, columns) in rows.enumerated() {
        for y in size * row / rows.count..<size * (row + 1) / rows.count {
          for column in 0..<columns {
            for x in size * column / columns..<size * (column + 1) / columns {
              plane[y * size + x] = Int32(first + column)
            }
          }
        }
        first += columns
      }
      for t in start + 1..<max(end, start + 1) {
        (labels + t * size * size).update(from: plane, count: size * size)
      }
    }
  }
}

extension Double {
  /// The cube root of a positive number; Newton's method, so that it needs no library and is the same everywhere.
  fileprivate var cubeRoot: Double {
    var root = max(self, 1)
    for _ in 0..<200 {
      let next = (2 * root + self / (root * root)) / 3
      if next >= root { break }
      root = next
    }
    return root
  }
}
