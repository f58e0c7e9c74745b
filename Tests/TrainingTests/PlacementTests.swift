import Foundation
import TestSupport
import Testing
import Training
import VideoIO

/// Goldens by Tests/Golden/augmentation/make.py (scikit-image, SciPy).
@Suite("Crop placement")
struct PlacementTests {
  struct Golden: Decodable {
    struct Case: Decodable {
      let rotation: Double
      let scale: Double
      let flip: Bool
      let side: Int?
      let first: Int
      let count: Int
      let pixels: [Int]
    }
    let same: [Case]
    let shrunk: Case
  }

  let picture = testPicture(90, 90)

  @Test("a mirror image of a mirror image is the picture, and a flip mirrors every crop")
  func flip() {
    let flip = CropPlacement(isFlipped: true)
    let once = flip.place(picture, side: 90)
    #expect(once != picture)
    #expect(flip.place(once, side: 90) == picture)
    for rotation in [0.0, 8] {
      let crop = CropPlacement(scale: 0.8, x: 0.05, y: -0.07, rotation: rotation)
      var flipped = crop
      flipped.isFlipped = true
      let result = flipped.place(picture, side: 61)
      #expect(difference(flip.place(crop.place(picture, side: 61), side: 61), result).largest <= 1)
    }
  }

  @Test("an upright part is what resized makes of its box")
  func box() {
    let crop = CropPlacement(scale: 0.7, x: 0.1, y: -0.15)
    let side = 0.7 * 90
    let box = Box(x: 54 - side / 2, y: 31.5 - side / 2, width: side, height: side)
    for side in [64, 30] {
      #expect(
        difference(crop.place(picture, side: side), picture.resized(width: side, height: side, box: box))
          .largest <= 1)
    }
  }

  @Test("a part's right edge at the picture's edge is no reason to look beyond")
  func edge() {
    for scale in stride(from: 0.8, through: 1, by: 0.01) {
      let room = (1 - scale) / 2
      let part = CropPlacement(scale: scale, x: room, y: -room).place(picture, side: 40)
      let side = scale * 90
      let box = Box(x: 90 - side, y: 0, width: side, height: side)
      #expect(difference(part, picture.resized(width: 40, height: 40, box: box)).largest <= 1)
    }
  }

  @Test("no turn at all and a turn of nearly nothing agree, also where the crop shrinks or reaches outside")
  func continuity() {
    for side in [120, 90, 40, 20] {
      for scale in [0.6, 1, 1.2] {
        var crop = CropPlacement(scale: scale, x: 0.03, y: -0.04)
        let upright = crop.place(picture, side: side)
        crop.rotation = 1e-4
        let turned = crop.place(picture, side: side)
        // The triangle of one ends at the picture's edge, that of the other sees the reflection.
        let (_, mean) = difference(upright, turned)
        #expect(mean < 0.25, "side \(side), scale \(scale): mean \(mean)")
        let inner = side / 8..<side - side / 8
        for y in inner {
          for x in inner {
            let (a, b) = (upright[x, y], turned[x, y])
            #expect(abs(Int(a.red) - Int(b.red)) <= 1 && abs(Int(a.blue) - Int(b.blue)) <= 1)
          }
        }
      }
    }
  }

  @Test("rotations are scikit-image's bilinear ones to one level, and shrinking ones a fine rendering's mean")
  func rotation() throws {
    let data = try Data(
      contentsOf: URL(fileURLWithPath: TestSupport.Golden.path("augmentation/rotations.json")))
    let golden = try JSONDecoder().decode(Golden.self, from: data)
    let image = try ImageFile.read(TestSupport.Golden.path("augmentation/picture.png"))
      .cropped(x: 0, y: 0, width: 80, height: 80)
    func differences(_ record: Golden.Case) -> [Int] {
      let crop = CropPlacement(isFlipped: record.flip, scale: record.scale, rotation: record.rotation)
        .place(image, side: record.side ?? 80)
      let range = record.first..<record.first + record.count
      let ours = range.flatMap { y in
        range.flatMap { x in [crop[x, y].red, crop[x, y].green, crop[x, y].blue] }
      }
      return zip(ours, record.pixels).map { abs(Int($0) - $1) }
    }
    for record in golden.same {
      let all = differences(record)
      print("rotation by \(record.rotation): largest difference \(all.max()!)")
      #expect(all.count == 4800 && all.max()! <= 1, "\(record.rotation)")
    }
    // The rendering takes the nearest pixel at eight times the size and turns its triangle with the crop.
    let all = differences(golden.shrunk)
    let mean = Double(all.reduce(0, +)) / Double(all.count)
    print("shrunk and turned: mean difference \(mean), largest \(all.max()!)")
    #expect(all.count == 768 && mean < 2)
  }

  @Test("what lies outside is reflected: a picture of one colour keeps it everywhere")
  func reflection() {
    let plain = RGBImage(width: 50, height: 40, red: 200, green: 100, blue: 30)
    for rotation in [0.0, 10, 45, 170] {
      for scale in [0.3, 1.3, 3] {
        let crop = CropPlacement(scale: scale, x: 0.4, y: -0.5, rotation: rotation).place(plain, side: 33)
        #expect(crop == RGBImage(width: 33, height: 33, red: 200, green: 100, blue: 30))
      }
    }
  }

  @Test("shift, scale and rotation each move what is seen")
  func parameters() {
    let plain = CropPlacement(scale: 0.9).place(picture, side: 60)
    #expect(CropPlacement(scale: 0.85).place(picture, side: 60) != plain)
    #expect(CropPlacement(scale: 0.9, x: 0.05).place(picture, side: 60) != plain)
    #expect(CropPlacement(scale: 0.9, y: 0.05).place(picture, side: 60) != plain)
    #expect(CropPlacement(scale: 0.9, rotation: 5).place(picture, side: 60) != plain)
    // To the right in the picture: its bright side, whose red is higher.
    var ramp = RGBImage(width: 64, height: 64)
    for y in 0..<64 {
      for x in 0..<64 { ramp[x, y] = (UInt8(4 * x), 0, UInt8(4 * y)) }
    }
    let right = CropPlacement(scale: 0.5, x: 0.2).place(ramp, side: 32)
    let below = CropPlacement(scale: 0.5, y: 0.2).place(ramp, side: 32)
    #expect(right[16, 16].red > below[16, 16].red && right[16, 16].blue < below[16, 16].blue)
    // A part turned clockwise: its right end is lower in the picture.
    let turned = CropPlacement(scale: 0.5, rotation: 10).place(ramp, side: 32)
    #expect(turned[30, 16].blue > turned[2, 16].blue + 10)
  }

  @Test("a mask goes where the picture goes")
  func mask() {
    let mask = (0..<90 * 90).map { Float(picture.pixels[3 * $0]) / 255 }
    let gray = RGBImage(
      width: 90, height: 90,
      pixels: mask.flatMap { value in
        [UInt8](repeating: UInt8(value * 255 + 0.5), count: 3)
      })
    for rotation in [0.0, -9] {
      for side in [100, 45] {
        let crop = CropPlacement(isFlipped: true, scale: 0.8, x: 0.05, y: 0.02, rotation: rotation)
        let placed = crop.place(mask: mask, width: 90, height: 90, side: side)
        let image = crop.place(gray, side: side)
        #expect(placed.count == side * side && placed.allSatisfy { $0 >= 0 && $0 <= 1.000001 })
        let largest = placed.indices.map { abs(placed[$0] * 255 - Float(image.pixels[3 * $0])) }.max()!
        #expect(largest <= 1.01, "\(largest)")
      }
    }
  }
}
