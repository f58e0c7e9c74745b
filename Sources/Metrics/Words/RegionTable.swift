public import Explainers
public import FaceCrop
import Tensor

/// How much of a map lies on each part of the face in each frame.
public struct RegionTable: Sendable, Equatable {
  /// T.
  public let frames: Int
  /// Σ of the relevance by frame and region, in the order of `FaceRegion.allCases`.
  private let relevance: [[Double]]
  /// Pixels by frame and region.
  private let area: [[Int]]

  /// The table of `map`, which explains `clip`.
  ///
  /// - Throws: ``ExplanationError`` if a frame of the clip lacks keypoints, or map and clip are of different sizes.
  public init(_ map: RelevanceMap, clip: Clip) throws(ExplanationError) {
    let (frames, size) = (clip.frames.count, clip.size)
    guard map.values.shape == [frames, size, size] else {
      throw ExplanationError(
        "a map \(map.values.shape) does not explain a clip of \(frames) frames of \(size) pixels")
    }
    let named = try FaceSegments(framesPerSegment: 1).named(of: clip)
    var relevance = [[Double]](
      repeating: .init(repeating: 0, count: FaceRegion.allCases.count), count: frames)
    var area = [[Int]](repeating: .init(repeating: 0, count: FaceRegion.allCases.count), count: frames)
    map.values.withUnsafeBufferPointer { values in
      for t in 0..<frames {
        for (i, label) in named.supervoxels.plane(t).enumerated() {
          let region = named.regions[Int(label)].rawValue
          relevance[t][region] += Double(values[t * size * size + i])
          area[t][region] += 1
        }
      }
    }
    (self.frames, self.relevance, self.area) = (frames, relevance, area)
  }

  /// The share of the clip's relevance that lies on `region` in `frame`, in [0, 1]; all of them add up to 1, or to 0 where
  /// the map is empty.
  public func share(of region: FaceRegion, inFrame frame: Int) -> Double {
    let total = (0..<frames).reduce(0) { $0 + self.total($1) }
    return total > 0 ? relevance[frame][region.rawValue] / total : 0
  }

  /// The relevance of a frame.
  func total(_ frame: Int) -> Double { relevance[frame].reduce(0, +) }

  /// The share of the relevance of `span` that lies on `regions`, in [0, 1]; nil where there is no relevance.
  public func share(of regions: [FaceRegion], in span: Range<Int>) -> Double? {
    let total = span.reduce(0) { $0 + self.total($1) }
    guard total > 0 else { return nil }
    return span.reduce(0) { sum, t in regions.reduce(sum) { $0 + relevance[t][$1.rawValue] } } / total
  }

  /// The share of the crops of `span` that `regions` cover, in [0, 1].
  public func areaShare(of regions: [FaceRegion], in span: Range<Int>) -> Double {
    let total = span.reduce(0) { $0 + area[$1].reduce(0, +) }
    return Double(span.reduce(0) { sum, t in regions.reduce(sum) { $0 + area[t][$1.rawValue] } })
      / Double(total)
  }
}
