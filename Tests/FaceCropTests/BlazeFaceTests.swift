import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

/// The golden boxes are by Tests/Golden/faces/make_boxes.py (PyTorch). Decoding here and there may differ by a level.
@Suite("BlazeFace", .serialized)
struct BlazeFaceTests {
  struct Golden: Decodable {
    struct Frame: Decodable {
      let video: String
      let index: Int
      let size: [Int]
      /// Box, six points, confidence.
      let faces: [[Double]]
    }

    let frames: [Frame]
  }

  let detector: BlazeFace

  init() throws { detector = try BlazeFace() }

  @Test(
    "boxes in 16 real frames are PyTorch's to a pixel, keypoints to two",
    .enabled(if: testData != nil, needsData)
  )
  func golden() throws {
    let file = goldenFolder.appendingPathComponent("boxes.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    #expect(golden.frames.count == 16)
    // The reference has no second look.
    var detector = detector
    detector.secondLook = 0
    var largest = 0.0
    for record in golden.frames {
      let frame = try readFrame(record.video, record.index)
      #expect([frame.width, frame.height] == record.size)
      let faces = detector.faces(in: frame)
      try #require(faces.count == record.faces.count, "\(record.video) \(record.index)")
      for (face, expected) in zip(faces, record.faces) {
        let box = [face.box.x, face.box.y, face.box.width, face.box.height]
        let points = face.keypoints.flatMap { [$0.x, $0.y] }
        func difference(_ values: [Double], _ from: Int) -> Double {
          zip(values, expected[from...]).map { abs($0 - $1) }.max() ?? .infinity
        }
        #expect(abs(face.confidence - expected[16]) < 0.01)
        #expect(difference(box, 0) <= 1, "\(record.video) \(record.index)")
        #expect(difference(points, 4) <= 2, "\(record.video) \(record.index)")
        largest = max(largest, difference(box, 0))
      }
    }
    print("BlazeFace against PyTorch, boxes in 16 frames: at most \(largest) pixels")
  }

  @Test("what the network makes of a picture by a formula is PyTorch's to a hundredth of a pixel")
  func synthetic() throws {
    struct Golden: Decodable {
      let threshold: Double
      let faces: [[Double]]
    }
    let golden = try JSONDecoder().decode(
      Golden.self, from: Data(contentsOf: goldenFolder.appendingPathComponent("synthetic.json")))
    var sensitive = detector
    sensitive.threshold = golden.threshold
    sensitive.secondLook = 0
    let faces = sensitive.faces(in: formulaPicture(128, 128))
    try #require(!faces.isEmpty && faces.count == golden.faces.count)
    for (face, expected) in zip(faces, golden.faces) {
      let values =
        [face.box.x, face.box.y, face.box.width, face.box.height] + face.keypoints.flatMap { [$0.x, $0.y] }
      #expect(values.count == 16 && zip(values, expected).allSatisfy { abs($0 - $1) < 0.01 })
      #expect(abs(face.confidence - expected[16]) < 1e-3)
    }
  }

  @Test(
    "a face is found wherever it is along a row of a 1440p and a 4K frame",
    .enabled(if: testData != nil, needsData), arguments: [(2560, 1440), (3840, 2160)])
  func everywhere(width: Int, height: Int) throws {
    let source = try readFrame("videos/dfdc/dfdc_train_part_0/lynaeydofd.mp4", 1)
    let face = try #require(detector.faces(in: source).first).box
    // The face and its surroundings, on grey, its left edge at every 128th column; rows change along.
    let patch = source.cropped(
      x: Int(face.x) - 150, y: Int(face.y) - 150, width: Int(face.width) + 300, height: Int(face.height) + 300
    )
    let (dx, dy) = (face.x - Double(Int(face.x) - 150), face.y - Double(Int(face.y) - 150))
    let tiling = Tiling(width: width, height: height)
    let rows = [0, (height - patch.height) / 3, height - patch.height]
    for (step, x) in stride(from: 0, through: width - patch.width, by: 128).enumerated() {
      let y = rows[step % rows.count]
      var frame = RGBImage(width: width, height: height, red: 90, green: 90, blue: 90)
      frame.paste(patch, x: x, y: y)
      let expected = Box(
        x: Double(x) + dx, y: Double(y) + dy, width: face.width, height: face.height)
      let faces = detector.faces(in: frame)
      #expect(
        faces.count == 1 && faces[0].box.intersectionOverUnion(expected) > 0.7,
        "\(width)×\(height), x \(x), y \(y), tile \(tiling.side): \(faces.map(\.box))")
    }
  }

  @Test(
    "a second look keeps the face and drops the captions that a tile takes for faces",
    .enabled(if: testData != nil, needsData), arguments: [33, 200, 333])
  func captions(index: Int) throws {
    let frame = try readFrame("videos/ffpp/manipulated_sequences/Deepfakes/c23/videos/253_183.mp4", index)
    var hasty = detector
    hasty.secondLook = 0
    #expect(hasty.faces(in: frame).count > 1)
    let faces = detector.faces(in: frame)
    #expect(faces.count == 1 && faces[0].box.x > 500, "\(faces.map(\.box))")
  }

