public import FaceCrop
public import Tensor

/// Segments that somebody else made: of another program, or drawn by hand.
public struct GivenSegments: Segmentation, Equatable {
  /// The segments as they were given, at their own side.
  public let supervoxels: Supervoxels

  /// Segments that are there already. They need not be connected.
  public init(_ supervoxels: Supervoxels) { self.supervoxels = supervoxels }

  /// Segments from a volume of labels `[T, S, S]`; equal labels are one segment.
  ///
  /// - Throws: ``ExplanationError`` if the shape is another, or a label is no whole number below 2²⁴ in magnitude, where
  ///   a `Tensor` can no longer tell neighbours apart.
  public init(labels: Tensor) throws(ExplanationError) {
    let shape = labels.shape
    guard shape.count == 3, labels.count > 0, shape[1] == shape[2] else {
      throw ExplanationError("labels of segments have the shape [T, S, S], not \(shape)")
    }
    let numbers = labels.withUnsafeBufferPointer { values -> [Int32]? in
      var numbers: [Int32] = []
      numbers.reserveCapacity(values.count)
      for value in values {
        guard abs(value) < 0x1p24, value.rounded(.towardZero) == value else { return nil }
        numbers.append(Int32(value))
      }
      return numbers
    }
    guard let numbers else {
      throw ExplanationError("labels of segments are whole numbers below 16777216; number them from 0")
    }
    supervoxels = Supervoxels(labels: numbers, frames: shape[0], size: shape[1])
  }

  /// Segments from a `.npy` file of labels `[T, S, S]`, of any type of integers.
  ///
  /// - Throws: ``ExplanationError`` that names the file if it cannot be read or is as ``init(labels:)`` says.
  public init(npy path: String) throws(ExplanationError) {
    let labels: Tensor
    do { labels = try Tensor(npy: path) } catch { throw ExplanationError("\(error)") }
    do { try self.init(labels: labels) } catch { throw ExplanationError("\(path): \(error)") }
  }

  /// The given segments; at the side of the clip's crops, by the nearest pixel, where theirs is another. A segment that
  /// loses all its pixels by that is left out.
  ///
  /// - Throws: ``ExplanationError`` if they have another number of frames than `clip`.
  public func segments(of clip: Clip) throws -> Supervoxels {
    let (frames, size, side) = (clip.frames.count, clip.size, supervoxels.size)
    guard supervoxels.frames == frames else {
      throw ExplanationError(
        "the given segments are of \(supervoxels.frames) frames, the clip has \(frames); give one plane for each"
      )
    }
    guard side != size else { return supervoxels }
    // The pixel under the centre.
    let nearest = (0..<size).map { (2 * $0 + 1) * side / (2 * size) }
    var labels: [Int32] = []
    labels.reserveCapacity(frames * size * size)
    for t in 0..<frames {
      for y in nearest {
        let row = (t * side + y) * side
        for x in nearest { labels.append(supervoxels.labels[row + x]) }
      }
    }
    return Supervoxels(labels: labels, frames: frames, size: size)
  }
}
