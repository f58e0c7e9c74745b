public import FaceCrop
import VideoIO

/// A part of a face, or what is around it; left and right are the person's.
public enum FaceRegion: Int, Sendable, CaseIterable {
  /// The right brow.
  case rightBrow
  /// The left brow.
  case leftBrow
  /// The right eye, below its brow.
  case rightEye
  /// The left eye, below its brow.
  case leftEye
  /// From between the eyes to the nostrils.
  case nose
  /// The lips and what is close around them.
  case mouth
  /// From the right eye down to the jaw, out to the outline.
  case rightCheek
  /// From the left eye down to the jaw, out to the outline.
  case leftCheek
  /// Above the brows and between them.
  case forehead
  /// Below the mouth.
  case jaw
  /// The edge of the face, hairline to chin: where a pasted face ends.
  case outline
  /// Hair, neck, clothes, background.
  case outside

  /// The case's name, such as `leftEye`: what records call it.
  public var name: String { String(describing: self) }
}

/// Segments that follow the face: "the mouth" is one segment wherever it moves.
///
/// The parts are laid out around the detector's keypoints in coordinates that the face carries along: across from eye to
/// eye, down from between the eyes to the mouth; so they turn, tilt and shrink with it. Their borders are those of an
/// average face, not edges of the picture. A segment may be in several pieces, `outside` mostly is.
public struct FaceSegments: Segmentation, Equatable {
  /// Frames after which a part becomes another segment; nil for one segment over the whole clip.
  public var framesPerSegment: Int?

  /// A way of cutting.
  ///
  /// - Parameter framesPerSegment: at least 1, or nil.
  public init(framesPerSegment: Int? = nil) {
    precondition(framesPerSegment.map { $0 > 0 } ?? true, "FaceSegments: \(framesPerSegment ?? 0) frames")
    self.framesPerSegment = framesPerSegment
  }

  /// Segments with what they are.
  public struct Named: Sendable, Equatable {
    /// The segments.
    public let supervoxels: Supervoxels
    /// The part that each segment is of.
    public let regions: [FaceRegion]
    /// The frames of the clip that each segment is of.
    public let frames: [Range<Int>]
  }

  /// The segments of `clip`.
  ///
  /// - Throws: ``ExplanationError`` if a frame lacks keypoints, or does not say what its crop shows.
  public func segments(of clip: Clip) throws -> Supervoxels { try named(of: clip).supervoxels }

  /// The segments of `clip` with their names. A part that is nowhere in the crops has no segment.
  ///
  /// - Throws: as ``segments(of:)``.
  public func named(of clip: Clip) throws(ExplanationError) -> Named {
    let (frames, size, regionCount) = (clip.frames.count, clip.size, FaceRegion.allCases.count)
    let length = framesPerSegment ?? frames
    var labels: [Int32] = []
    labels.reserveCapacity(frames * size * size)
    for (t, frame) in clip.frames.enumerated() {
      let layout = try FaceLayout(frame, position: t, size: size)
      let first = t / length * regionCount
      for y in 0..<size {
        for x in 0..<size {
          let region = layout.region(x: Double(x) + 0.5, y: Double(y) + 0.5)
          labels.append(Int32(first + region.rawValue))
        }
      }
    }
    let supervoxels = Supervoxels(labels: labels, frames: frames, size: size)
    // Segments are numbered in the order in which they first occur.
    var seen = -1
    var (regions, spans): ([FaceRegion], [Range<Int>]) = ([], [])
    for (label, segment) in zip(labels, supervoxels.labels) where Int(segment) > seen {
      seen = Int(segment)
      regions.append(FaceRegion.allCases[Int(label) % regionCount])
      let start = Int(label) / regionCount * length
      spans.append(start..<min(start + length, frames))
    }
    return Named(supervoxels: supervoxels, regions: regions, frames: spans)
  }
}

/// A face's own coordinates in one crop: a is −½ at the person's right eye and +½ at the left one, b is 0 between the
/// eyes and 1 at the mouth.
struct FaceLayout {
  private let origin: Point
  /// What a step in x and y of the crop is in a and b.
  private let a: Point
  private let b: Point
  private let nose: Point
  /// How far the face reaches to each side, in a.
  private let rightEdge: Double
  private let leftEdge: Double

