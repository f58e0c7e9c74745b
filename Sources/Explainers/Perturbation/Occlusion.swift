public import Detector
public import FaceCrop
import Tensor

/// Occlusion (Zeiler and Fergus 2014): a window moves over the clip, and the map says how far the clip's logit drops where
/// what is in the window is taken away.
///
/// A pixel gets the mean of the windows that cover it, as in captum. Windows start at the upper left corner of the first
/// frame and are cut at the far edges, so that every pixel is covered. Differences from the paper: it watches the class's
/// score with a grey square; here it is the logit of the clip, a window may last several frames, and what is seen
/// in the window's place is a choice.
///
/// For a detector that scores frames one by one the clip's logit is a mean over frames, and so is a window's drop: each
/// frame is seen once with each window, and windows of several frames are put together from that, exactly.
public struct Occlusion: Explainer {
  /// A length in the plane of a crop.
  public enum Length: Sendable, Hashable {
    /// So many pixels.
    case pixels(Int)
    /// A share of the crop's side, in (0, 1], rounded to pixels.
    case share(Double)
  }

  /// `occlusion`.
  public let name = "occlusion"
  /// The detector that is explained.
  public let detector: any Classifier
  /// The window's side.
  public var window: Length
  /// From one window to the next, down and across: not more than the window's side.
  public var stride: Length
  /// Frames that a window lasts. 1: each frame by itself.
  public var frames: Int
  /// Frames from one window to the next: not more than ``frames``.
  public var frameStride: Int
  /// What is seen in the window's place; ``Replacement/mean`` is the mean colour of the frame.
  public var replacement: Replacement
  /// Bytes of crops in one call of the detector.
  var batchBytes = PerturbedClip.defaultBatchBytes

  /// Occlusion of `detector`; everything else has a default.
  public init(
    _ detector: any Classifier, window: Length = .share(0.2), stride: Length = .share(0.1), frames: Int = 1,
    frameStride: Int = 1, replacement: Replacement = .mean
  ) {
    self.detector = detector
    self.window = window
    self.stride = stride
    self.frames = frames
    self.frameStride = frameStride
    self.replacement = replacement
  }

  /// Explains `clip`: a map at the clip's resolution, in logits.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    let side = try Windows(
      length: clip.size, window: pixels(window, of: clip.size, "window"),
      stride: pixels(stride, of: clip.size, "stride"), method: name)
    let time = try Windows(length: clip.frames.count, window: frames, stride: frameStride, method: name)
    var perturbed = try PerturbedClip(
      clip, replacement: replacement, classifier: detector, method: name, batchBytes: batchBytes)
    let run = try Run(side, time, &perturbed, context)
    let values = Tensor.concatenated(
      clip.frames.indices.map { t in
        side.painted(run.drops(at: t, time)).reshaped([1, clip.size, clip.size])
      })
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target, values: values, size: clip.size,
      logits: run.logits,
      cost: .init(
        evaluations: run.evaluations, framePasses: run.framePasses,
        seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  private func pixels(_ length: Length, of size: Int, _ what: String) throws(ExplanationError) -> Int {
    switch length {
    case .pixels(let pixels): return pixels
    case .share(let share):
      guard share > 0, share <= 1 else {
        throw ExplanationError("\(name): the \(what) is a share of the crop's side in (0, 1], not \(share)")
      }
      return max(1, Int((share * Double(size)).rounded()))
    }
  }
}

/// The windows along one axis; those of a plane are the pairs of two of them, row by row.
struct Windows: Sendable {
  /// What each covers, in ascending order.
  let ranges: [Range<Int>]
  /// The windows that cover each place.
  private let covering: [Range<Int>]

  init(length: Int, window: Int, stride: Int, method: String) throws(ExplanationError) {
    guard window > 0, stride > 0 else {
      throw ExplanationError("\(method): a window of \(window) every \(stride) covers nothing")
    }
    guard stride <= window else {
      throw ExplanationError(
        "\(method): a window of \(window) every \(stride) leaves gaps; take a stride of at most \(window)")
    }
    var ranges: [Range<Int>] = []
    repeat {
      let start = ranges.count * stride
      ranges.append(start..<min(start + min(window, length), length))
    } while ranges.last!.upperBound < length
    self.ranges = ranges
    covering = (0..<length).map { place in
      let last = min(place / stride, ranges.count - 1)
      return (ranges.firstIndex { $0.contains(place) } ?? last)..<last + 1
    }
  }

