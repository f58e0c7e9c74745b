import Foundation
import Testing
import VideoIO

@Suite("Writing videos")
struct WriterTests {
  private func write(
    _ path: String, count: Int, width: Int = 192, height: Int = 96, options: VideoWriter.Options = .init()
  ) throws -> String {
    var writer = try VideoWriter(path: path, width: width, height: height, options: options)
    for i in 0..<count { try writer.append(Numbered.image(i, width: width, height: height), duration: 0.04) }
    let encoder = writer.encoder
    try writer.finish()
    return encoder
  }

  @Test("what is written is read again, frame by frame, with its durations")
  func roundTrip() throws {
    let folder = try Folder()
    let path = folder.path("a.mp4")
    let durations = (0..<40).map { [0.04, 0.5, 1.0 / 30, 0.1][$0 % 4] }
    var writer = try VideoWriter(path: path, width: 192, height: 96)
    for (i, duration) in durations.enumerated() { try writer.append(Numbered.image(i), duration: duration) }
    try writer.finish()

    var reader = try VideoReader(path: path)
    #expect(reader.properties.frameCount == 40)
    #expect(reader.properties.width == 192)
    var frames: [VideoFrame] = []
    try reader.frames(at: Array(0..<40)) { frames.append($0) }
    var time = 0.0
    for (i, frame) in frames.enumerated() {
      #expect(frame.index == i)
      #expect(Numbered.number(frame.image) == i)
      #expect(abs(frame.time - time) < 1e-4)
      #expect(abs(frame.duration - durations[i]) < 1e-4)
      time += durations[i]
    }
    #expect(abs(reader.properties.duration - time) < 1e-4)
    #expect(try reader.numbers(at: [3, 17, 38]) == [3, 17, 38])
    #expect(try reader.numbers(at: [2, 39]) == [2, 39])
  }

