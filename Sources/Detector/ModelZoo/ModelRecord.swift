public import VideoIO

/// What is known of a published model before its file is at hand.
public struct ModelRecord: Sendable, Equatable {
  /// The name that it is asked for by.
  public var name: String
  /// The name of its file: where it is published, and in the user's cache.
  public var fileName: String
  /// Where its authors publish it; nil for what ships with the package.
  public var url: String?
  /// The SHA-256 that its authors say it has, in 64 hexadecimal digits; nil if they say none.
  public var sha256: String?
  /// Its length, if it is known.
  public var bytes: Int?
  /// Its network, such as `EfficientNetB4` or `Xception`.
  public var architecture: String
  /// Side of the crops in pixels.
  public var inputSize: Int
  /// How a face's box becomes a crop.
  public var cropPolicy: CropPolicy
  /// How convolutions are padded.
  public var padding: PaddingScheme
  /// What it was trained on.
  public var trainingData: String
  /// The project that it comes from.
  public var source: String
  /// The terms that it is under.
  public var licence: String
  /// What its authors report of it; nil if it is not known here.
  public var performance: String?
  /// Whether this package has its network; the file can be fetched all the same.
  public var isRunnable = true
  /// Whether it ships with this package.
  public var isShipped: Bool { url == nil }
}
