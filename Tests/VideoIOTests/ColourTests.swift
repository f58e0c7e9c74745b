import Foundation
import Testing
import VideoIO

@Suite("Colour, depth, size and rotation")
struct ColourTests {
  /// Four coloured quarters, so that chroma, orientation and size are all seen.
  static func quarters(_ width: Int, _ height: Int) -> RGBImage {
    var image = RGBImage(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width { image[x, y] = colours[(2 * y >= height ? 2 : 0) + (2 * x >= width ? 1 : 0)] }
    }
    return image
  }

  static let colours: [(red: UInt8, green: UInt8, blue: UInt8)] = [
    (200, 40, 60), (40, 180, 70), (50, 60, 190), (220, 210, 200),
  ]

  /// The quarter that is seen at each corner: top left, top right, bottom left, bottom right; −1 for none of them.
  static func corners(_ image: RGBImage, tolerance: Int = 12) -> [Int] {
    let (w, h) = (image.width, image.height)
    return [(w / 4, h / 4), (w - 1 - w / 4, h / 4), (w / 4, h - 1 - h / 4), (w - 1 - w / 4, h - 1 - h / 4)]
      .map { x, y in
        let pixel = image[x, y]
        return colours.firstIndex {
          abs(Int($0.red) - Int(pixel.red)) <= tolerance && abs(Int($0.green) - Int(pixel.green)) <= tolerance
            && abs(Int($0.blue) - Int(pixel.blue)) <= tolerance
        } ?? -1
      }
  }

  static func first(_ path: String, options: VideoReader.Options = .init()) throws -> RGBImage {
    var reader = try VideoReader(path: path, options: options)
    var image = RGBImage(width: 1, height: 1)
    try reader.frames(at: [0]) { image = $0.image }
    #expect(image.width == reader.properties.width && image.height == reader.properties.height)
    return image
  }

  static let formats = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"]

