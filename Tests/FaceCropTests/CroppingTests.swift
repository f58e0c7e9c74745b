import FaceCrop
import Foundation
import Testing
import VideoIO

/// Goldens by Tests/Golden/faces/make_resampling.py (Pillow and NumPy).
@Suite("Cropping")
struct CroppingTests {
  struct Golden: Decodable {
    struct Crop: Decodable {
      let name: String
      let policy: String
      let box: Box
      let region: Box
      let crc32: UInt32
      let head: [UInt8]
    }

    let side: Int
    let crops: [Crop]
  }

  static let policies: [String: CropPolicy] = [
    "scale": .scale, "margin": .margin(fraction: 0.3), "tight": .tight,
    "square": .square(scale: 0.9, shiftX: 0.05, shiftY: 0.1),
  ]

  @Test("crops near all four edges are Pillow's, bit for bit, under every policy")
  func edges() throws {
    let file = goldenFolder.appendingPathComponent("crops.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    #expect(golden.crops.count == 36)
    let image = formulaPicture(320, 240)
    for record in golden.crops {
      let policy = try #require(Self.policies[record.policy])
      let label = Comment(rawValue: "\(record.name), \(record.policy)")
      #expect(policy.region(of: record.box, width: 320, height: 240) == record.region, label)
      let crop = policy.crop(image, record.box, size: golden.side)
      #expect(Array(crop.pixels.prefix(24)) == record.head, label)
      #expect(crc32(crop.pixels) == record.crc32, label)
    }
  }

  @Test("scale grows by a fifth of the height, twice that on top, and squares what is left")
  func scale() {
    // 40 + 2·20 wide and 100 + 3·20 high, so a square of 160 around (500, 410).
    let box = Box(x: 480, y: 370, width: 40, height: 100)
    #expect(
      CropPolicy.scale.region(of: box, width: 1920, height: 1080)
        == Box(x: 420, y: 330, width: 160, height: 160))
  }

  @Test("stretched and letterbox grow the box, and keep what is there of it at an edge")
  func grown() {
    let box = Box(x: 100, y: 40, width: 60, height: 80)
    for policy in [CropPolicy.stretched(fraction: 0.125), .letterbox(fraction: 0.125)] {
      #expect(policy.region(of: box, width: 400, height: 400) == Box(x: 92, y: 30, width: 75, height: 100))
      #expect(policy.region(of: box, width: 150, height: 90) == Box(x: 92, y: 30, width: 58, height: 60))
    }
    #expect(CropPolicy.stretched(fraction: 0).region(of: box, width: 400, height: 400) == box)
  }

  @Test("a letterbox keeps proportions, in the middle of black; stretched fills the square")
  func letterbox() {
    let image = RGBImage(width: 100, height: 100, red: 200, green: 100, blue: 50)
    let box = Box(x: 20, y: 10, width: 30, height: 60)
    let crop = CropPolicy.letterbox(fraction: 0).crop(image, box, size: 40)
    for y in 0..<40 {
      for x in 0..<40 {
        let isInside = (10..<30).contains(x)
        #expect(crop[x, y].red == (isInside ? 200 : 0) && crop[x, y].blue == (isInside ? 50 : 0))
      }
    }
    let full = CropPolicy.stretched(fraction: 0).crop(image, box, size: 40)
    #expect(full == RGBImage(width: 40, height: 40, red: 200, green: 100, blue: 50))
    // A single column of pixels still has one in the crop.
    let thin = CropPolicy.letterbox(fraction: 0).crop(image, Box(x: 5, y: 0, width: 1, height: 100), size: 16)
    #expect((0..<16).contains { thin[$0, 8].red == 200 })
  }

