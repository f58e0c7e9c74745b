public import FaceCrop

/// A regular grid: every segment is a rectangle of some frames.
public struct SegmentGrid: Segmentation, Equatable {
  /// Segments from top to bottom.
  public var rows: Int
  /// Segments from left to right.
  public var columns: Int
  /// Frames that a segment lives for, the last ones perhaps for fewer; nil for the whole clip.
  public var framesPerSegment: Int?

  /// A grid from its numbers, each at least 1.
  public init(rows: Int, columns: Int, framesPerSegment: Int? = nil) {
    precondition(
      rows > 0 && columns > 0 && framesPerSegment.map { $0 > 0 } ?? true,
      "SegmentGrid: \(rows) rows, \(columns) columns, \(framesPerSegment ?? 1) frames")
    self.rows = rows
    self.columns = columns
    self.framesPerSegment = framesPerSegment
  }

  /// The segments of `clip`; where its side is no multiple of the rows or columns, they differ by a pixel.
  ///
  /// - Throws: ``ExplanationError`` if there are more rows or columns than pixels.
  public func segments(of clip: Clip) throws -> Supervoxels {
    let (frames, size) = (clip.frames.count, clip.size)
    guard rows <= size, columns <= size else {
      throw ExplanationError(
        "a grid of \(rows) rows and \(columns) columns does not fit crops of \(size)×\(size) pixels")
    }
    let length = framesPerSegment ?? frames
    let plane = (0..<size * size).map { i in
      // The row r that begins at size·r/rows, rounded down.
      ((i / size + 1) * rows - 1) / size * columns + ((i % size + 1) * columns - 1) / size
    }
    var labels: [Int32] = []
    labels.reserveCapacity(frames * plane.count)
    for t in 0..<frames {
      let first = t / length * rows * columns
      labels += plane.map { Int32(first + $0) }
    }
    return Supervoxels(labels: labels, frames: frames, size: size)
  }
}
