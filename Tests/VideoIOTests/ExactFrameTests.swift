import Foundation
import Testing
import VideoIO

/// A way to make a video of numbered frames.
struct Recipe: Sendable, CustomTestStringConvertible {
  let name: String
  let file: String
  let encoding: [String]
  /// Options for copying the encoded video into `file`; nil: it is encoded into it.
  var copying: [String]?
  /// Options before the input when it is copied.
  var seeking: [String] = []
  /// Where decoding starts in mid-video; nil: do not care.
  var seeks: Bool?
  var isCounted: Bool?

  var testDescription: String { name }

  static let frames = 60

  func make(in folder: Folder) throws -> String {
    let images = (0..<Self.frames).map { Numbered.image($0) }
    let path = folder.path(file)
    guard let copying else {
      try FFmpeg.encode(images, encoding, to: path)
      return path
    }
    let whole = folder.path("whole-" + file)
    try FFmpeg.encode(images, encoding, to: whole)
    try FFmpeg.run(
      "ffmpeg", ["-y", "-v", "error"] + seeking + ["-i", whole, "-c", "copy"] + copying + [path])
    return path
  }

  static let x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]

  static let all = [
    Recipe(
      name: "B-frames", file: "b.mp4", encoding: x264 + ["-bf", "3", "-b_strategy", "0", "-g", "12"],
      seeks: true,
      isCounted: false),
    Recipe(name: "one group of pictures", file: "g.mp4", encoding: x264 + ["-g", "600"], isCounted: false),
    Recipe(
      name: "open groups", file: "open.mp4",
      encoding: x264 + ["-x264-params", "open-gop=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0"],
      seeks: false),
    Recipe(
      name: "gradual refresh", file: "refresh.mp4",
      encoding: x264 + ["-x264-params", "intra-refresh=1:keyint=12"]),
    Recipe(
      name: "variable rate", file: "vfr.mp4",
      encoding: [
        "-vf", "settb=1/1000,setpts=40*N+3*mod(N\\,7)", "-vsync", "passthrough", "-enc_time_base", "1:1000",
      ] + x264 + [
        "-g", "12",
      ],
      seeks: true),
    Recipe(name: "Matroska", file: "m.mkv", encoding: x264 + ["-bf", "3", "-g", "12"], seeks: true),
    Recipe(
      name: "fragmented", file: "f.mp4",
      encoding: x264 + ["-g", "12", "-movflags", "frag_keyframe+empty_moov"]),
    Recipe(name: "MPEG-TS", file: "t.ts", encoding: x264 + ["-bf", "2", "-g", "12"], isCounted: true),
    Recipe(name: "bare H.264", file: "r.h264", encoding: x264 + ["-bf", "2", "-g", "12"], isCounted: true),
    Recipe(name: "interlaced", file: "i.mp4", encoding: x264 + ["-flags", "+ildct+ilme", "-g", "12"]),
    Recipe(
      name: "cut by an edit list", file: "edit.mp4", encoding: x264 + ["-bf", "3", "-g", "25"],
      copying: [], seeking: ["-ss", "0.7"]),
    Recipe(
      name: "cut in a group", file: "cut.ts", encoding: x264 + ["-bf", "3", "-g", "25"],
      copying: ["-bsf:v", "noise=drop=lt(n\\,5)"]),
    Recipe(
      name: "lost packets", file: "lost.mp4", encoding: x264 + ["-bf", "0", "-g", "12"],
      copying: ["-bsf:v", "noise=drop=eq(n\\,20)"]),
    Recipe(
      name: "MPEG-4 in AVI", file: "a.avi", encoding: ["-c:v", "mpeg4", "-q:v", "3", "-bf", "2", "-g", "12"],
      isCounted: true),
    Recipe(
      name: "MPEG-2", file: "p.mpg", encoding: ["-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "12"],
      isCounted: true),
    Recipe(
      name: "Motion JPEG", file: "j.mov", encoding: ["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"],
      isCounted: false),
    Recipe(name: "GIF", file: "g.gif", encoding: [], isCounted: true),
    Recipe(name: "ProRes, 10 bits", file: "q.mov", encoding: ["-c:v", "prores_ks"]),
    Recipe(
      name: "VP8 with hidden frames", file: "v8.webm",
      encoding: [
        "-c:v", "libvpx", "-b:v", "1M", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-g", "20", "-cpu-used",
        "5",
      ],
      isCounted: true),
    Recipe(
      name: "VP9", file: "v9.webm",
      encoding: [
        "-c:v", "libvpx-vp9", "-b:v", "1M", "-lag-in-frames", "16", "-g", "20", "-cpu-used", "8", "-deadline",
        "realtime",
      ]),
    Recipe(
      name: "AV1", file: "a.mp4",
      encoding: ["-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "30", "-g", "20", "-lag-in-frames", "10"],
      isCounted: false),
    Recipe(
      name: "HEVC, open groups", file: "h.mp4",
      encoding: [
        "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
        "keyint=12:min-keyint=12:open-gop=1:bframes=3:log-level=none:pools=1",
      ],
      isCounted: false),
  ]
}

@Suite("Exactly the frames of a full decode", .enabled(if: FFmpeg.isThere, "install ffmpeg"))
struct ExactFrameTests {
  @Test("frames in sequence and in any other order are those that ffmpeg decodes", arguments: Recipe.all)
  func frames(recipe: Recipe) throws {
    let folder = try Folder()
    let path = try recipe.make(in: folder)
    let expected = try FFmpeg.decode(path).map { Numbered.number($0) }
    try #require(expected.count > 20)
    #expect(Set(expected).count > 20, "the frames can be told apart")

    var reader = try VideoReader(path: path)
    #expect(reader.properties.frameCount == expected.count)
    #expect(try reader.numbers(at: Array(expected.indices)) == expected)
    if let isCounted = recipe.isCounted { #expect(reader.isCounted == isCounted) }

    let last = expected.count - 1
    let sparse = [
      [last], [0], [5, 6, last - 2], Array(stride(from: 3, through: last, by: 7)), [17], [16],
      [15, 40 % last],
    ]
    for indices in sparse {
      #expect(try reader.numbers(at: indices.sorted()) == indices.sorted().map { expected[$0] })
      var fresh = try VideoReader(path: path)
      #expect(try fresh.numbers(at: indices.sorted()) == indices.sorted().map { expected[$0] })
    }
    if let seeks = recipe.seeks { #expect((reader.seeks > 0) == seeks) }
  }

  @Test(
    "frames that are left undecoded change no bit of those that are asked for",
    arguments: Recipe.all.filter {
      ["B-frames", "one group of pictures", "open groups", "Matroska", "HEVC, open groups"].contains($0.name)
    })
  func undecoded(recipe: Recipe) throws {
    let folder = try Folder()
    let path = try recipe.make(in: folder)
    var reader = try VideoReader(path: path)
    var all: [RGBImage] = []
    try reader.frames(at: Array(0..<reader.properties.frameCount)) { all.append($0.image) }
    for threads in [1, 2] {
      for (offset, step) in [(0, 7), (3, 5), (1, 2), (2, 31), (all.count - 1, 1)] {
        var reader = try VideoReader(path: path, options: .init(threads: threads))
        try reader.frames(at: Array(stride(from: offset, to: all.count, by: step))) { frame in
          #expect(frame.image == all[frame.index], "frame \(frame.index) of every \(step)")
        }
      }
    }
  }

  @Test(
    "a frame that turns out to be missing makes the reader count, and the others keep their right numbers")
  func contradiction() throws {
    let folder = try Folder()
    let path = folder.path("a.mp4")
    var writer = try VideoWriter(path: path, width: 192, height: 96)
    for i in 0..<60 { try writer.append(Numbered.image(i), duration: 0.04) }
    try writer.finish()
    // The 30th slice gets a type that decoders pass over: its packet gives no frame.
    var data = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    var at = try #require(Data(data).range(of: Data("mdat".utf8))).upperBound
    var slices = 0
    while at + 5 < data.count {
      let length = data[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      if [1, 5].contains(data[at + 4] & 31) { slices += 1 }
      if slices == 30 {
        data[at + 4] = data[at + 4] & 0xE0 | 30
        break
      }
      at += 4 + length
    }
    try Data(data).write(to: URL(fileURLWithPath: path))
    let expected = try FFmpeg.decode(path).map { Numbered.number($0) }
    #expect(expected.count == 59)

    var reader = try VideoReader(path: path)
    #expect(!reader.isCounted && reader.properties.frameCount == 60)
    #expect(try reader.numbers(at: Array(0..<60)) == expected)
    #expect(reader.isCounted && reader.properties.frameCount == 59 && reader.properties.isTruncated)
    #expect(try reader.numbers(at: [3, 40, 58]) == [3, 40, 58].map { expected[$0] })
    #expect(throws: VideoError.self) { try reader.numbers(at: [59]) }
  }

  @Test("a body that throws ends the reading, and the next one is right again")
  func interrupted() throws {
    struct Enough: Error {}
    let folder = try Folder()
    let path = try Recipe.all[0].make(in: folder)
    var reader = try VideoReader(path: path)
    var seen = 0
    #expect(throws: Enough.self) {
      try reader.frames(at: [0, 10, 20, 59]) { _ in
        seen += 1
        if seen == 2 { throw Enough() }
      }
    }
    #expect(seen == 2)
    #expect(try reader.numbers(at: Array(11..<30)) == Array(11..<30))
  }

  @Test("times and durations of a video of variable rate are the file's")
  func variableRate() throws {
    let folder = try Folder()
    let path = try #require(Recipe.all.first { $0.file == "vfr.mp4" }).make(in: folder)
    func time(_ n: Int) -> Double { Double(40 * n + 3 * (n % 7)) / 1000 }
    var reader = try VideoReader(path: path)
    try reader.frames(at: [0, 6, 7, 30]) { frame in
      #expect(abs(frame.time - time(frame.index)) < 1e-4)
      #expect(abs(frame.duration - (time(frame.index + 1) - time(frame.index))) < 1e-4)
    }
  }

  @Test("threads do not change what is read")
  func threads() throws {
    let folder = try Folder()
    let path = try Recipe.all[0].make(in: folder)
    func read(_ threads: Int) throws -> [RGBImage] {
      var reader = try VideoReader(path: path, options: .init(threads: threads))
      var images: [RGBImage] = []
      try reader.frames(at: [1, 8, 30, 58]) { images.append($0.image) }
      return images
    }
    let all = try FFmpeg.decode(path)
    let expected = [1, 8, 30, 58].map { all[$0] }
    for threads in [1, 2, 5] {
      let images = try read(threads)
      for (ours, theirs) in zip(images, expected) {
        let difference = zip(ours.pixels, theirs.pixels).map { abs(Int($0) - Int($1)) }.reduce(0, +)
        #expect(Double(difference) / Double(ours.pixels.count) < 1)
      }
      #expect(images == (try read(0)))
    }
  }
}
