import CWhyFakeTraining
import Foundation
import VideoIO

/// An affine change of colours, RGB levels in and out: three rows of four, the fourth column added.
struct ColorMatrix {
  var values: [Float] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]

  /// No change.
  init() {}

  /// Hue and saturation first, then brightness and contrast.
  init(tone: AugmentationDraw.Tone?, color: AugmentationDraw.Color?) {
    if tone == nil && color == nil { return }
    let contrast = tone?.contrast ?? 1
    let (hue, saturation) = (color.map { $0.hue * .pi / 180 } ?? 0, color?.saturation ?? 1)
    let (along, across) = (saturation * cos(hue), saturation * sin(hue))
    for column in 0..<3 {
      var input = [0.0, 0.0, 0.0]
      input[column] = 1
      // BT.601's luma and colour differences, the differences turned and scaled, and back.
      let luma = 0.299 * input[0] + 0.587 * input[1] + 0.114 * input[2]
      let (cb, cr) = ((input[2] - luma) / 1.772, (input[0] - luma) / 1.402)
      let (newCb, newCr) = (along * cb - across * cr, across * cb + along * cr)
      let output = [
        luma + 1.402 * newCr, luma - (0.114 * 1.772 * newCb + 0.299 * 1.402 * newCr) / 0.587,
        luma + 1.772 * newCb,
      ]
      for row in 0..<3 { values[4 * row + column] = Float(contrast * output[row]) }
    }
    let added = 127.5 * (1 - contrast) + 255 * (tone?.brightness ?? 0)
    for row in 0..<3 { values[4 * row + 3] = Float(added) }
  }
}

/// A picture as three planes of floats, red, green, blue; levels of 0 to 255.
final class Planes {
  let width: Int
  let height: Int
  let values: UnsafeMutablePointer<Float>

  var count: Int { width * height }

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    values = .allocate(capacity: 3 * width * height)
  }

  /// The planes of `image` through `matrix`.
  convenience init(_ image: RGBImage, _ matrix: ColorMatrix = ColorMatrix()) {
    self.init(width: image.width, height: image.height)
    image.pixels.withUnsafeBufferPointer { wf_planes_through($0.baseAddress!, count, matrix.values, values) }
  }

  deinit { values.deallocate() }

  /// Rounded to bytes.
  func image() -> RGBImage {
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * count) { out, initialized in
      wf_rgb_of_planes(values, count, out.baseAddress!)
      initialized = 3 * count
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  func blur(deviation: Double) {
    for c in 0..<3 { gaussianBlur(values + c * count, width, height, deviation: deviation) }
  }

  /// Adds `amount` of the difference from the blurred planes.
  func sharpen(deviation: Double, by amount: Double) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { blurred in
      for c in 0..<3 {
        let plane = values + c * count
        blurred.baseAddress!.update(from: plane, count: count)
        gaussianBlur(blurred.baseAddress!, width, height, deviation: deviation)
        wf_sharpen(plane, blurred.baseAddress!, count, Float(amount))
      }
    }
  }

  func addNoise(_ noise: AugmentationDraw.Noise) {
    wf_add_noise(values, 3 * count, noise.seed, Float(noise.deviation))
  }

  /// Through JPEG files of the given qualities, one after the other.
  func compress(_ compressions: [AugmentationDraw.Compression]) {
    wf_levels(values, 3 * count)
    withUnsafeTemporaryAllocation(byteCount: wf_jpeg_scratch(width, height), alignment: 64) { scratch in
      for pass in compressions {
        precondition(
          (1...100).contains(pass.quality) && (0..<16).contains(pass.left) && (0..<16).contains(pass.top),
          "Augmentation: no JPEG of quality \(pass.quality) from column \(pass.left), row \(pass.top)")
        wf_jpeg(
          values, width, height, Int32(pass.quality), Int32(pass.left), Int32(pass.top), scratch.baseAddress!)
      }
    }
  }
}

/// Convolves a plane with a Gaussian of `deviation` pixels, cut at three deviations; edges are reflected.
func gaussianBlur(_ plane: UnsafeMutablePointer<Float>, _ width: Int, _ height: Int, deviation: Double) {
  if deviation <= 0 { return }
  let half = max(1, Int((3 * deviation).rounded(.up)))
  let weights = (-half...half).map { exp(-0.5 * Double($0 * $0) / (deviation * deviation)) }
  let sum = weights.reduce(0, +)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: width * height + width + weights.count) {
    wf_blur(plane, width, height, weights.map { Float($0 / sum) }, weights.count, $0.baseAddress!)
  }
}
