import Datasets
import Foundation
import TestSupport
import VideoIO

/// A folder of its own with a dataset in it.
struct DatasetFolder {
  let folder = TemporaryFolder()

  /// Its path.
  var path: String { folder.url.path }

  /// Makes an empty file; readers of layouts open no video.
  func touch(_ names: String...) throws {
    for name in names { try write("", name) }
  }

  /// Writes a text file.
  func write(_ text: String, _ name: String) throws {
    let url = folder.url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Writes a video whose portrait moves; see ``portrait(at:isChanged:width:)``.
  ///
  /// - Parameters:
  ///   - first: the moment that it begins with.
  ///   - isChanged: whether the face is manipulated.
  ///   - width: columns; fewer than 320 are cut off at both sides.
  func portrait(
    _ name: String, frames: Int = 9, from first: Int = 0, isChanged: Bool = false, width: Int = 320
  ) throws {
    let url = folder.url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    var writer = try VideoWriter(path: url.path, width: width, height: 272)
    for t in 0..<frames {
      try writer.append(
        DatasetFolder.portrait(at: first + t, isChanged: isChanged, width: width), duration: 0.04)
    }
    try writer.finish()
  }

  /// Writes a video of grey.
  func plain(_ name: String, frames: Int = 9) throws {
    let url = folder.url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    var writer = try VideoWriter(path: url.path, width: 320, height: 272)
    for t in 0..<frames {
      let grey = UInt8(100 + t)
      try writer.append(
        RGBImage(width: 320, height: 272, red: grey, green: grey, blue: grey), duration: 0.04)
    }
    try writer.finish()
  }

  /// A public-domain portrait that moves over a pattern; where it is changed, the mouth is blue.
  private static func portrait(at t: Int, isChanged: Bool, width: Int) throws -> RGBImage {
    let face = try ImageFile.read(Golden.path("efficientnet/face.png"))
    var image = RGBImage(width: width, height: 272)
    let (left, top) = (8 + 5 * t, t)
    for y in 0..<272 {
      for x in 0..<width {
        let column = x + (320 - width) / 2
        let (u, v) = (column - left, y - top)
        if (0..<face.width).contains(u), (0..<face.height).contains(v) {
          let isMouth = isChanged && (100..<160).contains(u) && (140..<175).contains(v)
          image[x, y] = isMouth ? (20, 40, 220) : face[u, v]
        } else {
          let value = UInt8((column * 3 + y * 2) % 200)
          image[x, y] = (value, value, 90)
        }
      }
    }
    return image
  }
}

extension VideoDataset {
  /// Name, label, original and split of each video, as text.
  var table: [String] {
    videos.map { "\($0.name) \($0.label.rawValue) \($0.original ?? "-") \($0.split.rawValue)" }
  }
}

/// A tar archive (ustar) of members.
func tar(_ members: [(name: String, kind: Character, bytes: [UInt8])], ends: Bool = true) -> [UInt8] {
  var archive: [UInt8] = []
  for (name, kind, bytes) in members {
    archive += tarHeader(name, kind: kind, size: String(bytes.count, radix: 8)) + bytes
    archive += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }
  return ends ? archive + [UInt8](repeating: 0, count: 1024) : archive
}

/// A header with a right checksum; the size is what is given, whatever it says.
func tarHeader(_ name: String, kind: Character = "0", size: String) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, _ at: Int) { for (i, byte) in text.utf8.enumerated() { header[at + i] = byte } }
  put(String(name.prefix(100)), 0)
  put("0000644", 100)
  put(String(repeating: "0", count: max(0, 11 - size.count)) + size, 124)
  put("        ", 148)
  put(String(kind), 156)
  put("ustar", 257)
  let sum = header.reduce(0) { $0 + Int($1) }
  put(String(repeating: "0", count: 6 - String(sum, radix: 8).count) + String(sum, radix: 8), 148)
  header[154] = 0
  return header
}
