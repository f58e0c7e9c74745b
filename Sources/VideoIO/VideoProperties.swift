import CWhyFakeVideo

/// What a video is.
public struct VideoProperties: Sendable, Codable, Equatable {
  /// Columns of the upright frame. Pixels are taken as square, whatever sample aspect ratio is tagged.
  public var width: Int
  /// Rows of the upright frame.
  public var height: Int
  /// Degrees by which stored frames are turned clockwise to stand upright: 0, 90, 180 or 270.
  public var rotation: Int
  /// Whether stored frames are mirrored (left to right) before they are turned.
  public var isMirrored: Bool
  /// The codec's name, such as `h264`.
  public var codec: String
  /// libav's name of the stored pixel format, such as `yuv420p`.
  public var pixelFormat: String
  /// The exact number of frames that a full decode gives.
  public var frameCount: Int
  /// From the first frame's start to the last one's end, in seconds.
  public var duration: Double
  /// Frames a second on average.
  public var averageFrameRate: Double
  /// The matrix by which frames become RGB.
  public var colourMatrix: ColourMatrix
  /// The range of the stored values.
  public var colourRange: ColourRange
  /// Whether matrix or range are not tagged in the file but assumed (BT.601, limited).
  public var colourIsAssumed: Bool
  /// Whether the file is cut or damaged: fewer frames could be read than it declares, or it ends inside one.
  public var isTruncated: Bool

  /// The version of the libav that decodes, as its makers name it, such as `5.1.6-0+deb12u1`.
  public static var decoderVersion: String { String(cString: wf_libav_version()) }
}

/// How stored luma and chroma become RGB (the names of ITU-T H.273).
public enum ColourMatrix: String, Sendable, Codable, CaseIterable {
  /// RGB is stored; nothing is computed.
  case rgb
  /// BT.601, 525 or 625 lines: what untagged video is taken for.
  case bt601
  /// BT.709: most high-definition video.
  case bt709
  /// BT.2020 (constant luminance is read as non-constant). High dynamic range is not tone-mapped.
  case bt2020
  /// FCC title 47.
  case fcc
  /// SMPTE 240M.
  case smpte240m
}

/// Which of the 256 (or 1024) values stand for black and white.
public enum ColourRange: String, Sendable, Codable, CaseIterable {
  /// 16 to 235.
  case limited
  /// 0 to 255.
  case full
}
