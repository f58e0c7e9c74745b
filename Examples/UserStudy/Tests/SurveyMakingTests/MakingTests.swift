import Foundation
import SurveyModel
import Testing
import VideoIO

@testable import SurveyMaking

/// A folder that goes when it is let go.
final class Scratch {
  let path = FileManager.default.temporaryDirectory.path + "/survey-\(UInt64.random(in: 0...(.max)))"
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A video of grey frames whose level rises with time.
  func video(_ name: String, width: Int, height: Int, frames: Int, rate: Double, tint: UInt8? = nil) throws
    -> String
  {
    let file = "\(path)/\(name)"
    var writer = try VideoWriter(path: file, width: width, height: height)
    for i in 0..<frames {
      let level = UInt8(40 + 150 * i / frames)
      try writer.append(
        RGBImage(width: width, height: height, red: tint ?? level, green: level, blue: level),
        duration: 1 / rate)
    }
    try writer.finish()
    return file
  }

  /// A stand-in for whyfake: explains any video, and counts how often it was asked.
  func tool(belief: String = "fake", status: Int = 0, explainers: [String] = ["gradcam", "shap"]) throws
    -> String
  {
    let animation = try video("animation.mp4", width: 64, height: 64, frames: 6, rate: 1)
    let explanations = explainers.map {
      #"{"explainer":"\#($0)","class":"\#(belief)","overlay":"overlay.\#($0).mp4"}"#
    }
    let script = """
      #!/bin/bash
      set -euo pipefail
      if [ "$1" = --version ]; then echo 0.1.0; exit; fi
      echo "$2" >> '\(path)/asked'
      if [ \(status) -ne 0 ]; then echo "whyfake: $2: what is wrong" >&2; exit \(status); fi
      mkdir "$4"
      for e in \(explainers.joined(separator: " ")); do cp '\(animation)' "$4/overlay.$e.mp4"; done
      if grep -q faceless <<< "$2"; then echo '{"probability":null,"tracks":[]}' > "$4/explanation.json"; exit; fi
      cat > "$4/explanation.json" <<'JSON'
      {"probability":0.8,"tracks":[{"probability":0.1,"explanations":[]},{"probability":0.8,"explanations":[\(explanations.joined(separator: ","))]}]}
      JSON
      """
    let file = "\(path)/whyfake"
    try Data(script.utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    return file
  }

  var asked: [String] {
    FileManager.default.contents(atPath: "\(path)/asked")
      .map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) } ?? []
  }
}

struct WebVideoTests {
  private func properties(_ path: String) throws -> VideoProperties { try VideoReader(path: path).properties }

  @Test(
    "whatever a video was, the web video has the size, the rate and the length that were asked for",
    arguments: [
      (320, 180, 30.0, 95), (312, 180, 24, 90), (180, 320, 29.97, 100), (640, 480, 50, 200), (64, 2, 25, 80),
      (2, 2, 25, 80),
    ])
  func uniform(width: Int, height: Int, rate: Double, frames: Int) throws {
    let scratch = try Scratch()
    let source = try scratch.video("in.mp4", width: width, height: height, frames: frames, rate: rate)
    let (target, poster) = ("\(scratch.path)/out.mp4", "\(scratch.path)/out.jpg")
    try WebVideo(width: 160, height: 90, rate: 10, seconds: 3).make(from: source, to: target, poster: poster)
    let made = try properties(target)
    #expect(made.width == 160 && made.height == 90 && made.frameCount == 30)
    #expect(abs(made.duration - 3) < 0.02 && abs(made.averageFrameRate - 10) < 0.1)
    let picture = try ImageFile.read(poster)
    #expect(picture.width == 160 && picture.height == 90)
  }

  @Test("frames are those of their time, and a short video ends where it ends")
  func times() throws {
    let scratch = try Scratch()
    let source = try scratch.video("in.mp4", width: 64, height: 64, frames: 40, rate: 20)
    let target = "\(scratch.path)/out.mp4"
    try WebVideo(width: 64, height: 64, rate: 10, seconds: 60).make(
      from: source, to: target, poster: "\(scratch.path)/out.jpg")
    var reader = try VideoReader(path: target)
    #expect((19...21).contains(reader.properties.frameCount))
    try reader.frames(at: Array(0..<reader.properties.frameCount)) { frame in
      // At this time the source is at 40 + 150 · time / 2 s.
      let level = Double(frame.image[32, 32].green)
      #expect(abs(level - (40 + 150 * frame.time / 2)) < 9)
    }
  }