  @Test("colours come back, tagged BT.709 limited")
  func colours() throws {
    let folder = try Folder()
    let path = folder.path("c.mp4")
    let colours: [(UInt8, UInt8, UInt8)] = [
      (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (90, 160, 40),
    ]
    var writer = try VideoWriter(path: path, width: 64, height: 64, options: .init(quality: 1))
    for (red, green, blue) in colours {
      try writer.append(RGBImage(width: 64, height: 64, red: red, green: green, blue: blue), duration: 0.1)
    }
    try writer.finish()
    var reader = try VideoReader(path: path)
    #expect(reader.properties.colourMatrix == .bt709)
    #expect(reader.properties.colourRange == .limited)
    #expect(!reader.properties.colourIsAssumed)
    try reader.frames(at: Array(0..<colours.count)) { frame in
      let pixel = frame.image[32, 32]
      let expected = colours[frame.index]
      #expect(abs(Int(pixel.red) - Int(expected.0)) <= 4)
      #expect(abs(Int(pixel.green) - Int(expected.1)) <= 4)
      #expect(abs(Int(pixel.blue) - Int(expected.2)) <= 4)
    }
  }

  @Test("odd sizes are padded to even ones")
  func odd() throws {
    let folder = try Folder()
    for (width, height) in [(193, 97), (193, 96), (192, 97), (1, 1)] {
      let path = folder.path("\(width)x\(height).mp4")
      _ = try write(path, count: 3, width: width, height: height)
      let properties = try VideoReader(path: path).properties
      #expect(properties.width == (width + 1) / 2 * 2 && properties.height == (height + 1) / 2 * 2)
    }
  }

  @Test("the index stands before the data, so that a browser can begin")
  func fastStart() throws {
    let folder = try Folder()
    _ = try write(folder.path("a.mp4"), count: 5)
    let data = try Data(contentsOf: folder.url.appendingPathComponent("a.mp4"))
    let index = try #require(data.range(of: Data("moov".utf8)))
    let body = try #require(data.range(of: Data("mdat".utf8)))
    #expect(index.lowerBound < body.lowerBound)
  }

  @Test("ffprobe sees H.264 High, yuv420p, BT.709 limited", .enabled(if: FFmpeg.isThere, "install ffmpeg"))
  func probed() throws {
    let folder = try Folder()
    let encoder = try write(folder.path("a.mp4"), count: 5)
    let entries =
      "stream=codec_name,profile,pix_fmt,color_range,color_space,color_transfer,color_primaries,nb_frames"
    let data = try FFmpeg.run(
      "ffprobe", ["-v", "error", "-show_entries", entries, "-of", "default=nk=0:nw=1", folder.path("a.mp4")])
    let lines = Set(String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init))
    #expect(
      lines.isSuperset(of: [
        "pix_fmt=yuv420p", "color_range=tv", "color_space=bt709", "color_transfer=bt709",
        "color_primaries=bt709",
        "nb_frames=5",
      ]), "\(lines)")
    if encoder == "libx264" {
      #expect(lines.isSuperset(of: ["codec_name=h264", "profile=High"]), "\(lines)")
    }
  }

  @Test("where an encoder is missing the next one is used and named; where all are, it is told")
  func fallback() throws {
    let folder = try Folder()
    let encoder = try write(
      folder.path("m.mp4"), count: 10, options: .init(encoders: ["no-such-encoder", "aac", "mpeg4"]))
    #expect(encoder == "mpeg4")
    var reader = try VideoReader(path: folder.path("m.mp4"))
    #expect(reader.properties.codec == "mpeg4")
    #expect(try reader.numbers(at: Array(0..<10)) == Array(0..<10))
    #expect(
      failure(folder.path("n.mp4"), options: .init(encoders: ["no-such-encoder"]))?.code == .noEncoder)
    #expect(folder.names == ["m.mp4"])
  }

  @Test("quality changes the size")
  func quality() throws {
    let folder = try Folder()
    func size(_ quality: Int) throws -> Int {
      let path = folder.path("\(quality).mp4")
      _ = try write(path, count: 10, options: .init(quality: quality))
      return try Data(contentsOf: URL(fileURLWithPath: path)).count
    }
    #expect(try size(10) > size(40))
  }

  private func failure(_ path: String, options: VideoWriter.Options = .init()) -> VideoError? {
    do {
      let writer = try VideoWriter(path: path, width: 16, height: 16, options: options)
      Issue.record("\(writer.path) was opened")
      return nil
    } catch {
      return error
    }
  }

  @Test("a place that cannot be written to is told before anything is encoded")
  func notWritable() throws {
    let folder = try Folder()
    try Data([1]).write(to: folder.url.appendingPathComponent("file"))
    for path in [
      folder.path("none/a.mp4"), folder.path("file/a.mp4"), folder.url.path, "/proc/a.mp4", "/dev/full",
    ] {
      let error = try #require(failure(path))
      #expect(error.code == .notWritable && error.path == path)
    }
    #expect(folder.names == ["file"])
  }

  @Test("a video that is not finished leaves nothing behind, and what was there stays")
  func unfinished() throws {
    let folder = try Folder()
    let path = folder.path("a.mp4")
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    do {
      var writer = try VideoWriter(path: path, width: 64, height: 64)
      for _ in 0..<5 { try writer.append(RGBImage(width: 64, height: 64), duration: 0.1) }
      #expect(folder.names.count == 2)
    }
    #expect(folder.names == ["a.mp4"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
    #expect(throws: VideoError.self) {
      let empty = try VideoWriter(path: path, width: 64, height: 64)
      try empty.finish()
    }
    #expect(folder.names == ["a.mp4"])
    _ = try write(path, count: 2)
    #expect(folder.names == ["a.mp4"])
    #expect(try VideoReader(path: path).properties.frameCount == 2)
  }

  /// Whether a small file system can be had: only for root, and not in every container.
  private static let canMount: Bool = {
    guard let folder = try? Folder() else { return false }
    let isMounted =
      (try? FFmpeg.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.url.path])) != nil
    if isMounted { _ = try? FFmpeg.run("umount", [folder.url.path]) }
    return isMounted
  }()

  @Test(
    "a full disk is told, and nothing is left on it",
    .enabled(if: canMount, "needs the right to mount a tmpfs"))
  func fullDisk() throws {
    let folder = try Folder()
    try FFmpeg.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.url.path])
    defer { _ = try? FFmpeg.run("umount", [folder.url.path]) }
    let noise = ImageTests.noise(256, 256)
    func error(_ body: () throws -> Void) -> VideoError.Code? {
      do {
        try body()
        return nil
      } catch {
        return (error as? VideoError)?.code
      }
    }
    let written = error {
      var writer = try VideoWriter(
        path: folder.path("a.mp4"), width: 256, height: 256, options: .init(quality: 1))
      for _ in 0..<8 { try writer.append(noise, duration: 0.1) }
      try writer.finish()
    }
    #expect(written == .notWritable)
    #expect(folder.names.isEmpty)
    #expect(error { try ImageFile.write(noise, to: folder.path("a.png")) } == .notWritable)
    #expect(folder.names.isEmpty)
  }

  @Test("names with colons, percent signs and spaces are just names")
  func names() throws {
    let folder = try Folder()
    for name in ["a:b.mp4", "http:x.mp4", "%03d.mp4", "a b ü.mp4"] {
      _ = try write(folder.path(name), count: 2)
      #expect(try VideoReader(path: folder.path(name)).properties.frameCount == 2)
    }
  }
}
