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

  @Test(
    "the area filter is its sums taken in order, in Float, to the last bit",
    arguments: [
      (Box(x: 0, y: 0, width: 150, height: 121), 16, 16),
      (Box(x: 7.25, y: 3.5, width: 90.5, height: 70), 31, 9),
      (Box(x: 100, y: 2, width: 50, height: 119), 1, 50), (Box(x: 31, y: 40, width: 64, height: 64), 32, 64),
      (Box(x: 0.9, y: 0.1, width: 23, height: 17), 22, 5),
    ])
  func areaInOrder(box: Box, width: Int, height: Int) {
    let image = Self.picture(150, 121)
    let result = image.resized(width: width, height: height, filter: .area, box: box)
    let columns = Self.shares(box.x, box.maxX, width, of: image.width)
    let rows = Self.shares(box.y, box.maxY, height, of: image.height)
    // A CPU without fused multiplication rounds once more.
    let both = [true, false].map { isFused in
      RGBImage(
        width: width, height: height,
        pixels: rows.flatMap { row in
          columns.flatMap { column in
            (0..<3).map { channel in
              var sum: Float = 0
              for (x, share) in column {
                var down: Float = 0
                for (y, share) in row {
                  let value = Float(image.pixels[(y * image.width + x) * 3 + channel])
                  down = isFused ? down.addingProduct(value, share) : down + value * share
                }
                sum += down * share
              }
              return UInt8(sum.rounded(.toNearestOrEven))
            }
          }
        })
    }
    #expect(both.contains(result))
  }

  /// The input pixels under each of `count` output pixels between two edges, with their shares.
  private static func shares(_ start: Double, _ end: Double, _ count: Int, of size: Int) -> [[(Int, Float)]] {
    let scale = Double(Float(end) - Float(start)) / Double(count)
    return (0..<count).map { i in
      let from = Double(Float(start)) + Double(i) * scale
      let to = min(from + scale, Double(size))
      var shares = (Int(from)..<min(size, Int(to.rounded(.up)))).map {
        ($0, min(to, Double($0 + 1)) - max(from, Double($0)))
      }
      if shares.count > 1, shares.last!.1 < 1e-6 { shares.removeLast() }
      let sum = shares.reduce(0) { $0 + $1.1 }
      return shares.map { ($0.0, Float($0.1 / sum)) }
    }
  }

  @Test(
    "a part resized into the caller's memory is the resized part, and nothing beside it is written",
    arguments: RGBImage.Filter.allCases)
  func callersMemory(filter: RGBImage.Filter) {
    let image = Self.picture(90, 70)
    for (box, width, height) in [
      (Box(x: 0, y: 0, width: 90, height: 70), 90, 70), (Box(x: 0, y: 0, width: 90, height: 70), 33, 70),
      (Box(x: 0, y: 0, width: 90, height: 70), 90, 21),
      (Box(x: 40.5, y: 30, width: 49.5, height: 40), 17, 13),
      (Box(x: 60, y: 50, width: 30, height: 20), 50, 41),
    ] {
      let expected = image.resized(width: width, height: height, filter: filter, box: box)
      let stride = width * 3 + 5
      var memory = [UInt8](repeating: 77, count: 9 + stride * height)
      memory.withUnsafeMutableBufferPointer {
        image.resize(
          box, width: width, height: height, filter: filter, to: $0.baseAddress! + 7, stride: stride)
      }
      for y in 0..<height {
        let row = 7 + y * stride
        #expect(
          memory[row..<row + width * 3].elementsEqual(
            expected.pixels[y * width * 3..<(y + 1) * width * 3]))
        #expect(memory[(row + width * 3)...].prefix(y == height - 1 ? 2 : 5).allSatisfy { $0 == 77 })
      }
      #expect(memory.prefix(7).allSatisfy { $0 == 77 })
    }
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
