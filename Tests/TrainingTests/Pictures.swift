import Foundation
import Tensor
import VideoIO

/// A picture with edges, colours and no symmetry.
func testPicture(_ width: Int = 96, _ height: Int = 96, seed: UInt64 = 1) -> RGBImage {
  var generator = SplitMix(seed: seed)
  var image = RGBImage(width: width, height: height)
  let blobs = (0..<12).map { _ in (0..<6).map { _ in generator.uniform() } }
  for y in 0..<height {
    for x in 0..<width {
      let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
      var color = [60 + 120 * u, 200 - 130 * v, 90 + 70 * u * v]
      for b in blobs where hypot(u - b[0], v - b[1]) < 0.05 + 0.12 * b[2] {
        color = [40 + 160 * b[3], 40 + 160 * b[4], 40 + 160 * b[5]]
      }
      image[x, y] = (UInt8(color[0]), UInt8(color[1]), UInt8(color[2]))
    }
  }
  return image
}

/// The largest and the mean absolute difference in levels.
func difference(_ a: RGBImage, _ b: RGBImage) -> (largest: Int, mean: Double) {
  let all = zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }
  return (all.max()!, Double(all.reduce(0, +)) / Double(all.count))
}

extension RGBImage {
  /// With noise of about `amount` levels, another for each seed.
  func noisy(_ amount: Double, seed: UInt64) -> RGBImage {
    var generator = SplitMix(seed: seed)
    var image = self
    for i in image.pixels.indices {
      let value = Double(image.pixels[i]) + amount * generator.normal()
      image.pixels[i] = UInt8(max(0, min(255, value.rounded())))
    }
    return image
  }
}
