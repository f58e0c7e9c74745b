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
  private let perturbed: PerturbedClip

  init(
    _ clip: Clip, _ supervoxels: Supervoxels, replacement: Replacement, classifier: any Classifier,
    method: String
  ) throws(ExplanationError) {
    guard supervoxels.frames == clip.frames.count, supervoxels.size == clip.size else {
      throw ExplanationError(
        "\(method): segments of \(supervoxels.frames) frames of \(supervoxels.size) pixels do not fit a clip of "
          + "\(clip.frames.count) frames of \(clip.size) pixels")
    }
    self.clip = clip
    self.supervoxels = supervoxels
    if replacement == .mean {
      let means = MaskedClip.means(clip, supervoxels)
      perturbed = PerturbedClip(clip, classifier: classifier) {
        MaskedClip.painted(supervoxels, means, frame: $0)
      }
    } else {
      perturbed = try PerturbedClip(clip, replacement: replacement, classifier: classifier, method: method)
    }
  }

  /// The logit of each request, in order.
  ///
  /// - Parameters:
  ///   - requests: those of a frame should follow each other. For a clip-wise classifier they are whole clips: the
  ///     frames 0 ..< T over and over.
  ///   - report: called with the number of requests done.
  func logits(_ requests: [Request], report: (Int) throws -> Void) throws -> [Float] {
    var perturbed = perturbed
    return try perturbed.logits(requests.count, frame: { requests[$0].frame }, report: report) {
      compose(requests[$0], $1, $2)
    }
  }

  private func compose(
    _ request: Request, _ planes: PerturbedClip.Planes, _ out: UnsafeMutablePointer<Float>
  ) {
    let (area, first) = (planes.area, request.frame * planes.area)
    supervoxels.labels.withUnsafeBufferPointer { labels in
      request.keeps.withUnsafeBufferPointer { keeps in
        for i in 0..<area {
          let source = keeps[Int(labels[first + i])] ? planes.crop : planes.away
          out[i] = source[i]
          out[area + i] = source[area + i]
          out[2 * area + i] = source[2 * area + i]
        }
      }
    }
  }

  /// Frame `t` with each segment in its mean colour, `[1, 3, S, S]`.
  private static func painted(_ supervoxels: Supervoxels, _ means: [Float], frame t: Int) -> Tensor {
    let area = supervoxels.size * supervoxels.size
    let plane = supervoxels.plane(t)
    return Tensor(shape: [1, 3, supervoxels.size, supervoxels.size]) { out in
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
