/// One decoded frame of a video.
public struct VideoFrame: Sendable, Equatable {
  /// Its place in presentation order, from 0.
  public let index: Int
  /// When it is shown, in seconds after the video's first frame.
  public let time: Double
  /// How long it is shown, in seconds: until the next frame of the file (not of the sample).
  public let duration: Double
  /// The picture, upright.
  public let image: RGBImage

  /// A frame from its parts.
  public init(index: Int, time: Double, duration: Double, image: RGBImage) {
    self.index = index
    self.time = time
    self.duration = duration
    self.image = image
  }
}

/// Which frames of a video are looked at.
public enum FrameSampling {
  /// `count` of `total` frames, evenly spaced from the first to the last.
  ///
  /// Index i is i·(total − 1)/(count − 1), rounded half up. One frame is the middle one; asking for more than there are
  /// gives all.
  public static func indices(count: Int, of total: Int) -> [Int] {
    precondition(count >= 0 && total >= 0, "FrameSampling: \(count) of \(total) frames")
    if count >= total { return Array(0..<total) }
    if count == 1 { return [total / 2] }
    return (0..<count).map { i in (2 * i * (total - 1) + count - 1) / (2 * (count - 1)) }
  }
}