  @Test("a picture of nearly the canvas's shape covers it; another is fitted in it, on black")
  func canvas() {
    let web = WebVideo(width: 160, height: 90)
    func corners(_ width: Int, _ height: Int) -> [UInt8] {
      let image = web.canvas(RGBImage(width: width, height: height, red: 200, green: 200, blue: 200))
      return [image[0, 0].red, image[159, 0].red, image[0, 89].red, image[159, 89].red, image[80, 45].red]
    }
    // FaceForensics++ has fakes of 832 columns beside originals of 854.
    for (width, height) in [(854, 480), (832, 480), (1920, 1080), (1280, 720), (7680, 4320)] {
      #expect(corners(width, height) == [200, 200, 200, 200, 200])
    }
    for (width, height) in [(640, 480), (1080, 1920), (1, 1), (3000, 60)] {
      #expect(corners(width, height) == [0, 0, 0, 0, 200])
    }
  }

  @Test("files carry no name and no date, and the same video gives the same bytes")
  func neutral() throws {
    let scratch = try Scratch()
    let source = try scratch.video("secret-fake.mp4", width: 64, height: 64, frames: 20, rate: 20)
    let bytes = try ["a", "b"].map { name in
      let target = "\(scratch.path)/\(name).mp4"
      try WebVideo(width: 64, height: 64, rate: 10, seconds: 1).make(
        from: source, to: target, poster: "\(scratch.path)/\(name).jpg")
      return try #require(FileManager.default.contents(atPath: target))
    }
    #expect(bytes[0] == bytes[1])
    #expect(bytes[0].range(of: Data("secret".utf8)) == nil && bytes[0].range(of: Data("fake".utf8)) == nil)
  }

  @Test("an animation shows each picture as long as the pace says")
  func animation() throws {
    let scratch = try Scratch()
    let source = try scratch.video("in.mp4", width: 64, height: 64, frames: 8, rate: 0.5)
    let target = "\(scratch.path)/out.mp4"
    try WebVideo.animation(from: source, to: target, pace: 4)
    let made = try properties(target)
    #expect(made.frameCount == 8 && abs(made.duration - 2) < 0.01)
  }
}

