import Foundation
import TestSupport
import Testing
import VideoIO

@Suite("Real videos", .serialized, .enabled(if: testData != nil, "set WHYFAKE_TEST_DATA"))
struct RealVideoTests {
  /// What Tests/Golden/video/make.py writes.
  struct Golden: Decodable {
    struct Frame: Decodable {
      let index: Int
      let time: Double
      let thumbnail: [Double]
    }
    let frameCount: Int
    let frames: [Frame]
  }

  private static func golden() throws -> [String: Golden] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/video/frames.json")
    return try JSONDecoder().decode([String: Golden].self, from: Data(contentsOf: file))
  }

  /// As make.py's: means over 4 × 4 blocks.
  private static func thumbnail(_ image: RGBImage, side: Int = 4) -> [Double] {
    let (w, h) = (image.width / side, image.height / side)
    var sums = [Double](repeating: 0, count: side * side * 3)
    image.pixels.withUnsafeBufferPointer { pixels in
      for y in 0..<h * side {
        for block in 0..<side {
          var sum = (0, 0, 0)
          for x in block * w..<(block + 1) * w {
            let i = (y * image.width + x) * 3
            sum.0 += Int(pixels[i])
            sum.1 += Int(pixels[i + 1])
            sum.2 += Int(pixels[i + 2])
          }
          let at = (y / h * side + block) * 3
          sums[at] += Double(sum.0)
          sums[at + 1] += Double(sum.1)
          sums[at + 2] += Double(sum.2)
        }
      }
    }
    return sums.map { $0 / Double(w * h) }
  }

  @Test("sampled frames are PyAV's: count, time, and means within 1 level")
  func frames() throws {
    let videos = try #require(testData).appendingPathComponent("videos")
    for (name, golden) in try Self.golden() {
      var reader = try VideoReader(path: videos.appendingPathComponent(name).path)
      #expect(reader.properties.frameCount == golden.frameCount, "\(name)")
      let indices = FrameSampling.indices(count: golden.frames.count, of: golden.frameCount)
      #expect(indices == golden.frames.map(\.index))
      var expected = golden.frames.makeIterator()
      try reader.frames(at: indices) { frame in
        guard let theirs = expected.next() else { return }
        #expect(abs(frame.time - theirs.time) < 1e-5, "\(name)")
        let worst = zip(Self.thumbnail(frame.image), theirs.thumbnail).map { abs($0 - $1) }.max() ?? 255
        #expect(worst < 1, "\(name), frame \(frame.index)")
      }
      #expect(expected.next() == nil)
    }
  }

  @Test(
    "32 frames of each go to the folder WHYFAKE_FRAME_DUMP, for Tests/Golden/video/compare.py",
    .enabled(
      if: ProcessInfo.processInfo.environment["WHYFAKE_FRAME_DUMP"] != nil,
      "set WHYFAKE_FRAME_DUMP to a folder"))
  func dump() throws {
    let videos = try #require(testData).appendingPathComponent("videos")
    let folder = URL(fileURLWithPath: ProcessInfo.processInfo.environment["WHYFAKE_FRAME_DUMP"] ?? "")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for path in try Self.golden().keys {
      var reader = try VideoReader(path: videos.appendingPathComponent(path).path)
      let indices = FrameSampling.indices(count: 32, of: reader.properties.frameCount)
      var given = 0
      try reader.frames(at: indices) { frame in
        given += 1
        let name = path.replacingOccurrences(of: "/", with: "_")
        let file = "\(name).\(frame.index).\(frame.image.width)x\(frame.image.height).rgb"
        try Data(frame.image.pixels).write(to: folder.appendingPathComponent(file))
      }
      #expect(given == indices.count)
    }
  }
}
