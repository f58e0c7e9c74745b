public import Tensor
public import VideoIO

/// T square crops of one face over time: the unit that is classified and explained.
public struct Clip: Sendable {
  /// Where a crop comes from.
  public struct Frame: Sendable, Equatable, Codable {
    /// Index of the frame in presentation order; the position for a clip that came without a video.
    public var index: Int
    /// Presentation time in seconds; nil for a clip that came without a video.
    public var time: Double?
    /// The detected face before the crop's margin; nil for a clip that came without a video.
    public var face: Face?
    /// What of the frame the crop shows, in upright frame pixels: the crop's edges are the region's, so that places in
    /// one are places in the other. It may reach over the frame's edge. Nil for a clip that came without a video.
    public var region: Box?

    /// A frame from its parts.
    public init(index: Int, time: Double? = nil, face: Face? = nil, region: Box? = nil) {
      self.index = index
      self.time = time
      self.face = face
      self.region = region
    }

    /// Where a point of the frame is in a crop of side `size`, in its pixels, whose edges are whole numbers; nil without
    /// a ``region``.
    public func cropPoint(_ point: Point, size: Int) -> Point? {
      guard let region, region.width > 0, region.height > 0 else { return nil }
      return Point(
        x: (point.x - region.x) * Double(size) / region.width,
        y: (point.y - region.y) * Double(size) / region.height)
    }
  }

  /// Number of the track within its video, from 0.
  public let track: Int
  /// Side S of each crop in pixels.
  public let size: Int
  /// Where each crop comes from, in order of presentation; T of them, at least one.
  public let frames: [Frame]
  /// The crops, S×S each, T of them.
  public let crops: [RGBImage]
  /// For a fake whose real original is at hand: the same places of the original's frames, S×S each, T of them.
  public let paired: [RGBImage]?

  /// A clip from its parts; as many crops as frames, all square and of one size.
  public init(track: Int = 0, frames: [Frame], crops: [RGBImage], paired: [RGBImage]? = nil) {
    precondition(
      !frames.isEmpty && frames.count == crops.count && paired.map { $0.count == crops.count } ?? true,
      "Clip: \(frames.count) frames, \(crops.count) crops, \(paired?.count ?? 0) paired ones")
    let size = crops[0].width
    precondition(
      (crops + (paired ?? [])).allSatisfy { $0.width == size && $0.height == size },
      "Clip: crops of several sizes")
    self.paired = paired
    self.track = track
    self.size = size
    self.frames = frames
    self.crops = crops
  }

  /// The crops in `range` as a classifier takes them: `[N, 3, S, S]`, RGB in [0, 1].
  public func tensor(_ range: Range<Int>) -> Tensor { Tensor(crops: crops[range]) }

  /// All crops: `[T, 3, S, S]`, RGB in [0, 1].
  public func tensor() -> Tensor { tensor(0..<frames.count) }
}
