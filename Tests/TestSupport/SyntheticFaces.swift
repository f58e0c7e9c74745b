public import Datasets
import Foundation
import Tensor
import VideoIO

/// A face set of made-up pictures: smooth noise for real, the same with a bright square for the fake made of it.
public struct SyntheticFaces: Sendable {
  /// Where they are, while this lives.
  public let folder = TemporaryFolder()
  /// They, with their index.
  public let set: FaceSet

  /// Makes them.
  ///
  /// - Parameters:
  ///   - originals: of the training split; a quarter as many, ten at least, of the validation split.
  ///   - fakes: for each original.
  ///   - side: of the pictures.
  public init(originals: Int, fakes: Int = 1, side: Int = 32) throws {
    var lines = ["name,label,original,split"]
    for (split, count) in [("train", originals), ("validation", max(10, originals / 4))] {
      for i in 0..<count {
        let real = "\(split)-\(i)"
        var generator = SplitMix(seed: seed(of: real))
        var image = RGBImage(width: side, height: side)
        let (a, b) = (generator.uniform() * 6, generator.uniform() * 6)
        for y in 0..<side {
          for x in 0..<side {
            let wave = sin(Double(x) / 7 + a) + cos(Double(y) / 5 + b) + 0.3 * generator.normal()
            let value = UInt8(min(255, max(0, 110 + 40 * wave)))
            image[x, y] = (value, UInt8(min(255, Int(value) + 20)), value)
          }
        }
        try ImageFile.write(image, to: folder.path("\(real).png"))
        lines.append("\(real),real,,\(split)")
        for k in 0..<fakes {
          var fake = image
          for y in 8..<16 { for x in 10 + k..<20 + k { fake[x, y] = (250, 240, 230) } }
          try ImageFile.write(fake, to: folder.path("\(real)-fake\(k).png"))
          lines.append("\(real)-fake\(k),fake,\(real),\(split)")
        }
      }
    }
    try lines.joined(separator: "\n").write(
      toFile: folder.path("index.csv"), atomically: true, encoding: .utf8)
    set = try FaceSet(folder.url.path)
  }
}
