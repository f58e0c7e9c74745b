public import Explainers
import Tensor

/// What is taken away at once when a clip is taken apart in the order of a map.
public enum RemovalUnit: Sendable, Equatable {
  /// Pixels by their own value: each step an equal share of the clip's pixels.
  case pixels
  /// Squares of that side in pixels, in each frame by itself, by their mean value.
  case patches(side: Int)
  /// Segments of the clip by their mean value.
  case segments(Supervoxels)
}

/// The pixels of a clip from the one with the most evidence to the one with the least.
///
/// Units of equal value come in an order that is drawn from their place with a fixed seed: where a map says nothing, no
/// corner of the face is preferred. The labels of segments and the scale of a map change nothing.
struct RemovalOrder {
  let frames: Int
  let area: Int
  /// Places t·S² + y·S + x.
  private let order: [Int32]

  init(_ subject: MetricSubject, unit: RemovalUnit, metric: String) throws(ExplanationError) {
    (frames, area) = (subject.frames, subject.size * subject.size)
    switch unit {
    case .pixels:
      order = subject.evidence.withUnsafeBufferPointer { values in
        Self.sorted((0..<values.count).map { (value: Double(values[$0]), first: $0) })
      }
    case .patches(let side):
      guard side > 0 else {
        throw ExplanationError("\(metric): a patch has a side of 1 pixel or more, not \(side)")
      }
      order = Self.order(of: PatchGrid(frames: frames, size: subject.size, side: side).supervoxels, subject)
    case .segments(let supervoxels):
      guard supervoxels.frames == frames, supervoxels.size == subject.size else {
        throw ExplanationError(
          "\(metric): segments of \(supervoxels.frames) frames of \(supervoxels.size) pixels do not fit a map of "
            + "\(frames) frames of \(subject.size) pixels")
      }
      order = Self.order(of: supervoxels, subject)
    }
  }

  /// The share of the clip that comes first, `share` of its pixels, as a change of the clip.
  func first(_ share: Double) -> [Removal] {
    var change = [Removal](repeating: Removal(area: area), count: frames)
    for place in order.prefix(Int((share * Double(order.count)).rounded())) {
      change[Int(place) / area].insert(Int(place) % area)
    }
    return change
  }

  /// The pixels of segments by the segments' mean evidence.
  private static func order(of supervoxels: Supervoxels, _ subject: MetricSubject) -> [Int32] {
    var sums = [Double](repeating: 0, count: supervoxels.count)
    var pixels = [[Int32]](repeating: [], count: supervoxels.count)
    subject.evidence.withUnsafeBufferPointer { values in
      for (place, label) in supervoxels.labels.enumerated() {
        sums[Int(label)] += Double(values[place])
        pixels[Int(label)].append(Int32(place))
      }
    }
    let order = sorted(
      (0..<supervoxels.count).map { (sums[$0] / Double(pixels[$0].count), Int(pixels[$0][0])) })
    var byPlace: [Int32: Int] = [:]
    for (label, places) in pixels.enumerated() { byPlace[places[0]] = label }
    return order.flatMap { pixels[byPlace[$0]!] }
  }

  /// The first places of units, the highest values first.
  private static func sorted(_ units: [(value: Double, first: Int)]) -> [Int32] {
    units.map { (value: $0.value, tie: SplitMix.mixed(UInt64($0.first)), first: Int32($0.first)) }
      .sorted { $0.value != $1.value ? $0.value > $1.value : $0.tie < $1.tie }
      .map(\.first)
  }
}

extension SplitMix {
  /// A number that looks random and belongs to `value`.
  static func mixed(_ value: UInt64) -> UInt64 {
    var generator = SplitMix(seed: value)
    return generator.next()
  }
}

/// Frames cut into squares; those at the right and lower edges may be smaller.
struct PatchGrid {
  let frames: Int
  let size: Int
  let side: Int

  /// Patches along a side.
  var columns: Int { (size + side - 1) / side }

  /// Each patch of each frame as a segment.
  var supervoxels: Supervoxels { Supervoxels(labels: labels(tubes: false), frames: frames, size: size) }
  /// Each patch through all frames as a segment.
  var tubes: Supervoxels { Supervoxels(labels: labels(tubes: true), frames: frames, size: size) }

  private func labels(tubes: Bool) -> [Int32] {
    var labels: [Int32] = []
    labels.reserveCapacity(frames * size * size)
    for t in 0..<frames {
      let first = tubes ? 0 : t * columns * columns
      for y in 0..<size {
        for x in 0..<size { labels.append(Int32(first + y / side * columns + x / side)) }
      }
    }
    return labels
  }
}
