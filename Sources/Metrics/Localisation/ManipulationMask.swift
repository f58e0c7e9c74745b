public import FaceCrop
public import Tensor
public import Explainers
import VideoIO

/// Which pixels of a clip were manipulated: T×S×S of them, true or false.
public struct ManipulationMask: Sendable, Equatable {
  /// T.
  public let frames: Int
  /// S.
  public let size: Int
  /// T×S×S in row-major order.
  public let values: [Bool]

  /// A mask from its pixels.
  ///
  /// - Throws: ``ExplanationError`` unless there are T×S×S.
  public init(_ values: [Bool], frames: Int, size: Int) throws(ExplanationError) {
    guard frames > 0, size > 0, values.count == frames * size * size else {
      throw ExplanationError("a mask of \(frames) frames of \(size) pixels has not \(values.count) values")
    }
    (self.values, self.frames, self.size) = (values, frames, size)
  }

  /// A mask from a map `[T, S, S]`: what is above `threshold`.
  public init(_ map: Tensor, above threshold: Float = 0.5) throws(ExplanationError) {
    guard map.shape.count == 3, map.shape[1] == map.shape[2] else {
      throw ExplanationError("a mask has the shape [T, S, S], not \(map.shape)")
    }
    try self.init(map.elements.map { $0 > threshold }, frames: map.shape[0], size: map.shape[1])
  }

  /// How a fake differs from its original, pixel by pixel.
  public enum Difference: Sendable, Equatable {
    /// The mean of the channels' absolute differences, in [0, 1], smoothed by a Gaussian of 1 % of the side: what
    /// compression scatters is spread thin.
    case absolute
    /// 1 − SSIM of the luma in a Gaussian window of 1.5 pixels (Wang et al. 2004), in [0, 2].
    case structural
  }

  /// What of a fake differs from its real original by more than `threshold`.
  ///
  /// - Parameters:
  ///   - clip: a fake with its original beside it (`Clip.paired`), cut by the same boxes.
  ///   - threshold: of the difference; by default 0.04 of an absolute one (10 of 255 levels), 0.3 of a structural one
  ///     (both chosen).
  /// - Throws: ``ExplanationError`` for a clip without an original.
  public init(
    pairOf clip: Clip, difference: Difference = .absolute, threshold: Float? = nil
  ) throws(ExplanationError) {
    guard let paired = clip.paired else {
      throw ExplanationError("a mask is what differs from the paired real video, and the clip has none")
    }
    let original = Clip(frames: clip.frames, crops: paired).tensor()
    let map: Tensor
    switch difference {
    case .absolute: map = PairComparison.absolute(clip.tensor(), original)
    case .structural: map = PairComparison.structural(clip.tensor(), original)
    }
    try self.init(map, above: threshold ?? (difference == .absolute ? 0.04 : 0.3))
  }

  /// What is white in a mask that came with the fake, such as those of FaceForensics++.
  ///
  /// - Parameters:
  ///   - clip: a fake with its mask beside it in place of an original (`Clip.paired`), cut by the same boxes.
  ///   - threshold: of the mask's luma in [0, 1]; above it a pixel was manipulated.
  /// - Throws: ``ExplanationError`` for a clip with nothing beside it.
  public init(paintedBeside clip: Clip, above threshold: Float = 0.5) throws(ExplanationError) {
    guard let paired = clip.paired else {
      throw ExplanationError("there is no mask beside the clip")
    }
    try self.init(
      PairComparison.luma(Clip(frames: clip.frames, crops: paired).tensor()), above: threshold)
  }

  /// Checks that it fits a map `[T, S, S]`.
  func check(_ shape: [Int]) throws(ExplanationError) {
    guard frames == shape[0], size == shape[1] else {
      throw ExplanationError(
        "a mask of \(frames) frames of \(size) pixels does not fit a map of \(shape[0]) frames of \(shape[1])"
      )
    }
  }

  /// The pixels of frame `t`.
  public func plane(_ t: Int) -> ArraySlice<Bool> { values[(t * size * size)..<((t + 1) * size * size)] }

  /// The share of the clip that was manipulated, in [0, 1].
  public var share: Double { Double(values.count { $0 }) / Double(values.count) }
}
