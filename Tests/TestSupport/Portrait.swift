public import Tensor
public import VideoIO

/// Four crops of a real face, the same pixels as in `Tests/Golden/efficientnet/network.py`: windows of a public-domain
/// portrait, enlarged by repeating pixels; the second is mirrored, the fourth recoloured.
public enum Portrait {
  /// The crops, `size`×`size` each; `size` is 380 at the most.
  public static func crops(size: Int) throws -> [RGBImage] {
    let face = try ImageFile.read(Golden.path("efficientnet/face.png"))
    return windows.map { window in
      let side = (size + window.zoom - 1) / window.zoom
      let (left, top) = (window.x - side / 2, window.y - side / 2)
      var crop = RGBImage(width: size, height: size)
      for y in 0..<size {
        for x in 0..<size {
          let column = window.isMirrored ? size - 1 - x : x
          let pixel = face[left + column / window.zoom, top + y / window.zoom]
          crop[x, y] = window.isRecoloured ? recoloured(pixel) : pixel
        }
      }
      return crop
    }
  }

  /// The crops as a classifier takes them: `[4, 3, size, size]`, RGB in [0, 1].
  public static func tensor(size: Int) throws -> Tensor {
    let crops = try crops(size: size)
    let plane = size * size
    return Tensor(shape: [crops.count, 3, size, size]) { out in
      for (n, crop) in crops.enumerated() {
        for c in 0..<3 {
          for i in 0..<plane { out[(n * 3 + c) * plane + i] = Float(crop.pixels[i * 3 + c]) / 255 }
        }
      }
    }
  }

  /// Centre in the portrait, and pixels for one of its pixels.
  private static let windows: [(x: Int, y: Int, zoom: Int, isMirrored: Bool, isRecoloured: Bool)] = [
    (128, 118, 2, false, false), (121, 125, 2, true, false), (130, 112, 3, false, false),
    (135, 111, 2, false, true),
  ]

  /// Blue for red, and less contrast.
  private static func recoloured(
    _ pixel: (red: UInt8, green: UInt8, blue: UInt8)
  ) -> (red: UInt8, green: UInt8, blue: UInt8) {
    func flat(_ value: UInt8) -> UInt8 { UInt8(Int(value) * 3 / 4 + 32) }
    return (flat(pixel.blue), flat(pixel.green), flat(pixel.red))
  }
}
