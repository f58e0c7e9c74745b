import Detector
import Foundation
import Testing
import VideoIO

@Suite("whyfake detect", .serialized)
struct DetectTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test("bad inputs get a line each, the good ones among them are done, and the exit status is 1")
  func badAmongGood() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip)
    let wave: [UInt8] =
      Array("RIFF".utf8) + [0x24, 0x10, 0, 0] + Array("WAVEfmt ".utf8) + [16, 0, 0, 0, 1, 0, 1, 0]
      + [0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0] + Array("data".utf8) + [0, 0x10, 0, 0]
      + [UInt8](repeating: 0, count: 4096)
    let bad = [
      (try scratch.write([], "empty.mp4"), "empty"),
      (try scratch.write("this is no video\n".utf8, "text.mp4"), "no video"),
      (try scratch.write(wave, "sound.wav"), "no video in this file"),
      (try scratch.write("nothing".utf8, "shape.npy"), "npy"),
      (scratch.path("not\nthere.mp4"), "no such file"),
    ]
    let inputs = bad.prefix(3).map(\.0) + [clip] + bad.dropFirst(3).map(\.0)
    let run = try Tool.start("whyfake", ["detect", "--format", "json"] + inputs).wait()
    #expect(run.status == 1)
    #expect(run.lines.count == inputs.count)
    let schema = try JSONSchema("detect-1")
    for (input, line) in zip(inputs, run.lines) {
      #expect(try schema.violations(line) == [])
      let record = try object(line)
      #expect(record["input"] as? String == input)
      #expect((record["error"] == nil) == (input == clip))
      if let reason = bad.first(where: { $0.0 == input })?.1 {
        #expect((record["error"] as? String)?.contains(reason) == true, "\(line)")
      }
    }
    let messages = run.errors.split(separator: "\n")
    #expect(messages.count == bad.count, "\(run.errors)")
    #expect(messages.allSatisfy { $0.hasPrefix("whyfake: ") })
  }

  @Test("a clip has neither box nor time nor confidence, and its logit is the mean of its crops'")
  func clip() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip)
    let run = try Tool.run("whyfake", "detect", "--format", "json", clip)
    #expect(run.status == 0)
    #expect(run.errors.isEmpty)
    let record = try object(run.output)
    #expect(record["framesSampled"] as? Int == 3)
    let face = try #require((record["faces"] as? [[String: Any]])?.first)
    #expect(face["track"] as? Int == 0)
    let frames = try #require(face["frames"] as? [[String: Any]])
    #expect(frames.count == 3)
    for key in ["box", "time", "confidence"] { #expect(frames.allSatisfy { $0[key] is NSNull }) }
    let logits = frames.compactMap { $0["logit"] as? Double }
    let logit = try #require(record["logit"] as? Double)
    #expect(abs(logits.reduce(0, +) / 3 - logit) < 1e-5)
    let probability = try #require(record["probability"] as? Double)
    #expect(abs(1 / (1 + exp(-logit)) - probability) < 1e-6)
    #expect(abs(2 * probability - 1 - (record["score"] as? Double ?? .nan)) < 2e-6)
  }

  @Test("pictures without a face, of 16 pixels, and videos of one frame have verdicts")
  func smallInputs() throws {
    let (plain, tiny, one) = (scratch.path("plain.mp4"), scratch.path("tiny.mp4"), scratch.path("one.mp4"))
    let picture = scratch.path("picture.jpg")
    try writeVideo((0..<5).map { slope(width: 160, height: 120, step: $0) }, to: plain)
    try writeVideo((0..<3).map { slope(width: 16, height: 16, step: $0) }, to: tiny)
    let first = try frames(of: sample("sample-fake"), 1)
    try writeVideo(first, to: one)
    try ImageFile.write(first[0], to: picture)
    let run = try Tool.run("whyfake", "detect", "--format", "json", plain, tiny, one, picture)
    #expect(run.status == 0, "\(run.errors)")
    let records = try run.lines.map(object)
    #expect(records.map { $0["framesSampled"] as? Int } == [5, 3, 1, 1])
    #expect(records.prefix(2).allSatisfy { $0["verdict"] as? String == "no-face" && $0["logit"] is NSNull })
    for record in records.dropFirst(2) { #expect((record["faces"] as? [Any])?.count == 1) }
    let schema = try JSONSchema("detect-1")
    for line in run.lines { #expect(try schema.violations(line) == []) }
  }

  @Test("a video that is cut in half is used as far as it goes, and that is said")
  func cutInHalf() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: sample("sample-fake")))
    let half = try scratch.write(whole.prefix(whole.count / 2), "half.mp4")
    let run = try Tool.run("whyfake", "detect", "--frames", "2", half)
    #expect(run.status == 0)
    #expect(run.lines.count == 1)
    #expect(run.errors.contains("cut short"))
  }

  @Test("a phone's video that is stored on its side gives the boxes of the upright picture")
  func rotated() throws {
    let path = scratch.path("phone.mp4")
    let upright = try frames(of: sample("sample-real"), 3)
    try writeVideo(upright.map(\.turnedLeft), to: path)
    try tagAsTurned(path)
    let turned = try object(Tool.run("whyfake", "detect", "--format", "json", "--frames", "3", path).output)
    let straight = scratch.path("straight.mp4")
    try writeVideo(upright, to: straight)
    let plain = try object(
      Tool.run("whyfake", "detect", "--format", "json", "--frames", "3", straight).output)
    let boxes = try [turned, plain].map { record in
      let faces = try #require(record["faces"] as? [[String: Any]])
      let frames = try #require(faces.first?["frames"] as? [[String: Any]])
      return try #require(frames.first?["box"] as? [Double])
    }
    for (a, b) in zip(boxes[0], boxes[1]) { #expect(abs(a - b) < 4, "\(boxes)") }
  }

  @Test("of two people the more suspicious one decides")
  func severalFaces() throws {
    let path = scratch.path("two.mp4")
    let pairs = try zip(frames(of: sample("sample-real"), 2), frames(of: sample("sample-fake"), 2))
    try writeVideo(pairs.map { $0.beside($1) }, to: path)
    let record = try object(Tool.run("whyfake", "detect", "--format", "json", "--frames", "2", path).output)
    let faces = try #require(record["faces"] as? [[String: Any]])
    let logits = faces.compactMap { $0["logit"] as? Double }
    #expect(logits.count == 2)
    #expect(record["logit"] as? Double == logits.max())
    #expect(logits.first != logits.last)
  }

  @Test("a folder stands for its media in the order of their names; results and other files are passed over")
  func folder() throws {
    let image = slope(width: 64, height: 64)
    for folder in ["in/b", "in/a.explained", "in/.hidden"] {
      try FileManager.default.createDirectory(
        atPath: scratch.path(folder), withIntermediateDirectories: true)
    }
    for name in ["in/b/2.png", "in/b/1.jpg", "in/c.png", "in/a.explained/no.png", "in/.hidden/no.png"] {
      try ImageFile.write(image, to: scratch.path(name))
    }
    _ = try scratch.write("text".utf8, "in/notes.txt")
    let run = try Tool.run("whyfake", "detect", "in", in: scratch.url)
    #expect(run.status == 0)
    #expect(
      run.lines.map { $0.split(separator: " ").last.map(String.init) } == [
        "in/b/1.jpg", "in/b/2.png", "in/c.png",
      ])
    #expect(run.lines.allSatisfy { $0.hasPrefix("no-face") })
    #expect(run.errors.contains("1 file that is no video or picture is passed over"))
  }

  @Test(
    "wrong usage has exit status 64 and says what would be right",
    arguments: [
      (["detect"], "input"),
      (["detect", "--frames", "0", "a.mp4"], "--frames is 0"),
      (["detect", "--threads", "0", "a.mp4"], "--threads is 0"),
      (["detect", "--size", "8", "a.mp4"], "--size is 8"),
      (["detect", "--format", "xml", "a.mp4"], "json"),
      (["detect", "--padding", "much", "a.mp4"], "tracked"),
      (["detect", "--model", "magic=a.safetensors", "a.mp4"], "there is: gradcam"),
      (
        ["explain", "--explainers", "gradcam,magic", "a.mp4"],
        "There is no explainer 'magic'; there is: gradcam"
      ),
      (["explain", "--class", "both", "a.mp4"], "predicted"),
      (["models", "convert", "a.pth", "b.pth"], ".safetensors"),
      (["models", "convert", "--crop", "round", "a.pth", "b.safetensors"], "square:SCALE"),
    ])
  func usage(arguments: [String], expected: String) throws {
    let run = try Tool.start("whyfake", arguments).wait()
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(expected), "\(run.errors)")
  }

  @Test("a model that is not there, or is cut in half, is one line and exit status 1")
  func badModels() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip)
    let whole = try Data(contentsOf: URL(fileURLWithPath: ModelZoo.locate(ModelZoo.defaultModel)))
    let half = try scratch.write(whole.prefix(whole.count / 2), "half.safetensors")
    for model in ["no-such-model", scratch.path("no.safetensors"), half] {
      let run = try Tool.run("whyfake", "detect", "--model", model, clip)
      #expect(run.status == 1)
      #expect(run.output.isEmpty)
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    let wrong = try Tool.run("whyfake", "detect", "--architecture", "EfficientNetB4", clip)
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("EfficientNetB0"))
  }
}
