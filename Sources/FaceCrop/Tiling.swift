/// The squares of a frame that the face detector looks at.
///
/// As in icpr2020dfdc: side min(height, width, 720), three in each direction where the frame is longer than that, from
/// edge to edge. Where three would overlap by less than a sixth of their side (beyond 1920 pixels for
/// tiles of 720), as many as overlap by half (chosen).
package struct Tiling: Equatable {
  /// Side of each tile in frame pixels.
  package let side: Int
  /// Left edges.
  package let columns: [Int]
  /// Top edges.
  package let rows: [Int]

  /// The tiles of a frame of `width`×`height`.
  package init(width: Int, height: Int) {
    side = min(width, height, 720)
    columns = Tiling.starts(width, side)
    rows = Tiling.starts(height, side)
  }

  /// The tiles' top left corners, row by row.
  package var corners: [(x: Int, y: Int)] { rows.flatMap { y in columns.map { (x: $0, y: y) } } }

  /// Whether one tile is the whole frame.
  package func isWhole(width: Int, height: Int) -> Bool { width == side && height == side }

  private static func starts(_ length: Int, _ side: Int) -> [Int] {
    let rest = length - side
    if rest == 0 { return [0] }
    var count = 3
    if rest * 3 > side * 5 {
      // A frame that is a thin strip is not cut into endlessly many.
      count = min((2 * rest + side - 1) / side + 1, 64)
    }
    let starts = (0..<count).map { rest * $0 / (count - 1) }
    return starts.enumerated().filter { $0.offset == 0 || starts[$0.offset - 1] != $0.element }.map(\.element)
  }
}
