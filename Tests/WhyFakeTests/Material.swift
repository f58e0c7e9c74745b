import Foundation
import Tensor
import VideoIO

/// Writes a video of `images`, 25 a second.
func writeVideo(_ images: [RGBImage], to path: String) throws {
  var writer = try VideoWriter(path: path, width: images[0].width, height: images[0].height)
  for image in images { try writer.append(image, duration: 0.04) }
  try writer.finish()
}

/// The first `count` frames of a video.
func frames(of path: String, _ count: Int) throws -> [RGBImage] {
  var reader = try VideoReader(path: path)
  var images: [RGBImage] = []
  try reader.frames(at: Array(0..<count)) { images.append($0.image) }
  return images
}

/// A picture without a face: a slope of grey that moves with `step`.
func slope(width: Int, height: Int, step: Int = 0) -> RGBImage {
  var image = RGBImage(width: width, height: height)
  for y in 0..<height {
    for x in 0..<width {
      let value = UInt8((x * 2 + y + step * 8) % 200)
      image[x, y] = (value, value, value)
    }
  }
  return image
}

/// A clip of noise as a `.npy` file.
func writeClip(_ path: String, frames: Int = 3, side: Int = 40) throws {
  var state: UInt64 = 7
  let bytes = (0..<frames * side * side * 3).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 56)
  }
  try ByteArray(shape: [frames, side, side, 3], bytes).writeNPY(to: path)
}

extension RGBImage {
  /// Turned by 90° against the clock.
  var turnedLeft: RGBImage {
    var turned = RGBImage(width: height, height: width)
    for y in 0..<height { for x in 0..<width { turned[y, width - 1 - x] = self[x, y] } }
    return turned
  }

  /// With `other` at its right; both of one height.
  func beside(_ other: RGBImage) -> RGBImage {
    var both = RGBImage(width: width + other.width, height: height)
    for y in 0..<height {
      for x in 0..<width { both[x, y] = self[x, y] }
      for x in 0..<other.width { both[width + x, y] = other[x, y] }
    }
    return both
  }
}

/// Tags an mp4 as stored on its side: players turn it by 90° clockwise, as they do with a phone's video.
func tagAsTurned(_ path: String) throws {
  var data = try Data(contentsOf: URL(fileURLWithPath: path))
  guard let header = data.range(of: Data("tkhd".utf8)) else { throw CocoaError(.fileReadCorruptFile) }
  // Version 0: 4 bytes of flags, 20 of times, track and duration, 16 of layer and volume, then the matrix.
  let matrix: [UInt32] = [0, 0x0001_0000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000]
  let start = header.upperBound + 40
  for (i, value) in matrix.enumerated() {
    for byte in 0..<4 {
      data[start + i * 4 + byte] = UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32(byte)))
    }
  }
  try data.write(to: URL(fileURLWithPath: path))
}
