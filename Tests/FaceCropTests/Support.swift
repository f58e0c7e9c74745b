import FaceCrop
import Foundation
import VideoIO

/// Tests/Golden/faces.
let goldenFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("Golden/faces")

/// The picture of Tests/Golden/faces/make_resampling.py.
func formulaPicture(_ width: Int, _ height: Int) -> RGBImage {
  var image = RGBImage(width: width, height: height)
  for y in 0..<height {
    for x in 0..<width {
      image[x, y] = (
        UInt8((7 * x + 13 * y + x * y / 8) % 256), UInt8((x * x + 5 * y) % 256),
        UInt8(((31 * x) ^ (17 * y)) % 256)
      )
    }
  }
  return image
}

func crc32(_ bytes: [UInt8]) -> UInt32 {
  var crc: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}

/// Finds what it is told to, one list of boxes a call.
final class ScriptedDetector: FaceDetector, @unchecked Sendable {
  // Used from one test, one call after the other.
  private var script: [[Box]]

  init(_ script: [[Box]]) { self.script = script.reversed() }

  func faces(in image: RGBImage) -> [Face] {
    (script.popLast() ?? []).map { Face(box: $0, confidence: 0.9) }
  }
}