  /// The windows that cover `place`.
  func covering(_ place: Int) -> Range<Int> { covering[place] }

  /// For each pixel of a plane the mean of the windows that cover it, `[S, S]`; `values` are those of the plane's windows.
  func painted(_ values: [Double]) -> Tensor {
    let (count, side) = (ranges.count, covering.count)
    var rows = [Double](repeating: 0, count: count * side)
    for row in 0..<count {
      for x in 0..<side {
        var sum = 0.0
        for column in covering[x] { sum += values[row * count + column] }
        rows[row * side + x] = sum / Double(covering[x].count)
      }
    }
    return Tensor(shape: [side, side]) { out in
      var sums = [Double](repeating: 0, count: side)
      for y in 0..<side {
        for x in 0..<side { sums[x] = 0 }
        for row in covering[y] {
          for x in 0..<side { sums[x] += rows[row * side + x] }
        }
        for x in 0..<side { out[y * side + x] = Float(sums[x] / Double(covering[y].count)) }
      }
    }
  }
}

extension Occlusion {
  /// What the detector said of a clip and of all of its windows.
  private struct Run {
    let logits: [Float]
    let evaluations: Int
    let framePasses: Int
    /// The drop of the clip's logit for each space-time window: for each window in time all those of the plane.
    private let drops: [[Double]]

    init(
      _ side: Windows, _ time: Windows, _ perturbed: inout PerturbedClip, _ context: ExplanationContext
    ) throws {
      let count = perturbed.clip.frames.count
      let columns = side.ranges.count
      let planar = columns * columns
      let isFrameWise = perturbed.isFrameWise
      let passes = count * (1 + planar * (isFrameWise ? 1 : time.ranges.count))
      var done = 0
      try context.report(0)
      let whole = try perturbed.wholeLogits { try context.report(Double($0) / Double(passes)) }
      done += count

      /// The logits of frames `frames` with each window of the plane taken away from those in `range`.
      func covered(_ frames: Range<Int>, _ range: Range<Int>) throws -> [Float] {
        let size = perturbed.clip.size
        let (before, each) = (done, frames.count)
        let logits = try perturbed.logits(
          planar * each, frame: { frames.lowerBound + $0 % each },
          report: { try context.report(Double(before + $0) / Double(passes)) },
          write: { n, planes, out in
            out.update(from: planes.crop, count: 3 * planes.area)
            guard range.contains(frames.lowerBound + n % each) else { return }
            let (rows, places) = (side.ranges[n / each / columns], side.ranges[n / each % columns])
            for channel in 0..<3 {
              for y in rows {
                let first = channel * planes.area + y * size + places.lowerBound
                (out + first).update(from: planes.away + first, count: places.count)
              }
            }
          })
        done += planar * each
        return logits
      }

      if isFrameWise {
        let alone = try (0..<count).map { t in
          try covered(t..<t + 1, t..<t + 1).map { (Double(whole[t]) - Double($0)) / Double(count) }
        }
        drops = time.ranges.map { range in
          (0..<planar).map { window in range.reduce(0) { $0 + alone[$1][window] } }
        }
        evaluations = passes
      } else {
        let sum = whole.reduce(0) { $0 + Double($1) }
        drops = try time.ranges.map { range in
          let logits = try covered(0..<count, range)
          return (0..<planar).map { window in
            let clip = logits[window * count..<(window + 1) * count]
            return (sum - clip.reduce(0) { $0 + Double($1) }) / Double(count)
          }
        }
        evaluations = 1 + planar * time.ranges.count
      }
      logits = whole
      framePasses = done
    }

    /// For each window of the plane the mean drop of those that cover frame `t`.
    func drops(at t: Int, _ time: Windows) -> [Double] {
      let covering = time.covering(t)
      return drops[covering.lowerBound].indices.map { window in
        covering.reduce(0) { $0 + drops[$1][window] } / Double(covering.count)
      }
    }
  }
}
