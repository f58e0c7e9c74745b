import Explainers
import FaceCrop
import Foundation
import Testing
import VideoIO

@Suite("Face segments")
struct SupervoxelsFaceTests {
  /// A face seen from the front, with 40 frame pixels between its eyes and 44 from them to its mouth; turned by `angle`
  /// around the middle of its eyes at `centre`.
  private static func face(_ centre: Point, angle: Double = 0, scale: Double = 1) -> Face {
    let places: [(Double, Double)] = [(-20, 0), (20, 0), (0, 26), (0, 44), (-44, 6), (44, 6)]
    let points = places.map { x, y in
      Point(
        x: centre.x + scale * (x * cos(angle) - y * sin(angle)),
        y: centre.y + scale * (x * sin(angle) + y * cos(angle)))
    }
    return Face(
      box: Box(x: centre.x - 50, y: centre.y - 40, width: 100, height: 110), confidence: 1, keypoints: points)
  }

  private static func clip(
    _ faces: [Face], region: Box = Box(x: 0, y: 0, width: 200, height: 200), size: Int = 100
  )
    -> Clip
  {
    Clip(
      frames: faces.enumerated().map { Clip.Frame(index: $0, face: $1, region: region) },
      crops: faces.map { _ in RGBImage(width: size, height: size) })
  }

  /// The part at a place of the frame.
  private static func region(_ named: FaceSegments.Named, _ clip: Clip, _ t: Int, _ point: Point) throws
    -> FaceRegion
  {
    let place = try #require(clip.frames[t].cropPoint(point, size: clip.size))
    return named.regions[
      Int(
        named.supervoxels.plane(t)[
          t * clip.size * clip.size + Int(place.y) * clip.size + Int(place.x)])]
  }

  @Test("each keypoint lies in its part in every frame, wherever the face is, turned or near")
  func keypoints() throws {
    let clip = Self.clip([
      Self.face(Point(x: 100, y: 90)), Self.face(Point(x: 60, y: 70)),
      Self.face(Point(x: 110, y: 100), angle: 0.5),
      Self.face(Point(x: 100, y: 90), scale: 1.5), Self.face(Point(x: 110, y: 90), angle: -1.2, scale: 0.6),
    ])
    let named = try FaceSegments().named(of: clip)
    #expect(Set(named.regions) == Set(FaceRegion.allCases) && named.regions.count == 12)
    #expect(named.supervoxels.count == 12 && named.frames.allSatisfy { $0 == 0..<5 })
    for (t, frame) in clip.frames.enumerated() {
      let points = try #require(frame.face?.keypoints)
      for (keypoint, part) in [
        (FaceKeypoint.rightEye, FaceRegion.rightEye), (.leftEye, .leftEye), (.noseTip, .nose),
        (.mouthCentre, .mouth),
      ] {
        #expect(try Self.region(named, clip, t, points[keypoint.rawValue]) == part, "frame \(t)")
      }
    }
  }

  @Test("parts lie around the keypoints as in a face, left and right being the person's")
  func layout() throws {
    let clip = Self.clip([Self.face(Point(x: 100, y: 90))])
    let named = try FaceSegments().named(of: clip)
    for (x, y, part) in [
      (100, 55, FaceRegion.forehead), (75, 76, .rightBrow), (125, 76, .leftBrow), (75, 92, .rightEye),
      (125, 92, .leftEye), (100, 96, .nose), (70, 120, .rightCheek), (130, 120, .leftCheek),
      (85, 134, .mouth),
      (100, 156, .jaw), (100, 168, .outline), (57, 108, .outline), (100, 185, .outside),
      (20, 90, .outside), (100, 20, .outside), (195, 195, .outside),
    ] {
      #expect(try Self.region(named, clip, 0, Point(x: Double(x), y: Double(y))) == part, "\(x), \(y)")
    }
  }

  @Test("a face that moves by whole pixels of the crop takes its segments along, pixel by pixel")
  func moved() throws {
    let clip = Self.clip([Self.face(Point(x: 90, y: 80)), Self.face(Point(x: 102, y: 86))])
    let cut = try FaceSegments().segments(of: clip)
    let (still, moved) = (Array(cut.plane(0)), Array(cut.plane(1)))
    #expect(still != moved)
    for y in 0..<97 {
      for x in 0..<94 { #expect(moved[(y + 3) * 100 + x + 6] == still[y * 100 + x]) }
    }
  }

  @Test("what the crop shows of the frame moves and stretches the segments")
  func regions() throws {
    let face = Self.face(Point(x: 100, y: 90))
    let whole = try FaceSegments().segments(of: Self.clip([face]))
    let part = Self.clip([face], region: Box(x: 50, y: 40, width: 100, height: 100))
    let enlarged = try FaceSegments().segments(of: part)
    #expect(enlarged != whole)
    let stretched = Self.clip([face], region: Box(x: 50, y: 0, width: 100, height: 200))
    for clip in [part, stretched] {
      let named = try FaceSegments().named(of: clip)
      #expect(try Self.region(named, clip, 0, Point(x: 100, y: 134)) == .mouth)
      #expect(try Self.region(named, clip, 0, Point(x: 80, y: 90)) == .rightEye)
    }
  }

  @Test("with frames per segment a part becomes another one after so many frames")
  func time() throws {
    let clip = Self.clip((0..<5).map { _ in Self.face(Point(x: 100, y: 90)) })
    let named = try FaceSegments(framesPerSegment: 2).named(of: clip)
    #expect(named.supervoxels.count == 36)
    let mouths = named.regions.indices.filter { named.regions[$0] == .mouth }
    #expect(mouths.map { named.frames[$0] } == [0..<2, 2..<4, 4..<5])
    for mouth in mouths {
      let places = (0..<5).filter { named.supervoxels.plane($0).contains(Int32(mouth)) }
      #expect(places == Array(named.frames[mouth]))
    }
  }

  @Test("a face in profile, whose eyes fall together, keeps its parts")
  func profile() throws {
    var face = Self.face(Point(x: 100, y: 90))
    face.keypoints[0] = Point(x: 100, y: 90)
    face.keypoints[1] = Point(x: 101, y: 90)
    face.keypoints[2] = Point(x: 115, y: 116)
    let clip = Self.clip([face])
    let named = try FaceSegments().named(of: clip)
    #expect(Set(named.regions).isSuperset(of: [.mouth, .nose, .jaw, .forehead, .outside]))
    #expect(try Self.region(named, clip, 0, face.keypoints[3]) == .mouth)
  }

  @Test("a clip without keypoints, without regions, or with all points in one place is refused in words")
  func refused() throws {
    let image = RGBImage(width: 10, height: 10)
    #expect(
      throws: ExplanationError(
        "crop 0 has no keypoints of a face; take the clip from a video with BlazeFace, or cut it with SLIC")
    ) { try FaceSegments().segments(of: Clip(crops: [image])) }
    let face = Self.face(Point(x: 100, y: 90))
    let box = Box(x: 0, y: 0, width: 200, height: 200)
    #expect(
      throws: ExplanationError(
        "crop 1 does not say what part of the frame it shows; take the clip from a video with FaceExtractor")
    ) {
      try FaceSegments().segments(
        of: Clip(
          frames: [Clip.Frame(index: 0, face: face, region: box), Clip.Frame(index: 1, face: face)],
          crops: [image, image]))
    }
    var point = face
    point.keypoints = Array(repeating: Point(x: 50, y: 50), count: 6)
    #expect(
      throws: ExplanationError("the keypoints of crop 0 are all in one place; leave that frame out")
    ) { try FaceSegments().segments(of: Self.clip([point])) }
  }
}
