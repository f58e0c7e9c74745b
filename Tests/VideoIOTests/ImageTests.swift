import Foundation
import Testing
import VideoIO

@Suite("Images")
struct ImageTests {
  static func noise(_ width: Int, _ height: Int) -> RGBImage {
    var state: UInt32 = 7
    let pixels = (0..<width * height * 3).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  private func difference(_ a: RGBImage, _ b: RGBImage) -> Double {
    guard a.width == b.width, a.height == b.height else { return .infinity }
    return Double(zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.reduce(0, +))
      / Double(a.pixels.count)
  }

  @Test("a PNG gives back every pixel", arguments: [(1, 1), (1, 5), (7, 3), (33, 17), (200, 131)])
  func png(width: Int, height: Int) throws {
    let image = Self.noise(width, height)
    #expect(try ImageFile.decode(ImageFile.png(image)) == image)
  }

  @Test(
    "a JPEG comes back nearly, the better the higher the quality", arguments: [(1, 1), (64, 48), (33, 17)])
  func jpeg(width: Int, height: Int) throws {
    let image = ColourTests.quarters(width, height)
    let fine = try ImageFile.jpeg(image, quality: 95)
    let coarse = try ImageFile.jpeg(image, quality: 5)
    if width > 1 {
      #expect(fine.count > coarse.count)
      #expect(ColourTests.corners(try ImageFile.decode(fine)) == [0, 1, 2, 3])
    }
    #expect(try difference(ImageFile.decode(fine), image) < 8)
  }

  @Test("files are written whole, by the name's ending, and told apart by content")
  func files() throws {
    let folder = try Folder()
    let image = ColourTests.quarters(40, 30)
    for name in ["a.png", "a.jpg", "a.JPEG"] { try ImageFile.write(image, to: folder.path(name)) }
    #expect(Set(folder.names) == ["a.png", "a.jpg", "a.JPEG"])
    #expect(try ImageFile.read(folder.path("a.png")) == image)
    #expect(try difference(ImageFile.read(folder.path("a.jpg")), image) < 8)
    try FileManager.default.moveItem(atPath: folder.path("a.png"), toPath: folder.path("b.jpg"))
    #expect(try ImageFile.read(folder.path("b.jpg")) == image)
    #expect(throws: VideoError.self) { try ImageFile.write(image, to: folder.path("a.bmp")) }
    #expect(throws: VideoError.self) { try ImageFile.write(image, to: folder.path("none/a.png")) }
  }

  /// The corners that EXIF's orientations 1 to 8 show of stored quarters 0 1 / 2 3.
  private static let orientations = [
    [0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [2, 3, 0, 1], [0, 2, 1, 3], [2, 0, 3, 1], [3, 1, 2, 0],
    [1, 3, 0, 2],
  ]

  @Test("the EXIF orientation is applied, in either byte order", arguments: 1...8)
  func orientation(value: Int) throws {
    let bytes = try ImageFile.jpeg(ColourTests.quarters(64, 32), quality: 95)
    let v = UInt8(value)
    let big: [UInt8] = [
      0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, v, 0, 0, 0, 0, 0, 0,
    ]
    let little: [UInt8] = [
      0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, v, 0, 0, 0, 0, 0, 0, 0,
    ]
    for tiff in [big, little] {
      let exif = Array("Exif\0\0".utf8) + tiff
      let tagged = bytes[..<2] + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + bytes[2...]
      let image = try ImageFile.decode(Array(tagged))
      #expect(image.width == (value < 5 ? 64 : 32))
      #expect(ColourTests.corners(image) == Self.orientations[value - 1])
    }
  }

  @Test("broken EXIF is passed over")
  func brokenEXIF() throws {
    let bytes = try ImageFile.jpeg(ColourTests.quarters(64, 32), quality: 95)
    for tiff: [UInt8] in [
      [], [0x4D, 0x4D, 0, 0x2A], [0x4D, 0x4D, 0, 0x2A, 0xFF, 0xFF, 0xFF, 0xFF, 1],
      [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 0xFF, 0xFF, 0x12, 1],
    ] {
      let exif = Array("Exif\0\0".utf8) + tiff
      let tagged = bytes[..<2] + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + bytes[2...]
      #expect(try ImageFile.decode(Array(tagged)).width == 64)
    }
  }

  @Test(
    "grey, palette, transparency and 16 bits become 8-bit RGB",
    .enabled(if: FFmpeg.isThere, "install ffmpeg"),
    arguments: ["gray", "gray16be", "ya8", "rgba", "rgb48be", "rgba64be", "pal8"])
  func formats(format: String) throws {
    let folder = try Folder()
    let image = ColourTests.quarters(61, 47)
    let palette = "split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse=dither=none"
    let conversion = format == "pal8" ? ["-vf", palette] : ["-pix_fmt", format]
    try FFmpeg.encode([image], conversion + ["-frames:v", "1", "-update", "1"], to: folder.path("a.png"))
    let read = try ImageFile.read(folder.path("a.png"))
    #expect(read.width == 61 && read.height == 47)
    if format.hasPrefix("gray") || format == "ya8" {
      for i in 0..<4 {
        let pixel = read[i % 2 == 0 ? 10 : 50, i < 2 ? 10 : 40]
        let c = ColourTests.colours[i]
        let luma = 0.299 * Double(c.red) + 0.587 * Double(c.green) + 0.114 * Double(c.blue)
        #expect(pixel.red == pixel.green && pixel.green == pixel.blue)
        #expect(abs(Double(pixel.red) - luma) <= 3)
      }
    } else {
      #expect(difference(read, image) <= 1)
    }
  }

  @Test("what is no image, cut, or absurdly large is told")
  func bad() throws {
    func code(_ bytes: [UInt8]) -> VideoError.Code? {
      do {
        _ = try ImageFile.decode(bytes, path: "x.png")
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code([]) == .empty)
    #expect(code(Array("words and more words".utf8)) == .notRecognised)
    let png = try ImageFile.png(Self.noise(50, 40))
    let jpeg = try ImageFile.jpeg(Self.noise(50, 40))
    for length in stride(from: 10, to: png.count - 1, by: 211) {
      #expect(code(Array(png[..<length])) == .damaged)
    }
    for length in stride(from: 10, to: jpeg.count - 1, by: 97) {
      #expect(code(Array(jpeg[..<length])) == .damaged)
    }
    var broken = png
    broken[png.count / 2] ^= 0xFF
    #expect(code(broken) == .damaged)
    var large = png
    large.replaceSubrange(16..<24, with: [0, 1, 0, 0, 0, 1, 0, 0])
    #expect(code(large) == .tooLarge)
    #expect(throws: VideoError.self) { try ImageFile.read("/nowhere/a.png") }
    #expect(throws: VideoError.self) { try ImageFile.read("/") }
  }
}