  @Test(
    "a tagged matrix and range give back the colours that went in",
    .enabled(if: FFmpeg.isThere, "install ffmpeg"),
    arguments: [
      ("bt709", ColourMatrix.bt709), ("smpte170m", .bt601), ("bt470bg", .bt601), ("bt2020nc", .bt2020),
      ("fcc", .fcc), ("smpte240m", .smpte240m),
    ], [("tv", ColourRange.limited), ("pc", .full)])
  func tagged(matrix: (String, ColourMatrix), range: (String, ColourRange)) throws {
    let folder = try Folder()
    let name = ["smpte170m": "smpte170m", "bt2020nc": "bt2020", "bt470bg": "bt470"][matrix.0] ?? matrix.0
    for (i, format) in Self.formats.enumerated() where i % 3 == (matrix.0.count + range.0.count) % 3 || i == 2
    {
      let path = folder.path("\(format).mp4")
      try FFmpeg.encode(
        [Self.quarters(64, 48)],
        ["-vf", "scale=out_color_matrix=\(name):out_range=\(range.0):flags=accurate_rnd,format=\(format)"]
          + ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "1"]
          + ["-colorspace", matrix.0, "-color_range", range.0], to: path)
      let properties = try VideoReader(path: path).properties
      #expect(properties.colourMatrix == matrix.1 && properties.colourRange == range.1)
      #expect(!properties.colourIsAssumed)
      #expect(
        Self.corners(try Self.first(path), tolerance: 4) == [0, 1, 2, 3], "\(matrix.0) \(range.0) \(format)")
      // Read as something else the colours are others.
      let other: ColourMatrix = matrix.1 == .bt709 ? .bt601 : .bt709
      let overridden = VideoReader.Options(
        colourMatrix: other, colourRange: range.1 == .full ? .limited : .full)
      #expect(Self.corners(try Self.first(path, options: overridden), tolerance: 4) != [0, 1, 2, 3])
    }
  }

  @Test(
    "untagged video is BT.601 limited, and that this is assumed is said",
    .enabled(if: FFmpeg.isThere, "install ffmpeg"))
  func untagged() throws {
    let folder = try Folder()
    let path = folder.path("u.mp4")
    try FFmpeg.encode(
      [Self.quarters(64, 48)],
      ["-vf", "scale=out_color_matrix=smpte170m:out_range=tv,format=yuv420p", "-c:v", "libx264", "-qp", "1"],
      to: path)
    let properties = try VideoReader(path: path).properties
    #expect(
      properties.colourIsAssumed && properties.colourMatrix == .bt601 && properties.colourRange == .limited)
    #expect(Self.corners(try Self.first(path), tolerance: 4) == [0, 1, 2, 3])
    let options = VideoReader.Options(colourMatrix: .bt709)
    #expect(Self.corners(try Self.first(path, options: options), tolerance: 4) != [0, 1, 2, 3])
    #expect(try VideoReader(path: path, options: options).properties.colourMatrix == .bt709)
  }

  @Test("stored RGB stays as it is", .enabled(if: FFmpeg.isThere, "install ffmpeg"))
  func rgb() throws {
    let folder = try Folder()
    let image = Self.quarters(61, 47)
    for (name, arguments) in [
      ("x.mp4", ["-c:v", "libx264rgb", "-qp", "0"]), ("f.mkv", ["-c:v", "ffv1"]), ("p.mov", ["-c:v", "png"]),
    ] {
      try FFmpeg.encode([image], arguments, to: folder.path(name))
      #expect(try Self.first(folder.path(name)) == image, "\(name)")
      let properties = try VideoReader(path: folder.path(name)).properties
      #expect(properties.colourMatrix == .rgb && !properties.colourIsAssumed)
    }
  }

  @Test(
    "odd and tiny sizes are read to the last pixel", .enabled(if: FFmpeg.isThere, "install ffmpeg"),
    arguments: [(1, 1), (2, 1), (1, 7), (3, 3), (17, 9), (63, 33), (191, 95), (321, 2)])
  func oddSizes(width: Int, height: Int) throws {
    let folder = try Folder()
    for (format, isWide, isTall, bits) in [
      ("yuv420p", false, false, 8), ("yuv422p", false, true, 8), ("yuv444p", true, true, 8),
      ("yuv420p10le", false, false, 10),
    ] {
      // Planes of one value each; ffmpeg's own conversion leaves garbage in the last chroma sample of odd widths.
      let chroma = (isWide ? width : (width + 1) / 2) * (isTall ? height : (height + 1) / 2)
      var raw: [UInt8] = []
      for (value, count) in [(120, width * height), (100, chroma), (170, chroma)] {
        for _ in 0..<count {
          raw += bits == 8 ? [UInt8(value)] : [UInt8(value << 2 & 255), UInt8(value >> 6)]
        }
      }
      let path = folder.path("\(format).mkv")
      try Data(raw).write(to: folder.url.appendingPathComponent("raw"))
      try FFmpeg.run(
        "ffmpeg",
        [
          "-v", "error", "-f", "rawvideo", "-pix_fmt", format, "-s", "\(width)x\(height)", "-i",
          folder.path("raw"),
        ]
          + ["-c:v", "ffv1", path])
      let read = try Self.first(path)
      #expect(read.width == width && read.height == height)
      // BT.601, limited: R = 1.164·(Y − 16) + 1.596·(V − 128) and so on.
      for (channel, expected) in [188.1, 97.9, 64.5].enumerated() {
        let worst =
          stride(from: channel, to: read.pixels.count, by: 3).map { abs(Double(read.pixels[$0]) - expected) }
          .max() ?? 255
        #expect(worst <= 3, "\(format), channel \(channel)")
      }
    }
  }

  @Test(
    "8-bit 4:2:0 of any matrix and range becomes RGB bit for bit as swscale makes it",
    .enabled(if: FFmpeg.isThere, "install ffmpeg"),
    arguments: [(2, 2), (30, 4), (32, 34), (62, 2), (64, 6), (66, 2), (96, 70), (130, 8), (254, 66)])
  func sameAsScaler(width: Int, height: Int) throws {
    let folder = try Folder()
    var state = UInt32(truncatingIfNeeded: width * 1000 + height)
    let raw = (0..<width * height * 3 / 2).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    try Data(raw).write(to: folder.url.appendingPathComponent("raw"))
    let path = folder.path("noise.mkv")
    try FFmpeg.run(
      "ffmpeg",
      ["-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "\(width)x\(height)"]
        + ["-i", folder.path("raw"), "-c:v", "ffv1", path])
    for (matrix, name) in [
      (ColourMatrix.bt601, "smpte170m"), (.bt709, "bt709"), (.bt2020, "bt2020"), (.fcc, "fcc"),
      (.smpte240m, "smpte240m"),
    ] {
      for (range, tag) in [(ColourRange.limited, "tv"), (.full, "pc")] {
        let expected = try FFmpeg.run(
          "ffmpeg",
          ["-v", "error", "-i", path, "-vf"]
            + ["scale=in_color_matrix=\(name):in_range=\(tag):flags=bilinear,format=rgb24"]
            + ["-f", "rawvideo", "-"])
        let options = VideoReader.Options(colourMatrix: matrix, colourRange: range)
        #expect(try Self.first(path, options: options).pixels == [UInt8](expected), "\(matrix), \(range)")
      }
    }
  }

  @Test("a frame of 8K is read", .enabled(if: FFmpeg.isThere, "install ffmpeg"))
  func large() throws {
    let folder = try Folder()
    try FFmpeg.run(
      "ffmpeg",
      [
        "-v", "error", "-f", "lavfi", "-i", "color=c=0x3050A0:s=7680x4320:r=1:d=1", "-c:v", "mjpeg", "-q:v",
        "5",
        folder.path("8k.avi"),
      ])
    let image = try Self.first(folder.path("8k.avi"))
    #expect(image.width == 7680 && image.height == 4320)
    #expect(abs(Int(image[7679, 4319].blue) - 0xA0) <= 6)
  }

  /// The matrix of a track header: a, b, c, d of (p, q) → (a·p + c·q, b·p + d·q), the turn, whether it is mirrored
  /// first, and the stored quarters that are then seen at the corners.
  static let matrices: [([Int32], Int, Bool, [Int])] = [
    ([1, 0, 0, 1], 0, false, [0, 1, 2, 3]), ([0, 1, -1, 0], 90, false, [2, 0, 3, 1]),
    ([-1, 0, 0, -1], 180, false, [3, 2, 1, 0]), ([0, -1, 1, 0], 270, false, [1, 3, 0, 2]),
    ([-1, 0, 0, 1], 0, true, [1, 0, 3, 2]), ([1, 0, 0, -1], 180, true, [2, 3, 0, 1]),
    ([0, 1, 1, 0], 270, true, [0, 2, 1, 3]), ([0, -1, -1, 0], 90, true, [3, 1, 2, 0]),
  ]

  @Test("a phone's rotation is applied, in all eight ways", arguments: matrices)
  func rotation(matrix: [Int32], degrees: Int, isMirrored: Bool, seen: [Int]) throws {
    let folder = try Folder()
    let path = folder.path("r.mp4")
    var writer = try VideoWriter(path: path, width: 96, height: 48, options: .init(quality: 5))
    for _ in 0..<3 { try writer.append(Self.quarters(96, 48), duration: 0.1) }
    try writer.finish()
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    let stored = try Self.first(path)
    let header = try #require(data.range(of: Data("tkhd".utf8)))
    for (offset, value) in zip([0, 4, 12, 16], matrix) {
      let fixed = UInt32(bitPattern: value << 16).bigEndian
      let at = header.lowerBound + 44 + offset
      withUnsafeBytes(of: fixed) { data.replaceSubrange(at..<at + 4, with: $0) }
    }
    try data.write(to: URL(fileURLWithPath: path))

    let properties = try VideoReader(path: path).properties
    #expect(properties.rotation == degrees && properties.isMirrored == isMirrored)
    #expect((properties.width, properties.height) == (matrix[0] == 0 ? (48, 96) : (96, 48)))
    let upright = try Self.first(path)
    #expect(Self.corners(upright) == seen)
    // Every pixel is where the matrix takes it.
    var expected = upright
    let (a, b, c, d) = (Int(matrix[0]), Int(matrix[1]), Int(matrix[2]), Int(matrix[3]))
    for q in 0..<stored.height {
      for p in 0..<stored.width {
        let x = a * p + c * q + (a + c < 0 ? upright.width - 1 : 0)
        let y = b * p + d * q + (b + d < 0 ? upright.height - 1 : 0)
        expected[x, y] = stored[p, q]
      }
    }
    #expect(upright == expected)
  }

  @Test(
    "frames of another size than the first are scaled to it", .enabled(if: FFmpeg.isThere, "install ffmpeg"))
  func changingSize() throws {
    let folder = try Folder()
    try FFmpeg.encode((0..<10).map { Numbered.image($0) }, Recipe.x264, to: folder.path("a.ts"))
    try FFmpeg.encode(
      (10..<20).map { Numbered.image($0, width: 384, height: 192) }, Recipe.x264, to: folder.path("b.ts"))
    var joined = try Data(contentsOf: folder.url.appendingPathComponent("a.ts"))
    joined.append(try Data(contentsOf: folder.url.appendingPathComponent("b.ts")))
    try joined.write(to: folder.url.appendingPathComponent("c.ts"))
    var reader = try VideoReader(path: folder.path("c.ts"))
    #expect(reader.properties.frameCount == 20)
    var numbers: [Int?] = []
    try reader.frames(at: Array(0..<20)) { frame in
      #expect(frame.image.width == 192 && frame.image.height == 96)
      numbers.append(Numbered.number(frame.image))
    }
    #expect(numbers == Array(0..<20))
  }
}
