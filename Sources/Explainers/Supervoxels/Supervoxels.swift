public import FaceCrop
public import Tensor

/// A clip cut into segments: each pixel of each frame belongs to one. A connected segment is a supervoxel, a region in
/// (t, y, x); users may bring segments that are not connected.
public struct Supervoxels: Sendable, Equatable {
  /// T, the clip's frames.
  public let frames: Int
  /// S, the side of the clip's crops.
  public let size: Int
  /// The number of segments.
  public let count: Int
  /// The segment of each pixel, T×S×S in row-major order; each of `0..<count` occurs.
  public let labels: [Int32]

  /// Segments from any labels: equal labels are one segment. They are numbered anew, in the order of their first
  /// occurrence.
  ///
  /// - Parameter labels: T×S×S of them in row-major order.
  public init(labels: [Int32], frames: Int, size: Int) {
    precondition(
      frames > 0 && size > 0 && labels.count == frames * size * size,
      "Supervoxels: \(labels.count) labels for \(frames)×\(size)×\(size)")
    var numbers: [Int32: Int32] = [:]
    // Neighbours mostly share a label: the last one is remembered.
    var (last, number): (Int32, Int32) = (0, -1)
    self.labels = labels.map { label in
      if label != last || number < 0 {
        last = label
        number = numbers[label] ?? Int32(numbers.count)
        numbers[label] = number
      }
      return number
    }
    self.frames = frames
    self.size = size
    count = numbers.count
  }

  /// The labels of frame `t`, row by row.
  public func plane(_ t: Int) -> ArraySlice<Int32> { labels[t * size * size..<(t + 1) * size * size] }

  /// The value of its segment at each pixel, `[T, S, S]`.
  public func painted(_ values: [Double]) -> Tensor {
    precondition(values.count == count, "Supervoxels: \(values.count) values for \(count) segments")
    return Tensor(shape: [frames, size, size]) { out in
      for (i, label) in labels.enumerated() { out[i] = Float(values[Int(label)]) }
    }
  }
}

/// A way to cut a clip into segments.
public protocol Segmentation: Sendable {
  /// The segments of `clip`: as many frames, and planes of the same side.
  ///
  /// - Throws: ``ExplanationError`` if the clip cannot be cut in this way.
  func segments(of clip: Clip) throws -> Supervoxels
}
