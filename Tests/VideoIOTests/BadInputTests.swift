import Foundation
import Testing
import VideoIO

@Suite("Bad input")
struct BadInputTests {
  /// The error of opening `path`, which must say what is wrong on one line that names the file.
  private func failure(_ path: String) throws -> VideoError.Code? {
    do {
      let reader = try VideoReader(path: path)
      Issue.record("\(path) was opened: \(reader.properties)")
      return nil
    } catch {
      #expect(error.path == path && error.description.hasPrefix(path + ": "))
      #expect(!error.description.contains("\n") && error.message.count > 20)
      return error.code
    }
  }

  private func write(_ bytes: some Sequence<UInt8>, _ name: String, _ folder: Folder) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path(name)))
    return folder.path(name)
  }

  private func video(_ name: String, _ folder: Folder, frames: Int = 60) throws -> String {
    var writer = try VideoWriter(path: folder.path(name), width: 192, height: 96)
    for i in 0..<frames { try writer.append(Numbered.image(i), duration: 0.04) }
    try writer.finish()
    return folder.path(name)
  }

  @Test("no file, a folder, an empty file, text and noise are each told")
  func noVideo() throws {
    let folder = try Folder()
    #expect(try failure(folder.path("none.mp4")) == .notFound)
    #expect(try failure(folder.url.path) == .unreadable)
    #expect(try failure("/dev/null") == .unreadable)
    #expect(try failure(write([], "empty.mp4", folder)) == .empty)
    #expect(try failure(write("This is not a video.\n".utf8, "text.mp4", folder)) == .notRecognised)
    let long = String(repeating: "Neither is this, however long it is. ", count: 5000)
    #expect(try failure(write(long.utf8, "long.mp4", folder)) == .notRecognised)
    var state: UInt32 = 1
    let noise = (0..<100_000).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    #expect(try [.notRecognised, .damaged, .noVideo].contains(failure(write(noise, "noise.mp4", folder))))
  }

  @Test("a playlist that names other files is refused")
  func playlists() throws {
    let folder = try Folder()
    let target = try video("target.mp4", folder)
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://\(target)\n#EXT-X-ENDLIST\n"
    #expect(try failure(write(list.utf8, "list.mp4", folder)) == .notRecognised)
    let concat = "ffconcat version 1.0\nfile target.mp4\n"
    #expect(try failure(write(concat.utf8, "concat.mp4", folder)) == .notRecognised)
  }

  @Test("an mp4 cut in half gives the frames that are there and says that it is cut")
  func cutData() throws {
    let folder = try Folder()
    let whole = try Data(contentsOf: URL(fileURLWithPath: video("whole.mp4", folder)))
    let path = try write(whole.prefix(whole.count / 2), "half.mp4", folder)
    var reader = try VideoReader(path: path)
    #expect(reader.properties.isTruncated)
    let count = reader.properties.frameCount
    #expect(count > 5 && count < 60)
    // The last one may be the half of a frame.
    let indices = Array(0..<count - 1)
    #expect(try reader.numbers(at: indices) == indices)
    var all = 0
    try reader.frames(at: Array(0..<count)) { _ in all += 1 }
    #expect(all == count)
  }

  @Test("an mp4 cut before its index is an error", .enabled(if: FFmpeg.isThere, "install ffmpeg"))
  func cutIndex() throws {
    let folder = try Folder()
    try FFmpeg.encode((0..<60).map { Numbered.image($0) }, Recipe.x264, to: folder.path("whole.mp4"))
    let whole = try Data(contentsOf: folder.url.appendingPathComponent("whole.mp4"))
    #expect(try failure(write(whole.prefix(whole.count / 2), "half.mp4", folder)) == .damaged)
  }

  @Test("sound alone is told", .enabled(if: FFmpeg.isThere, "install ffmpeg"))
  func sound() throws {
    let folder = try Folder()
    for name in ["a.m4a", "a.wav", "a.mp4"] {
      try FFmpeg.run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "sine=duration=1", folder.path(name)])
      #expect(try failure(folder.path(name)) == .noVideo)
      #expect(try MediaKind.probe(folder.path(name)) == .neither)
    }
  }

  @Test("every cut and every broken byte of a small mp4 gives frames or an error, never a crash")
  func damage() throws {
    let folder = try Folder()
    let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: video("whole.mp4", folder, frames: 3))))
    func open(_ bytes: [UInt8]) throws {
      let path = try write(bytes, "damaged.mp4", folder)
      do {
        var reader = try VideoReader(path: path, options: .init(threads: 1))
        let count = reader.properties.frameCount
        #expect(count > 0 && reader.properties.width <= 32768)
        guard reader.properties.width == 192 else { return }
        var given = 0
        try reader.frames(at: FrameSampling.indices(count: 2, of: count)) { _ in given += 1 }
      } catch let error as VideoError {
        #expect(error.path == path)
      }
    }
    for length in stride(from: 1, to: whole.count, by: 97) { try open(Array(whole[..<length])) }
    for at in stride(from: 0, to: min(whole.count, 1200), by: 7) {
      var bytes = whole
      bytes[at] ^= 0xA5
      try open(bytes)
    }
  }

  @Test("one frame, and a video of 16 × 16, are read")
  func small() throws {
    let folder = try Folder()
    var writer = try VideoWriter(path: folder.path("one.mp4"), width: 16, height: 16)
    try writer.append(RGBImage(width: 16, height: 16, red: 200, green: 40, blue: 90), duration: 2.5)
    try writer.finish()
    var reader = try VideoReader(path: folder.path("one.mp4"))
    #expect(reader.properties.frameCount == 1)
    #expect(abs(reader.properties.duration - 2.5) < 1e-4)
    try reader.frames(at: FrameSampling.indices(count: 32, of: 1)) { frame in
      #expect(frame.image.width == 16 && frame.image.height == 16)
      #expect(frame.time == 0 && abs(frame.duration - 2.5) < 1e-4)
    }
    #expect(throws: VideoError.self) { try reader.frames(at: [1]) { _ in } }
  }

  @Test("the kind of a file is told by its content")
  func kinds() throws {
    let folder = try Folder()
    #expect(try MediaKind.probe(video("v.txt", folder, frames: 2)) == .video)
    let image = RGBImage(width: 3, height: 2)
    #expect(try MediaKind.probe(write(ImageFile.png(image), "i.mp4", folder)) == .image)
    #expect(try MediaKind.probe(write(ImageFile.jpeg(image), "j.mp4", folder)) == .image)
    #expect(try MediaKind.probe(write("words\n".utf8, "t.mp4", folder)) == .neither)
    #expect(try MediaKind.probe(write([], "e.mp4", folder)) == .neither)
    #expect(throws: VideoError.self) { try MediaKind.probe(folder.path("none")) }
  }
}
