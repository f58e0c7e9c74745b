import Detector
import FaceCrop
import Tensor
import VideoIO

/// A clip of which some segments are taken away, and what a detector says of it.
///
/// Crop and replacement of a frame are made once for all of the requests that follow each other; a request becomes the
/// network's input in one pass, pixel by pixel: exact at the segments' edges, nothing is blended.
struct MaskedClip: Sendable {
  /// A frame, and for each segment of the clip whether it stays.
  struct Request: Sendable {
    var frame: Int
    var keeps: [Bool]
  }

  let clip: Clip
  let supervoxels: Supervoxels
  let classifier: any Classifier
  private let replacement: Replacement
  /// For `Replacement.mean` red, green and blue of each segment.
  private let means: [Float]

  /// Bytes of crops in one call of a detector that scores frame by frame.
  private static let batchBytes = 16 << 20

  init(
    _ clip: Clip, _ supervoxels: Supervoxels, replacement: Replacement, classifier: any Classifier,
    method: String
  ) throws(ExplanationError) {
    guard supervoxels.frames == clip.frames.count, supervoxels.size == clip.size else {
      throw ExplanationError(
        "\(method): segments of \(supervoxels.frames) frames of \(supervoxels.size) pixels do not fit a clip of "
          + "\(clip.frames.count) frames of \(clip.size) pixels")
    }
    try replacement.check(clip, for: method)
    self.clip = clip
    self.supervoxels = supervoxels
    self.classifier = classifier
    self.replacement = replacement
    means = replacement == .mean ? MaskedClip.means(clip, supervoxels) : []
  }

  /// Crops that go into one call of a detector that scores frame by frame.
  var batchSize: Int { max(2, MaskedClip.batchBytes / (clip.size * clip.size * 3 * 4)) }

  /// The logit of each request, in order.
  ///
  /// - Parameters:
  ///   - requests: those of a frame should follow each other. For a clip-wise classifier they are whole clips: the
  ///     frames 0 ..< T over and over.
  ///   - report: called with the number of requests done.
  func logits(_ requests: [Request], report: (Int) throws -> Void) throws -> [Float] {
    var logits: [Float] = []
    logits.reserveCapacity(requests.count)
    let step = classifier.info.scoresFrameByFrame ? batchSize : clip.frames.count
    var cache = PlaneCache()
    for first in stride(from: 0, to: requests.count, by: step) {
      let batch = requests[first..<min(first + step, requests.count)]
      let values = try classifier.logits(crops(Array(batch), &cache)).elements
      guard values.count == batch.count, values.allSatisfy(\.isFinite) else {
        throw ExplanationError(
          "\(classifier.info.name) gives no finite logit for each crop when segments are taken away")
      }
      logits += values
      try report(logits.count)
    }
    return logits
  }

  /// Crop and replacement of the frames that were asked for last.
  private struct PlaneCache {
    var planes: [Int: (crop: Tensor, away: Tensor)] = [:]
  }

  /// The network's input for `requests`, `[N, 3, S, S]`.
  private func crops(_ requests: [Request], _ cache: inout PlaneCache) -> Tensor {
    let wanted = Set(requests.map(\.frame))
    cache.planes = cache.planes.filter { wanted.contains($0.key) }
    for t in wanted where cache.planes[t] == nil {
      cache.planes[t] = (
        clip.tensor(t..<t + 1), replacement == .mean ? painted(t) : replacement.frame(t, of: clip)
      )
    }
    let area = clip.size * clip.size
    let planes = cache.planes
    return Tensor(shape: [requests.count, 3, clip.size, clip.size]) { out in
      nonisolated(unsafe) let out = out  // each part writes crops of its own
      ComputeRuntime.split(requests.count) { range in
        for n in range { compose(requests[n], planes[requests[n].frame]!, out.baseAddress! + n * 3 * area) }
      }
    }
  }

  private func compose(
    _ request: Request, _ planes: (crop: Tensor, away: Tensor), _ out: UnsafeMutablePointer<Float>
  ) {
    let area = clip.size * clip.size
    let first = request.frame * area
    supervoxels.labels.withUnsafeBufferPointer { labels in
      request.keeps.withUnsafeBufferPointer { keeps in
        planes.crop.withUnsafeBufferPointer { crop in
          planes.away.withUnsafeBufferPointer { away in
            for i in 0..<area {
              let source = keeps[Int(labels[first + i])] ? crop : away
              out[i] = source[i]
              out[area + i] = source[area + i]
              out[2 * area + i] = source[2 * area + i]
            }
          }
        }
      }
    }
  }

  /// Frame `t` with each segment in its mean colour, `[1, 3, S, S]`.
  private func painted(_ t: Int) -> Tensor {
    let area = clip.size * clip.size
    let plane = supervoxels.plane(t)
    return Tensor(shape: [1, 3, clip.size, clip.size]) { out in
      for (i, label) in plane.enumerated() {
        for channel in 0..<3 { out[channel * area + i] = means[Int(label) * 3 + channel] }
      }
    }
  }

  /// Mean colour of each segment over all of its pixels, in [0, 1].
  private static func means(_ clip: Clip, _ supervoxels: Supervoxels) -> [Float] {
    var sums = [Int](repeating: 0, count: supervoxels.count * 3)
    var counts = [Int](repeating: 0, count: supervoxels.count)
    for t in clip.frames.indices {
      clip.crops[t].pixels.withUnsafeBufferPointer { pixels in
        for (i, label) in supervoxels.plane(t).enumerated() {
          let j = Int(label)
          counts[j] += 1
          for channel in 0..<3 { sums[j * 3 + channel] += Int(pixels[i * 3 + channel]) }
        }
      }
    }
    return sums.indices.map { Float(Double(sums[$0]) / Double(counts[$0 / 3]) / 255) }
  }
}
