import Foundation
import Testing
import VideoIO

/// Goldens by Tests/Golden/faces/make_resampling.py (Pillow, OpenCV).
@Suite("Resampling")
struct ResamplingTests {
  struct Golden: Decodable {
    struct Triangle: Decodable {
      let size: [Int]
      let to: [Int]
      let box: [Double]?
      let crc32: UInt32
      let head: [UInt8]
    }

    struct Area: Decodable {
      let size: [Int]
      let to: [Int]
      let bytes: [UInt8]
    }

    let triangle: [Triangle]
    let area: [Area]
  }

  let golden: Golden

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Golden/faces/resampling.json")
    golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }

  @Test("the triangle filter is Pillow's BILINEAR, bit for bit, with and without a fractional box")
  func triangle() {
    #expect(golden.triangle.count == 10)
    for record in golden.triangle {
      let box = record.box.map { Box(x: $0[0], y: $0[1], width: $0[2] - $0[0], height: $0[3] - $0[1]) }
      let image = Self.picture(record.size[0], record.size[1])
        .resized(width: record.to[0], height: record.to[1], box: box)
      #expect(Array(image.pixels.prefix(24)) == record.head, "\(record.size) to \(record.to)")
      #expect(Self.crc32(image.pixels) == record.crc32, "\(record.size) to \(record.to)")
    }
  }

  @Test("the area filter is OpenCV's INTER_AREA to one level")
  func area() {
    #expect(golden.area.count == 4)
    for record in golden.area {
      let image = Self.smooth(record.size[0], record.size[1])
        .resized(width: record.to[0], height: record.to[1], filter: .area)
      let largest = zip(image.pixels, record.bytes).map { abs(Int($0) - Int($1)) }.max()
      #expect(image.pixels.count == record.bytes.count && largest! <= 1, "\(record.size): \(largest!)")
    }
  }

  @Test("the area filter of a box is that of the cut-out, also where rows and columns are fractions")
  func areaOfBox() {
    let image = Self.picture(90, 70)
    let box = Box(x: 13, y: 9, width: 45, height: 52)
    #expect(
      image.resized(width: 16, height: 16, filter: .area, box: box)
        == image.cropped(x: 13, y: 9, width: 45, height: 52).resized(width: 16, height: 16, filter: .area))
    // Half a black column and half a white one are grey.
    var stripes = RGBImage(width: 4, height: 1)
    stripes[1, 0] = (200, 200, 200)
    let half = stripes.resized(
      width: 1, height: 1, filter: .area, box: Box(x: 0.5, y: 0, width: 1, height: 1))
    #expect(half[0, 0] == (100, 100, 100))
  }

  @Test("a picture of one colour keeps it at every size", arguments: RGBImage.Filter.allCases)
  func constant(filter: RGBImage.Filter) {
    let image = RGBImage(width: 37, height: 23, red: 255, green: 128, blue: 1)
    for (width, height) in [(1, 1), (8, 5), (37, 11), (100, 90), (16, 90)] {
      #expect(
        image.resized(width: width, height: height, filter: filter)
          == RGBImage(width: width, height: height, red: 255, green: 128, blue: 1))
    }
  }

  @Test("an enlarged picture is the same with both filters, a reduced one is not")
  func filtersDiffer() {
    let image = Self.smooth(20, 20)
    let (a, b) = (RGBImage.Filter.triangle, RGBImage.Filter.area)
    #expect(image.resized(width: 9, height: 9, filter: a) != image.resized(width: 9, height: 9, filter: b))
    let large = zip(
      image.resized(width: 50, height: 50, filter: a).pixels,
      image.resized(width: 50, height: 50, filter: b).pixels
    ).map { abs(Int($0) - Int($1)) }
    // The area filter rounds once, the triangle filter after each pass.
    #expect(large.max()! <= 1)
  }

  @Test("what lies outside is reflected at the edge pixels' centres, as often as it takes")
  func reflection() {
    var image = RGBImage(width: 3, height: 1)
    for x in 0..<3 { image[x, 0] = (UInt8(x), 0, 0) }
    let row = image.cropped(x: -5, y: 0, width: 13, height: 1)
    #expect((0..<13).map { row[$0, 0].red } == [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1])
    let dot = RGBImage(width: 1, height: 1, red: 7, green: 8, blue: 9)
    #expect(
      dot.cropped(x: -2, y: -3, width: 4, height: 5)
        == RGBImage(width: 4, height: 5, red: 7, green: 8, blue: 9))
  }

  /// The script's noisy picture.
  static func picture(_ width: Int, _ height: Int) -> RGBImage {
    build(width, height) { x, y in
      ((7 * x + 13 * y + x * y / 8) % 256, (x * x + 5 * y) % 256, ((31 * x) ^ (17 * y)) % 256)
    }
  }

  /// The script's smooth picture.
  static func smooth(_ width: Int, _ height: Int) -> RGBImage {
    build(width, height) { x, y in ((x * 3 + y) / 4 % 256, (x + y * 2) / 5 % 256, x * y / 64 % 256) }
  }

  private static func build(_ width: Int, _ height: Int, _ color: (Int, Int) -> (Int, Int, Int)) -> RGBImage {
    var image = RGBImage(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let (red, green, blue) = color(x, y)
        image[x, y] = (UInt8(red), UInt8(green), UInt8(blue))
      }
    }
    return image
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
