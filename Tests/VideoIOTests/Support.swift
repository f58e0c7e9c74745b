import Foundation
import VideoIO

/// A folder that goes away with its owner.
final class Folder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("whyfake-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? [] }
}

/// Pictures that carry their number: twelve vertical stripes, black or white, for the bits of it and of its
/// complement, so that no other frame, and no mixture of two, is taken for it.
enum Numbered {
  static let bits = 6

  static func image(_ number: Int, width: Int = 192, height: Int = 96) -> RGBImage {
    var image = RGBImage(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width where isWhite(x * 2 * bits / width, number) { image[x, y] = (255, 255, 255) }
    }
    return image
  }

  /// The number that `image` carries, nil if it carries none.
  static func number(_ image: RGBImage) -> Int? {
    var number = 0
    for stripe in 0..<2 * bits {
      let x = (2 * stripe + 1) * image.width / (4 * bits)
      let pixel = image[x, image.height / 2]
      let level = (Int(pixel.red) + Int(pixel.green) + Int(pixel.blue)) / 3
      guard level < 70 || level > 185 else { return nil }
      if stripe < bits {
        if level > 185 { number |= 1 << stripe }
      } else if (level > 185) == (number >> (stripe - bits) & 1 == 1) {
        return nil
      }
    }
    return number
  }

  private static func isWhite(_ stripe: Int, _ number: Int) -> Bool {
    stripe < bits ? number >> stripe & 1 == 1 : number >> (stripe - bits) & 1 == 0
  }
}

extension VideoReader {
  /// What the frames at `indices` show and when.
  mutating func numbers(at indices: [Int]) throws -> [Int?] {
    var numbers: [Int?] = []
    try frames(at: indices) { numbers.append(Numbered.number($0.image)) }
    return numbers
  }
}
