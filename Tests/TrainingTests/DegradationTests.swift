import Foundation
import TestSupport
import Testing
import Training
import VideoIO

/// JPEG files by Tests/Golden/augmentation/make.py (Pillow).
@Suite("Degradations")
struct DegradationTests {
  let picture = testPicture()

  func degraded(_ image: RGBImage, _ change: (inout AugmentationDraw) -> Void) -> RGBImage {
    var draw = AugmentationDraw()
    change(&draw)
    return draw.degrade(image)
  }

  @Test("JPEG is what libjpeg makes of a picture, to a mean of 0.5 levels (0.8 at quality 95)")
  func jpeg() throws {
    let image = try ImageFile.read(Golden.path("augmentation/picture.png"))
    for quality in [30, 50, 75, 95] {
      let real = try ImageFile.read(Golden.path("augmentation/decoded-\(quality).png"))
      let ours = degraded(image) { $0.compressions = [.init(quality: quality)] }
      let (largest, mean) = difference(ours, real)
      print("JPEG \(quality): mean \(mean), largest \(largest); damage \(difference(image, real).mean)")
      // Where steps are small a last digit sends more coefficients to the next one.
      let tolerance = quality < 90 ? 0.5 : 0.8
      #expect(mean < tolerance)
      // Our own reader of the file takes swscale's 16-bit arithmetic, which is a level darker.
      let read = try ImageFile.read(Golden.path("augmentation/picture-\(quality).jpg"))
      #expect(difference(ours, read).mean < difference(real, read).mean + tolerance)
    }
  }

