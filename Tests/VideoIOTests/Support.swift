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

/// The `ffmpeg` and `ffprobe` commands, for inputs that VideoWriter does not make and for a second opinion.
enum FFmpeg {
  static let isThere = (try? run("ffmpeg", ["-version"])) != nil

  struct Failure: Error {
    let arguments: [String]
    let message: String
  }

  @discardableResult
  static func run(_ command: String, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    let output = Pipe()
    let errors = FileManager.default.temporaryDirectory.appendingPathComponent("errors-\(UUID().uuidString)")
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let message = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
      throw Failure(arguments: arguments, message: String(message.suffix(400)))
    }
    return data
  }

  /// Encodes `images` of one size, 25 a second, to `path` with `arguments`.
  static func encode(_ images: [RGBImage], _ arguments: [String], to path: String) throws {
    let raw = path + ".rgb"
    defer { try? FileManager.default.removeItem(atPath: raw) }
    try Data(images.flatMap(\.pixels)).write(to: URL(fileURLWithPath: raw))
    let size = "\(images[0].width)x\(images[0].height)"
    try run(
      "ffmpeg",
      [
        "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "25", "-i", raw,
        "-threads", "2",
      ]
        + arguments + [path])
  }

  /// The pictures of a full decode by the command.
  static func decode(_ path: String, width: Int = 192, height: Int = 96) throws -> [RGBImage] {
    let data = try run(
      "ffmpeg",
      [
        "-v", "quiet", "-i", path, "-vsync", "passthrough", "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt",
        "rgb24", "-",
      ])
    let size = width * height * 3
    return (0..<data.count / size).map {
      RGBImage(width: width, height: height, pixels: [UInt8](data[$0 * size..<($0 + 1) * size]))
    }
  }
}