  @Test("what a crop shows of the frame says where in the crop a place of the frame is, under every policy")
  func shown() throws {
    let box = Box(x: 60, y: 40, width: 43, height: 61)
    // A white square of 6×6 in black, around (88, 67).
    var image = RGBImage(width: 200, height: 150)
    for y in 64..<70 {
      for x in 85..<91 { for c in 0..<3 { image.pixels[(y * 200 + x) * 3 + c] = 255 } }
    }
    let others: [CropPolicy] = [
      .stretched(fraction: 0.3), .letterbox(fraction: 0.2), .letterbox(fraction: 1), .square(scale: 3),
    ]
    for policy in Self.policies.values + others {
      for size in [50, 97] {
        let crop = policy.crop(image, box, size: size)
        var (x, y, sum) = (0.0, 0.0, 0.0)
        for i in 0..<size * size {
          let weight = Double(crop.pixels[3 * i])
          x += weight * (Double(i % size) + 0.5)
          y += weight * (Double(i / size) + 0.5)
          sum += weight
        }
        let region = policy.shownRegion(of: box, width: 200, height: 150, size: size)
        let frame = Clip.Frame(index: 0, region: region)
        let place = try #require(frame.cropPoint(Point(x: 88, y: 67), size: size))
        #expect(abs(place.x - x / sum) < 0.05 && abs(place.y - y / sum) < 0.05, "\(policy.name), \(size)")
      }
    }
    #expect(Clip.Frame(index: 0).cropPoint(Point(x: 0, y: 0), size: 10) == nil)
  }

  @Test("a frame is encoded with what its crop shows, and read where that is missing")
  func coding() throws {
    let frame = Clip.Frame(index: 3, time: 0.5, region: Box(x: 1, y: 2, width: 3, height: 4))
    let data = try JSONEncoder().encode(frame)
    #expect(try JSONDecoder().decode(Clip.Frame.self, from: data) == frame)
    let older = try JSONDecoder().decode(Clip.Frame.self, from: Data(#"{"index": 3, "time": 0.5}"#.utf8))
    #expect(older == Clip.Frame(index: 3, time: 0.5) && older != frame)
  }

  @Test("margin, scale and shifts change the region as they say")
  func parameters() {
    let box = Box(x: 100, y: 100, width: 50, height: 50)
    func region(_ policy: CropPolicy) -> Box { policy.region(of: box, width: 400, height: 400) }
    #expect(region(.margin(fraction: 0)) == box)
    #expect(region(.margin(fraction: 0.2)) == Box(x: 90, y: 90, width: 70, height: 70))
    #expect(region(.square(scale: 1)) == box)
    #expect(region(.square(scale: 2)) == Box(x: 75, y: 75, width: 100, height: 100))
    #expect(region(.square(scale: 1, shiftX: 0.1)) == Box(x: 105, y: 100, width: 50, height: 50))
    #expect(region(.square(scale: 1, shiftY: -0.1)) == Box(x: 100, y: 95, width: 50, height: 50))
  }

  @Test("any box gives a crop, in any frame, even outside or without extent")
  func degenerate() {
    for image in [formulaPicture(1, 1), formulaPicture(16, 3), formulaPicture(5, 40)] {
      for policy in Self.policies.values {
        for box in [
          Box(x: 0, y: 0, width: 0, height: 0), Box(x: -50, y: -50, width: 10, height: 10),
          Box(x: 90, y: 90, width: 10, height: 10), Box(x: -900, y: -900, width: 5000, height: 7000),
          Box(x: 0.5, y: 0.5, width: 0.2, height: 0.2),
        ] {
          let crop = policy.crop(image, box, size: 8)
          #expect(crop.width == 8 && crop.height == 8)
        }
      }
    }
  }

  @Test("a clip from bytes has its crops, scaled where the sizes differ")
  func clipFromBytes() {
    let images = (0..<3).map { formulaPicture(20, 20).cropped(x: $0, y: 0, width: 12, height: 12) }
    let bytes = images.flatMap(\.pixels)
    let same = Clip(bytes: bytes, count: 3, side: 12, size: 12)
    #expect(same.crops == images && same.track == 0)
    #expect(same.frames == (0..<3).map { Clip.Frame(index: $0) })
    let larger = Clip(bytes: bytes, count: 3, side: 12, size: 30)
    #expect(larger.size == 30 && larger.crops[2] == images[2].resized(width: 30, height: 30))
    #expect(same.resized(to: 30).crops == larger.crops)
  }
}
