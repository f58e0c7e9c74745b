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

  @Test("32 frames, the others left undecoded where they may be, are those of a full decode, bit for bit")
  func sparse() throws {
    let videos = try #require(testData).appendingPathComponent("videos")
    let names = try Self.golden().keys.sorted()
    for name in names.filter({ $0.hasPrefix("dfdc/") }).prefix(3) + names.suffix(1) {
      let path = videos.appendingPathComponent(name).path
      var reader = try VideoReader(path: path)
      let count = reader.properties.frameCount
      let sets = [FrameSampling.indices(count: 32, of: count), Array(stride(from: 1, to: count, by: 13))]
      let wanted = Set(sets.joined())
      var sums: [Int: UInt64] = [:]
      try reader.frames(at: Array(0..<count)) { frame in
        if wanted.contains(frame.index) { sums[frame.index] = Self.checksum(frame.image) }
      }
      for (threads, indices) in [(1, sets[0]), (2, sets[0]), (2, sets[1])] {
        var reader = try VideoReader(path: path, options: .init(threads: threads))
        var given: [Int: UInt64] = [:]
        try reader.frames(at: indices) { given[$0.index] = Self.checksum($0.image) }
        #expect(given == sums.filter { indices.contains($0.key) }, "\(name), \(threads) threads")
      }
    }
  }

  /// FNV-1a over words of eight bytes.
  private static func checksum(_ image: RGBImage) -> UInt64 {
    image.pixels.withUnsafeBytes { bytes in
      var sum: UInt64 = 14_695_981_039_346_656_037
      for at in stride(from: 0, to: bytes.count - 7, by: 8) {
        sum = (sum ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* 1_099_511_628_211
      }
      for byte in bytes.suffix(bytes.count % 8) { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
      return sum
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