  init(_ frame: Clip.Frame, position: Int, size: Int) throws(ExplanationError) {
    let keypoints = frame.face?.keypoints ?? []
    guard keypoints.count == FaceKeypoint.allCases.count,
      keypoints.allSatisfy({ $0.x.isFinite && $0.y.isFinite })
    else {
      throw ExplanationError(
        "crop \(position) has no keypoints of a face; take the clip from a video with BlazeFace, or cut it with SLIC"
      )
    }
    let points = keypoints.compactMap { frame.cropPoint($0, size: size) }
    guard points.count == keypoints.count else {
      throw ExplanationError(
        "crop \(position) does not say what part of the frame it shows; take the clip from a video with FaceExtractor"
      )
    }
    func point(_ keypoint: FaceKeypoint) -> Point { points[keypoint.rawValue] }
    let (right, left, mouth) = (point(.rightEye), point(.leftEye), point(.mouthCentre))
    let origin = Point(x: (right.x + left.x) / 2, y: (right.y + left.y) / 2)
    var across = Point(x: left.x - right.x, y: left.y - right.y)
    let down = Point(x: mouth.x - origin.x, y: mouth.y - origin.y)
    // In profile the eyes fall together; a face is never taken for narrower than a third of its length.
    let length = max((down.x * down.x + down.y * down.y).squareRoot(), 1e-6)
    var determinant = across.x * down.y - across.y * down.x
    let least = length * length / 3
    if abs(determinant) < least {
      let sign: Double = determinant < 0 ? -1 : 1
      let missing = (sign * least - determinant) / (length * length)
      across.x += missing * down.y
      across.y -= missing * down.x
      determinant = across.x * down.y - across.y * down.x
    }
    if abs(determinant) < 1e-9 {
      throw ExplanationError("the keypoints of crop \(position) are all in one place; leave that frame out")
    }
    let a = Point(x: down.y / determinant, y: -down.x / determinant)
    let b = Point(x: -across.y / determinant, y: across.x / determinant)
    func own(_ point: Point) -> Point {
      let (x, y) = (point.x - origin.x, point.y - origin.y)
      return Point(x: x * a.x + y * a.y, y: x * b.x + y * b.y)
    }
    (self.origin, self.a, self.b) = (origin, a, b)
    let tip = own(point(.noseTip))
    nose = Point(x: min(max(tip.x, -0.7), 0.7), y: min(max(tip.y, 0.35), 0.8))
    // A head that is turned shows less of one side; ears tell, within what heads can do.
    rightEdge = min(max(-own(point(.rightEarTragion)).x, 0.7), 1.5)
    leftEdge = min(max(own(point(.leftEarTragion)).x, 0.7), 1.5)
  }

  /// The part at a place of the crop.
  func region(x: Double, y: Double) -> FaceRegion {
    let (dx, dy) = (x - origin.x, y - origin.y)
    let (a, b) = (dx * self.a.x + dy * self.a.y, dx * self.b.x + dy * self.b.y)
    // Hairline to chin is an oval from −1.0 to 1.8, as wide as from ear to ear; its edge is a tenth to each side.
    let (across, down) = (a / (a < 0 ? rightEdge : leftEdge), (b - 0.4) / 1.4)
    let distance = across * across + down * down
    if distance > 1.21 { return .outside }
    if distance > 0.81 { return .outline }
    if b < -0.5 { return .forehead }
    // The nose's ridge leads from between the eyes to its tip.
    let ridge = nose.x * max(b, 0) / nose.y
    let lip = (nose.y + 1) / 2
    if b < 0.3 {
      if abs(a - ridge) < 0.12 { return b > -0.2 ? .nose : .forehead }
      if abs(a) < 0.95 {
        return b < -0.2 ? (a < 0 ? .rightBrow : .leftBrow) : (a < 0 ? .rightEye : .leftEye)
      }
      return a < 0 ? .rightCheek : .leftCheek
    }
    if b < lip {
      if abs(a - ridge) < 0.32 { return .nose }
      return a < ridge ? .rightCheek : .leftCheek
    }
    if b < 1.3 {
      if abs(a) < 0.55 { return .mouth }
      return a < 0 ? .rightCheek : .leftCheek
    }
    return .jaw
  }
}