struct StudyMakerTests {
  private func list(_ scratch: Scratch, real: Int, fake: Int, faceless: Int = 0) throws -> String {
    var rows = "video,label,people\n"
    for i in 0..<real + fake + faceless {
      let name = "\(i < real ? "r" : i < real + fake ? "f" : "faceless")\(i).mp4"
      // Each another file: what was said of one is not said of the next.
      _ = try scratch.video(name, width: 64, height: 64, frames: 12, rate: 12, tint: UInt8(10 * i))
      rows += "\(name),\(i < real ? "real" : "FAKE"),person \(i)\n"
    }
    let path = "\(scratch.path)/videos.csv"
    try rows.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func make(
    _ scratch: Scratch, _ options: StudyMaker.Options, list: String, tool path: String,
    notes: (String) -> Void = { _ in }
  ) throws -> (study: Study, folder: String) {
    let folder = "\(scratch.path)/study-\(UInt32.random(in: 0...(.max)))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let tool = try ExplainTool(
      path: path, explainers: options.explainers, options: [], cache: "\(scratch.path)/cache")
    var said: [String] = []
    let study = try withoutActuallyEscaping(notes) { _ in
      try StudyMaker(
        options, tool: tool, progress: { _, share in #expect((0...1).contains(share)) },
        note: { said.append($0) }
      )
      .make(VideoPool([list]), in: folder, provenance: ["program": "test"])
    }
    said.forEach(notes)
    return (study, folder)
  }

  private func options(_ sections: Int?, forms: Int = 1, reuse: Int = 1, subject: Study.Label? = .fake)
    -> StudyMaker.Options
  {
    .init(
      sections: sections, forms: forms, reuse: reuse, subject: subject, explainers: ["gradcam", "shap"],
      seed: 5,
      web: WebVideo(width: 64, height: 64, rate: 10, seconds: 1))
  }

  @Test("a study holds what it lists and nothing else; its key is for the researcher's eyes")
  func whole() throws {
    let scratch = try Scratch()
    let (study, folder) = try make(
      scratch, options(nil, forms: 2), list: list(scratch, real: 3, fake: 4), tool: scratch.tool())
    #expect(try Study.read(folder) == study)
    #expect(study.sections.count == 3 && study.forms == 2 && study.videos.count == 6)
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/media")) == study.mediaFiles)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
        "admin-token", "media", "secret", "study.json", "texts",
      ])
    #expect(try Texts.read(folder).keys.sorted() == ["en", "it"])
    for name in ["secret", "admin-token", "study.json"] {
      let mode =
        try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions] as? NSNumber
      #expect(mode?.intValue == 0o600)
    }
    #expect(study.sections.allSatisfy { $0.belief == .fake && $0.probability == 0.8 && $0.subject == .fake })
    // Each fake that is used was explained, and no other.
    #expect(Set(scratch.asked) == Set(study.videos.filter { $0.label == .fake }.map(\.path)))
  }

  @Test("a second study asks the tool for nothing that it said before; other names for the same files")
  func cached() throws {
    let scratch = try Scratch()
    let (list, tool) = try (list(scratch, real: 3, fake: 3), scratch.tool())
    let first = try make(scratch, options(3), list: list, tool: tool).study
    let asked = scratch.asked.count
    let second = try make(scratch, options(3), list: list, tool: tool).study
    #expect(asked == 3 && scratch.asked.count == asked)
    #expect(first.sections.map { [$0.real, $0.fake] } == second.sections.map { [$0.real, $0.fake] })
    #expect(first.mediaFiles.isDisjoint(with: second.mediaFiles))
  }

  @Test("a video without a face that can be judged is left out, and said")
  func faceless() throws {
    let scratch = try Scratch()
    let list = try list(scratch, real: 3, fake: 3, faceless: 2)
    var notes: [String] = []
    let study = try make(scratch, options(3), list: list, tool: scratch.tool(), notes: { notes.append($0) })
      .study
    #expect(study.videos.allSatisfy { !$0.name.contains("faceless") })
    #expect(notes.allSatisfy { $0.contains("no face in it can be judged") })
    #expect(throws: SurveyError.self) { try make(scratch, options(4), list: list, tool: scratch.tool()) }
  }

  @Test("which of a pair is explained is as asked, or drawn")
  func subjects() throws {
    let scratch = try Scratch()
    let (list, tool) = try (list(scratch, real: 6, fake: 6), scratch.tool())
    let real = try make(scratch, options(6, subject: .real), list: list, tool: tool).study
    #expect(real.sections.allSatisfy { $0.subject == .real && $0.explained == $0.real })
    let drawn = try make(scratch, options(6, subject: nil), list: list, tool: tool).study
    #expect(Set(drawn.sections.map(\.subject)).count == 2)
  }

  @Test("what the tool complains of is passed on, in its own line")
  func complaints() throws {
    let scratch = try Scratch()
    let list = try list(scratch, real: 1, fake: 1)
    let error = try #require(throws: SurveyError.self) {
      try make(scratch, options(1), list: list, tool: scratch.tool(status: 1))
    }
    #expect(error.description == "\(scratch.path)/f1.mp4: what is wrong")
    #expect(throws: SurveyError.self) {
      try make(scratch, options(1), list: list, tool: scratch.tool(explainers: ["shap"]))
    }
    #expect(throws: SurveyError.self) {
      try ExplainTool(path: "/nowhere/whyfake", explainers: ["shap"], options: [], cache: scratch.path)
    }
  }

  @Test(
    "a list that cannot be used is refused, with its line",
    arguments: [
      ("video,label\na.mp4,real\n", "no column people"),
      ("video,label,people\nr0.mp4,maybe,x\n", "real or fake"),
      ("video,label,people\nr0.mp4,real,\n", "people"),
      ("video,label,people\nnone.mp4,real,x\n", "there is no"),
      ("video,label,people\n,real,x\n", "people"),
      ("video,label,people\nr0.mp4,real,x\nr0.mp4,fake,y\n", "two videos"),
    ])
  func lists(text: String, words: String) throws {
    let scratch = try Scratch()
    _ = try scratch.video("r0.mp4", width: 16, height: 16, frames: 2, rate: 1)
    let path = "\(scratch.path)/list.csv"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let error = try #require(throws: SurveyError.self) { try VideoPool([path]) }
    #expect(error.description.contains(words))
    try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: path))
    #expect(throws: SurveyError.self) { try VideoPool([path]) }
    #expect(throws: SurveyError.self) { try VideoPool([scratch.path + "/nowhere"]) }
    #expect(throws: SurveyError.self) { try VideoPool([scratch.path]) }
  }
}
