package import Detector
package import FaceCrop
import Tensor

/// A clip of which parts are taken away, and what a detector says of it: what all methods that perturb share.
///
/// Crop and replacement of a frame are made once for all of the changed crops of that frame that follow each other. A
/// changed crop is written straight into the detector's input.
package struct PerturbedClip: Sendable {
  /// A frame as it is and as it is seen where parts are taken away: 3 planes of S×S each, RGB in [0, 1].
  package struct Planes {
    package var crop: UnsafePointer<Float>
    package var away: UnsafePointer<Float>
    /// S·S.
    package var area: Int
  }

  let clip: Clip
  let classifier: any Classifier
  /// What replaces a whole frame, `[1, 3, S, S]`.
  private let away: @Sendable (Int) -> Tensor
  private let batchBytes: Int
  /// Crop and replacement of the frames that were asked for last.
  private var known: [Int: (crop: Tensor, away: Tensor)] = [:]

  /// Bytes of crops in one call of a detector that scores frame by frame.
  package static let defaultBatchBytes = 16 << 20

  /// - Parameter away: what replaces a whole frame, `[1, 3, S, S]`.
  init(
    _ clip: Clip, classifier: any Classifier, batchBytes: Int = defaultBatchBytes,
    away: @escaping @Sendable (Int) -> Tensor
  ) {
    self.clip = clip
    self.classifier = classifier
    self.batchBytes = batchBytes
    self.away = away
  }

  /// A clip without segments: `mean` is the mean colour of each frame.
  package init(
    _ clip: Clip, replacement: Replacement, classifier: any Classifier, method: String,
    batchBytes: Int = defaultBatchBytes
  ) throws(ExplanationError) {
    try replacement.check(clip, for: method)
    self.init(clip, classifier: classifier, batchBytes: batchBytes) { replacement.frame($0, of: clip) }
  }

  /// Whether each crop is scored by itself.
  package var isFrameWise: Bool { classifier.info.scoresFrameByFrame }

  /// Crops that go into one call: a whole clip of a clip-wise detector.
  var batchSize: Int {
    isFrameWise ? max(2, batchBytes / (clip.size * clip.size * 3 * 4)) : clip.frames.count
  }

  /// The frames that are explained together: each by itself where the detector scores them one by one (the clip's logit
  /// is their mean), else all.
  var games: [Range<Int>] {
    let count = clip.frames.count
    return isFrameWise ? (0..<count).map { $0..<$0 + 1 } : [0..<count]
  }

  /// The logits of `count` changed crops, in order.
  ///
  /// - Parameters:
  ///   - frame: the frame that each comes from; those of one frame should follow each other. For a clip-wise classifier
  ///     they are whole clips: the frames 0 ..< T over and over.
  ///   - report: called with the number of crops done, once a batch.
  ///   - write: makes crop n, 3 planes of S×S; called on several threads.
  package mutating func logits(
    _ count: Int, frame: (Int) -> Int, report: (Int) throws -> Void,
    write: (_ n: Int, Planes, UnsafeMutablePointer<Float>) -> Void
  ) throws -> [Float] {
    var logits: [Float] = []
    logits.reserveCapacity(count)
    for first in stride(from: 0, to: count, by: batchSize) {
      let batch = first..<min(first + batchSize, count)
      let values = try classifier.logits(crops(batch, frame, write)).elements
      guard values.count == batch.count, values.allSatisfy(\.isFinite) else {
        throw ExplanationError(
          "\(classifier.info.name) gives no finite logit for each crop when parts of it are taken away")
      }
      logits += values
      try report(logits.count)
    }
    return logits
  }

  /// The logits of all frames as they are.
  mutating func wholeLogits(report: (Int) throws -> Void) throws -> [Float] {
    try logits(clip.frames.count, frame: { $0 }, report: report) { _, planes, out in
      out.update(from: planes.crop, count: 3 * planes.area)
    }
  }

  /// The detector's input, `[N, 3, S, S]`.
  private mutating func crops(
    _ batch: Range<Int>, _ frame: (Int) -> Int,
    _ write: (Int, Planes, UnsafeMutablePointer<Float>) -> Void
  ) -> Tensor {
    let frames = batch.map(frame)
    let wanted = Set(frames)
    known = known.filter { wanted.contains($0.key) }
    for t in wanted where known[t] == nil { known[t] = (clip.tensor(t..<t + 1), away(t)) }
    let area = clip.size * clip.size
    let planes = frames.map { known[$0]! }
    return Tensor(shape: [batch.count, 3, clip.size, clip.size]) { out in
      nonisolated(unsafe) let out = out  // each part writes crops of its own
      ComputeRuntime.split(batch.count) { range in
        for n in range {
          planes[n].crop.withUnsafeBufferPointer { crop in
            planes[n].away.withUnsafeBufferPointer { away in
              write(
                batch.lowerBound + n,
                Planes(crop: crop.baseAddress!, away: away.baseAddress!, area: area),
                out.baseAddress! + n * 3 * area)
            }
          }
        }
      }
    }
  }
}
