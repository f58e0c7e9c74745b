public import VideoIO

/// A face found in a frame.
public struct Face: Sendable, Equatable, Codable {
  /// Where it is, in upright frame pixels; it may reach over the frame's edge.
  public var box: Box
  /// The detector's confidence, in [0, 1].
  public var confidence: Double
  /// The six points of ``FaceKeypoint``, in that order; empty if the detector has none.
  public var keypoints: [Point]

  /// A face from its parts.
  public init(box: Box, confidence: Double, keypoints: [Point] = []) {
    self.box = box
    self.confidence = confidence
    self.keypoints = keypoints
  }
}

/// BlazeFace's keypoints in the order of ``Face/keypoints``; left and right are the person's.
public enum FaceKeypoint: Int, Sendable, CaseIterable, Codable {
  /// Centre of the person's right eye.
  case rightEye
  /// Centre of the person's left eye.
  case leftEye
  /// Tip of the nose.
  case noseTip
  /// Centre of the mouth.
  case mouthCentre
  /// Tragion (before the ear canal) of the person's right ear.
  case rightEarTragion
  /// Tragion of the person's left ear.
  case leftEarTragion
}

/// Finds faces in pictures.
///
/// One method is enough: bring your own detector by conforming to it.
public protocol FaceDetector: Sendable {
  /// The faces in `image`, most confident first; boxes in pixels of `image`.
  func faces(in image: RGBImage) throws -> [Face]

  /// The faces in each of `images`; one by one unless a detector knows better.
  func faces(in images: [RGBImage]) throws -> [[Face]]
}

extension FaceDetector {
  /// The faces in each of `images`, one by one.
  public func faces(in images: [RGBImage]) throws -> [[Face]] { try images.map { try faces(in: $0) } }
}
