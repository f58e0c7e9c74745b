import FaceCrop
import Foundation
import Tensor
import VideoIO

/// What is seen where a part of a crop is taken away.
///
/// Every replacement is an answer to "away, compared to what?", and maps depend on it. A colour leaves edges that no face
/// has; the real original of a fake (`paired`) is the only replacement that a detector was trained to see.
public enum Replacement: Sendable, Hashable {
  /// The mean colour of the segment that is taken away, over all of its pixels in all frames, not rounded; of the whole
  /// frame for methods without segments.
  case mean
  /// One level of grey in [0, 1] for red, green and blue.
  case grey(Float = 0.5)
  /// The same place of the frame made soft by a Gaussian; its standard deviation as a share of the crop's side.
  case blur(deviation: Double = 0.08)
  /// The same place of the paired real video; see `Clip.paired`.
  case paired

  /// Checks that `clip` has what is needed, and that numbers are in their ranges.
  func check(_ clip: Clip, for method: String) throws(ExplanationError) {
    switch self {
    case .mean: return
    case .grey(let level):
      guard (0...1).contains(level) else {
        throw ExplanationError("\(method): grey is a level in [0, 1], not \(level)")
      }
    case .blur(let deviation):
      guard deviation > 0, deviation <= 1 else {
        throw ExplanationError(
          "\(method): a blur's deviation is a share of the side in (0, 1], not \(deviation)")
      }
    case .paired:
      guard clip.paired != nil else {
        throw ExplanationError("\(method): the replacement is the paired real video, and the clip has none")
      }
    }
  }

  /// What replaces the whole of frame `t`, `[1, 3, S, S]`, RGB in [0, 1]; `mean` is that of the frame.
  func frame(_ t: Int, of clip: Clip) -> Tensor {
    let size = clip.size
    switch self {
    case .grey(let level): return Tensor(shape: [1, 3, size, size], repeating: level)
    case .paired: return Clip(frames: [clip.frames[t]], crops: [clip.paired![t]]).tensor()
    case .blur(let deviation): return clip.tensor(t..<t + 1).blurred(deviation: deviation * Double(size))
    case .mean:
      let means = clip.tensor(t..<t + 1).globalAveragePooled().elements
      return Tensor(shape: [1, 3, size, size]) { out in
        for i in out.indices { out[i] = means[i / (size * size)] }
      }
    }
  }
}

extension Tensor {
  /// Each plane of `[N, C, H, W]` smoothed by a Gaussian of `deviation` pixels, cut at four deviations; beyond the edges
  /// the edge's pixels go on.
  func blurred(deviation: Double) -> Tensor {
    let radius = max(1, Int((4 * deviation).rounded(.up)))
    var taps = (-radius...radius).map { Float(exp(-0.5 * pow(Double($0) / deviation, 2))) }
    let sum = taps.reduce(0, +)
    for i in taps.indices { taps[i] /= sum }
    return smoothedAlongRows(taps).transposedPlanes().smoothedAlongRows(taps).transposedPlanes()
  }

  private func smoothedAlongRows(_ taps: [Float]) -> Tensor {
    let (width, radius) = (shape[3], taps.count / 2)
    let rows = count / width
    return withUnsafeBufferPointer { source in
      Tensor(shape: shape) { out in
        nonisolated(unsafe) let (source, out) = (source, out)  // each part writes rows of its own
        ComputeRuntime.split(rows, grain: 64) { range in
          var padded = [Float](repeating: 0, count: width + 2 * radius)
          for row in range {
            for i in padded.indices {
              padded[i] = source[row * width + Swift.min(Swift.max(i - radius, 0), width - 1)]
            }
            for x in 0..<width {
              var total: Float = 0
              for (k, tap) in taps.enumerated() { total += tap * padded[x + k] }
              out[row * width + x] = total
            }
          }
        }
      }
    }
  }

  /// `[N, C, H, W]` to `[N, C, W, H]`.
  private func transposedPlanes() -> Tensor {
    let (height, width) = (shape[2], shape[3])
    return withUnsafeBufferPointer { source in
      Tensor(shape: [shape[0], shape[1], width, height]) { out in
        for plane in 0..<shape[0] * shape[1] {
          let base = plane * height * width
          for y in 0..<height {
            for x in 0..<width { out[base + x * height + y] = source[base + y * width + x] }
          }
        }
      }
    }
  }
}
