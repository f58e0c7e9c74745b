public import VideoIO

/// What is cut out of videos, and how it is kept.
public struct HarvestOptions: Sendable, Hashable, Codable {
  /// How crops are stored.
  public enum Format: Sendable, Hashable, Codable {
    /// JPEG (4:2:0) of a quality from 1 to 100.
    case jpeg(quality: Int)
    /// PNG, without loss, at several times the size.
    case png

    var suffix: String { self == .png ? "png" : "jpg" }
  }

  /// Frames of a video, evenly spaced as ``FrameSampling`` has it.
  public var frames: Int
  /// Side of a crop in pixels.
  public var size: Int
  /// How a face's box becomes a crop.
  public var policy: CropPolicy
  /// How crops are stored.
  public var format: Format
  /// Whether a fake is cropped at its original's frames with its original's boxes where both show the same scene frame by
  /// frame, so that their crops are pairs; where it is false each video is cropped by itself.
  public var followsOriginals: Bool

  /// Options; everything has a default.
  public init(
    frames: Int = 32, size: Int = 224, policy: CropPolicy = .scale, format: Format = .jpeg(quality: 95),
    followsOriginals: Bool = true
  ) {
    precondition(frames > 0 && size > 0, "HarvestOptions: \(frames) frames, size \(size)")
    if case .jpeg(let quality) = format {
      precondition((1...100).contains(quality), "HarvestOptions: JPEG quality \(quality)")
    }
    (self.frames, self.size, self.policy, self.format) = (frames, size, policy, format)
    self.followsOriginals = followsOriginals
  }
}

/// How a harvest tells how far it is, learns that it is to stop, and keeps unfinished work apart.
public struct HarvestContext: Sendable {
  /// Called after each video, from any thread, one call at a time.
  public var progress: @Sendable (HarvestProgress) -> Void
  /// Called for each frame, from any thread; what it throws ends the harvest and is passed on.
  public var checkCancellation: @Sendable () throws -> Void
  /// Makes the folder of a video in work.
  public var begin: @Sendable (_ folder: String) throws -> Void
  /// Runs what moves that folder to its place, or removes it.
  public var settle: @Sendable (_ folder: String, _ body: () throws -> Void) throws -> Void

  /// A context; by default nobody watches, and the calling task's cancellation ends it.
  public init(
    progress: @escaping @Sendable (HarvestProgress) -> Void = { _ in },
    checkCancellation: @escaping @Sendable () throws -> Void = { try Task.checkCancellation() },
    begin: (@Sendable (_ folder: String) throws -> Void)? = nil,
    settle: @escaping @Sendable (_ folder: String, _ body: () throws -> Void) throws -> Void = { try $1() }
  ) {
    self.progress = progress
    self.checkCancellation = checkCancellation
    self.begin = begin ?? { try HarvestStore.makeFolder($0) }
    self.settle = settle
  }
}

/// How far a harvest is.
public struct HarvestProgress: Sendable, Hashable {
  /// Videos that are done, those of earlier runs included.
  public var videos: Int
  /// Videos in all.
  public var allVideos: Int
  /// Crops made in this run.
  public var crops: Int
  /// The share of the work that is done, in [0, 1]; finding faces counts for more than following an original.
  public var done: Double

  /// Progress from its parts.
  public init(videos: Int, allVideos: Int, crops: Int, done: Double) {
    (self.videos, self.allVideos, self.crops, self.done) = (videos, allVideos, crops, done)
  }
}