  @Test("a face that fills a 1080p frame is found once, and whole", .enabled(if: testData != nil, needsData))
  func filling() throws {
    let source = try readFrame("videos/dfdc/dfdc_train_part_0/lynaeydofd.mp4", 1)
    let face = try #require(detector.faces(in: source).first).box
    // The frame cut so that the face is as high as it.
    for share in [0.6, 0.75, 0.95] {
      let height = face.height / share
      let box = Box(
        x: face.x + face.width / 2 - height * 8 / 9, y: face.y + face.height / 2 - height / 2,
        width: height * 16 / 9, height: height)
      let frame = source.resized(width: 1920, height: 1080, box: box)
      let scale = 1080 / height
      let expected = Box(
        x: (face.x - box.x) * scale, y: (face.y - box.y) * scale, width: face.width * scale,
        height: face.height * scale)
      let faces = detector.faces(in: frame)
      #expect(
        faces.count == 1 && faces[0].box.intersectionOverUnion(expected) > 0.7,
        "share \(share): \(faces.map(\.box)), expected \(expected)")
    }
  }

  @Test("pictures of any size, also of one pixel, give no face and no crash")
  func tiny() {
    for (width, height) in [(1, 1), (16, 16), (3, 1000), (1000, 1), (719, 721), (130, 128)] {
      #expect(
        detector.faces(in: RGBImage(width: width, height: height, red: 40, green: 90, blue: 200)).isEmpty)
    }
    #expect(detector.faces(in: formulaPicture(16, 16)).count <= 1)
  }

  @Test("frames looked at together give bit for bit what each gives alone, on any number of threads")
  func together() throws {
    // A sensitive detector, so that there is much to differ in.
    var detector = detector
    (detector.threshold, detector.secondLook) = (0.2, 0.2)
    let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Samples/sample-real.mp4")
    var reader = try VideoReader(path: sample.path)
    var images: [RGBImage] = []
    try reader.frames(at: [0, 7, 20]) { images.append($0.image) }
    images += [
      formulaPicture(500, 300), RGBImage(width: 1, height: 1), images[0].resized(width: 641, height: 203),
      formulaPicture(128, 128), images[1],
    ]
    defer { ComputeRuntime.threads = 0 }
    ComputeRuntime.threads = 1
    let alone = images.map { detector.faces(in: $0) }
    #expect(alone.allSatisfy { $0 == $0.sorted { $0.confidence > $1.confidence } })
    #expect(alone.prefix(3).allSatisfy { !$0.isEmpty } && alone[4].isEmpty)
    for threads in 1...3 {
      ComputeRuntime.threads = threads
      #expect(detector.faces(in: images) == alone, "\(threads) threads")
      #expect(detector.faces(in: images.reversed()) == alone.reversed(), "\(threads) threads")
      #expect(images.map { detector.faces(in: $0) } == alone, "\(threads) threads")
    }
    #expect(detector.faces(in: []) == [])
  }

  @Test("overlapping candidates become their mean, weighted by confidence; others stay")
  func suppression() {
    func face(_ x: Double, _ confidence: Double) -> Face {
      Face(
        box: Box(x: x, y: 0, width: 10, height: 10), confidence: confidence,
        keypoints: [Point(x: x + 5, y: 5)])
    }
    let faces = detector.blended([face(2, 0.8), face(100, 0.85), face(0, 0.9), face(7, 0.76)])
    #expect(faces.map(\.confidence).map { ($0 * 1000).rounded() } == [850, 850, 760])
    #expect(abs(faces[0].box.x - 1.6 / 1.7) < 1e-12 && abs(faces[0].keypoints[0].x - 5 - 1.6 / 1.7) < 1e-12)
    #expect(faces[1].box.x == 100 && faces[2].box.x == 7)
    var strict = detector
    strict.suppressionOverlap = 0.9
    #expect(strict.blended([face(2, 0.8), face(0, 0.9)]).count == 2)
  }

  @Test("1080p has nine tiles, larger frames as many as overlap by half, small ones the frame's own")
  func tiling() {
    let hd = Tiling(width: 1920, height: 1080)
    #expect(hd.side == 720 && hd.columns == [0, 600, 1200] && hd.rows == [0, 180, 360])
    for (width, height) in [(2560, 1440), (3840, 2160), (1921, 1080), (7680, 4320), (640, 360), (721, 720)] {
      let tiling = Tiling(width: width, height: height)
      for (starts, length) in [(tiling.columns, width), (tiling.rows, height)] {
        #expect(starts.first == 0 && starts.last == length - tiling.side)
        if starts.count > 3 {
          #expect(zip(starts, starts.dropFirst()).allSatisfy { $1 - $0 <= tiling.side / 2 })
        }
      }
    }
    #expect(Tiling(width: 500, height: 500) == Tiling(width: 500, height: 500))
    #expect(
      Tiling(width: 500, height: 500).corners.count == 1
        && Tiling(width: 3, height: 100_000).corners.count <= 64)
  }

  @Test("weights that are not BlazeFace, or not there, are an error that says so")
  func wrongWeights() throws {
    #expect(throws: WeightsError.self) { try BlazeFace(weights: "/nowhere/blazeface.safetensors") }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "\(UUID().uuidString).safetensors"
    ).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Weights(["backbone1.0.weight": Tensor(shape: [1], [0])]).writeSafetensors(to: path)
    #expect(
      throws: WeightsError(file: path, problem: "is not BlazeFace: it has no backbone1.0.weight and .bias")
    ) {
      try BlazeFace(weights: path)
    }
  }

  private func readFrame(_ video: String, _ index: Int) throws -> RGBImage {
    let data = try #require(testData)
    var reader = try VideoReader(path: data.appendingPathComponent(video).path)
    var image: RGBImage?
    try reader.frames(at: [index]) { image = $0.image }
    return try #require(image)
  }
}

private let needsData: Comment = "set WHYFAKE_TEST_DATA"

extension RGBImage {
  /// Puts `other` over this picture, its top left corner at (x, y); it must fit.
  fileprivate mutating func paste(_ other: RGBImage, x: Int, y: Int) {
    for row in 0..<other.height {
      let to = ((y + row) * width + x) * 3
      let from = row * other.width * 3
      pixels.replaceSubrange(to..<to + other.width * 3, with: other.pixels[from..<from + other.width * 3])
    }
  }
}