  @Test("lower quality does more harm, another grid another, and once more more")
  func compressions() {
    func harm(_ passes: [AugmentationDraw.Compression]) -> Double {
      difference(picture, degraded(picture) { $0.compressions = passes }).mean
    }
    let harms = [100, 90, 70, 50, 30, 10, 1].map { harm([.init(quality: $0)]) }
    #expect(harms == harms.sorted() && harms[0] > 0)
    #expect(harm([.init(quality: 70), .init(quality: 70, left: 3, top: 5)]) > harm([.init(quality: 70)]))
    for (left, top) in [(1, 0), (0, 1), (15, 15)] {
      #expect(harm([.init(quality: 50, left: left, top: top)]) != harm([.init(quality: 50)]))
    }
    // The grid's corner in the picture: a picture moved by it, compressed, is the same away from the edge.
    let moved = picture.cropped(x: 5, y: 3, width: 80, height: 80)
    let a = degraded(moved) { $0.compressions = [.init(quality: 60, left: 5, top: 3)] }
    let b = degraded(picture) { $0.compressions = [.init(quality: 60)] }
      .cropped(x: 5, y: 3, width: 80, height: 80)
    for y in 13..<58 {
      for x in 11..<58 { #expect(color(a, x, y) == color(b, x, y)) }
    }
  }

  @Test("brightness and contrast do what they say, to half a level")
  func tone() {
    let result = degraded(picture) { $0.tone = .init(brightness: 0.1, contrast: 0.8) }
    for (new, old) in zip(result.pixels, picture.pixels) {
      let expected = max(0, min(255, (Double(old) - 127.5) * 0.8 + 127.5 + 25.5))
      #expect(abs(Double(new) - expected) <= 0.501)
    }
  }

  @Test("hue and saturation keep the luma, and no saturation is grey")
  func color() {
    func luma(_ c: (red: UInt8, green: UInt8, blue: UInt8)) -> Double {
      0.299 * Double(c.red) + 0.587 * Double(c.green) + 0.114 * Double(c.blue)
    }
    let pale = degraded(picture) { $0.tone = .init(brightness: 0, contrast: 0.4) }
    let turned = degraded(pale) { $0.color = .init(hue: 40, saturation: 1.2) }
    let gray = degraded(pale) { $0.color = .init(hue: 0, saturation: 0) }
    #expect(difference(turned, pale).mean > 2)
    for y in 0..<96 {
      for x in 0..<96 {
        #expect(abs(luma(turned[x, y]) - luma(pale[x, y])) <= 1)
        let c = gray[x, y]
        #expect(c.red == c.green && c.green == c.blue && abs(luma(c) - luma(pale[x, y])) <= 0.51)
      }
    }
    // A turn there and back.
    let back = degraded(degraded(pale) { $0.color = .init(hue: 30, saturation: 1) }) {
      $0.color = .init(hue: -30, saturation: 1)
    }
    #expect(difference(back, pale).largest <= 2)
  }

  @Test("down-scaling is two calls of resized")
  func downscaling() {
    let result = degraded(picture) { $0.downscaling = 0.5 }
    #expect(result == picture.resized(width: 48, height: 48).resized(width: 96, height: 96))
  }

  @Test("blur is the Gaussian convolution, scaled with the side")
  func blur() {
    let dot = RGBImage(
      width: 56, height: 56,
      pixels: (0..<56 * 56 * 3).map { $0 / 3 == 28 * 56 + 28 ? 255 : 0 })
    // 4 pixels of 224 are 1 of 56.
    let result = degraded(dot) { $0.blur = 4 }
    let weights = (-3...3).map { exp(-0.5 * Double($0 * $0)) }
    let sum = weights.reduce(0, +)
    for y in 0..<7 {
      for x in 0..<7 {
        let expected = 255 * weights[x] * weights[y] / (sum * sum)
        #expect(abs(Double(result[25 + x, 25 + y].green) - expected) <= 0.51)
      }
    }
    let flat = RGBImage(width: 20, height: 30, red: 9, green: 200, blue: 77)
    #expect(degraded(flat) { $0.blur = 20 } == flat)
    #expect(degraded(picture) { $0.blur = 1 } != degraded(picture) { $0.blur = 1.5 })
  }

  @Test("noise has the deviation asked for, mean 0, no correlation, and its seed decides which")
  func noise() {
    let gray = RGBImage(width: 128, height: 128, red: 128, green: 128, blue: 128)
    func noise(_ deviation: Double, _ seed: UInt32) -> [Double] {
      degraded(gray) { $0.noise = .init(deviation: deviation, seed: seed) }.pixels.map { Double($0) - 128 }
    }
    for deviation in [2.0, 8] {
      let values = noise(deviation, 7)
      let n = Double(values.count)
      let mean = values.reduce(0, +) / n
      let variance = values.map { $0 * $0 }.reduce(0, +) / n
      #expect(abs(mean) < 5 * deviation / n.squareRoot())
      // Rounding to levels adds 1/12.
      #expect(abs(variance - deviation * deviation - 1.0 / 12) < 0.03 * deviation * deviation)
      for lag in [1, 3, 128 * 3] {
        let product = zip(values, values.dropFirst(lag)).map(*).reduce(0, +) / n / variance
        #expect(abs(product) < 0.025, "lag \(lag): \(product)")
      }
    }
    #expect(noise(4, 1) == noise(4, 1) && noise(4, 1) != noise(4, 2))
    let (a, b) = (noise(8, 1), noise(8, 2))
    let product: Double = zip(a, b).map(*).reduce(0, +)
    #expect(abs(product) < 0.025 * 64 * Double(a.count))
  }

  @Test("a cut-out paints its rectangle with the mean colour and nothing else")
  func cutOut() {
    func isPainted(_ x: Int, _ y: Int) -> Bool { (24..<48).contains(x) && (48..<60).contains(y) }
    let box = Box(x: 0.25, y: 0.5, width: 0.25, height: 0.125)
    let result = degraded(picture) { $0.cutOut = box }
    let means = (0..<3).map { (c: Int) -> Int in
      var sum = 0
      for i in 0..<96 * 96 { sum += Int(picture.pixels[3 * i + c]) }
      return sum / (96 * 96)
    }
    for y in 0..<96 {
      for x in 0..<96 {
        if isPainted(x, y) {
          #expect(color(result, x, y) == means)
        } else {
          #expect(color(result, x, y) == color(picture, x, y))
        }
      }
    }
    // Partly and wholly outside.
    let partly = degraded(picture) { $0.cutOut = Box(x: -0.5, y: 0, width: 0.6, height: 2) }
    #expect(color(partly, 0, 95) == means && color(partly, 12, 95) == color(picture, 12, 95))
    let wholly = degraded(picture) { $0.cutOut = Box(x: 1.5, y: 0, width: 0.6, height: 2) }
    #expect(wholly == picture)
  }

  @Test("levels stop at 0 and 255 and never wrap around")
  func extremes() {
    for (level, brightness) in [(UInt8(255), 0.7), (0, -0.7)] {
      let plain = RGBImage(width: 40, height: 40, red: level, green: level, blue: level)
      let toned = degraded(plain) { $0.tone = .init(brightness: brightness, contrast: 3) }
      #expect(toned == plain)
      let noisy = degraded(plain) { $0.noise = .init(deviation: 2, seed: 1) }
      #expect(difference(noisy, plain).largest <= 7)
      let jpeg = degraded(plain) { $0.compressions = [.init(quality: 20)] }
      #expect(difference(jpeg, plain).largest <= 2)
    }
    // A row of rising levels still rises, and reaches both ends.
    let ramp = RGBImage(width: 256, height: 8, pixels: (0..<256 * 8 * 3).map { UInt8($0 / 3 % 256) })
    let steep = degraded(ramp) { $0.tone = .init(brightness: 0.05, contrast: 4) }
    let row = (0..<256).map { color(steep, $0, 3)[0] }
    #expect(row == row.sorted() && row[0] == 0 && row[255] == 255)
    let coloured = degraded(picture) { $0.color = .init(hue: 0, saturation: 10) }
    #expect(coloured.pixels.contains(0) && coloured.pixels.contains(255))
  }

  private func color(_ image: RGBImage, _ x: Int, _ y: Int) -> [Int] {
    let c = image[x, y]
    return [Int(c.red), Int(c.green), Int(c.blue)]
  }
}
