import FaceCrop
import Tensor

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
