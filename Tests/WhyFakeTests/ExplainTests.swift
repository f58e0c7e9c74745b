import Foundation
import Tensor
import Testing
import VideoIO

@Suite("whyfake explain", .serialized)
struct ExplainTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test("the folder is complete, follows its schema, and its parts agree")
  func complete() throws {
    let run = try Tool.run(
      "whyfake", "explain", sample("sample-fake"), "--frames", "4", "--class", "fake", in: scratch.url)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.isEmpty)
    #expect(run.lines.last == "sample-fake.explained/report.html")
    let folder = scratch.url.appending(path: "sample-fake.explained")
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let text = try String(contentsOfFile: path("explanation.json"), encoding: .utf8)
    #expect(try JSONSchema("explanation-1").violations(text) == [])
    let record = try object(text)
    let listed = try #require(record["files"] as? [String])
    let found = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { !["maps", "maps/track0"].contains($0) }
    #expect(found.sorted() == listed.sorted())
    #expect(
      listed.sorted() == [
        "explanation.json", "maps/track0/gradcam.npy", "maps/track0/gradcam.signed.npy",
        "overlay.gradcam.mp4",
        "overlay.mp4", "report.html",
      ])

    let size = try #require((record["model"] as? [String: Any])?["inputSize"] as? Int)
    let relevance = try Tensor(npy: path("maps/track0/gradcam.npy"))
    let signed = try Tensor(npy: path("maps/track0/gradcam.signed.npy"))
    #expect(relevance.shape == [4, size, size] && signed.shape == relevance.shape)
    let values = relevance.elements
    #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 })
    let tracks = try #require(record["tracks"] as? [[String: Any]])
    let explanation = try #require((tracks[0]["explanations"] as? [[String: Any]])?.first)
    #expect((explanation["empty"] as? Bool) == !values.contains { $0 > 0 })
    #expect(explanation["class"] as? String == "fake")

    for name in ["overlay.mp4", "overlay.gradcam.mp4"] {
      let video = try VideoReader(path: path(name))
      #expect(video.properties.frameCount == 4)
      #expect(abs(video.properties.duration - 4) < 0.001)
    }
    try checkStandsAlone(String(contentsOfFile: path("report.html"), encoding: .utf8))
  }

  @Test("an earlier result is replaced; a folder with anything else in it is left alone")
  func existingFolder() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip)
    let run = { try Tool.run("whyfake", "explain", clip, "--output", "out/", in: scratch.url) }
    #expect(try run().status == 0)
    let before = try scratch.files
    #expect(try run().status == 0)
    #expect(try scratch.files == before)
    let notes = try scratch.write("mine".utf8, "out/notes.txt")
    let refused = try run()
    #expect(refused.status == 1)
    #expect(refused.output.isEmpty)
    #expect(refused.errors.contains("notes.txt"))
    #expect(FileManager.default.fileExists(atPath: notes))
    #expect(try scratch.files == (before + ["out/notes.txt"]).sorted())
  }

  @Test("a name that looks like HTML stays a name")
  func escaping() throws {
    let clip = scratch.path("<img src=x onerror='a'>&\"b\".npy")
    try writeClip(clip, frames: 1)
    let run = try Tool.run("whyfake", "explain", clip, "-o", "out", "--class", "real", in: scratch.url)
    #expect(run.status == 0, "\(run.errors)")
    let report = try String(contentsOfFile: scratch.path("out/report.html"), encoding: .utf8)
    #expect(report.contains("&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;b&quot;.npy"))
    #expect(!report.contains("<img src=x"))
    try checkStandsAlone(report)
  }

  @Test("the other class changes the relevance and not the signed map")
  func classes() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip, frames: 2)
    let maps = try ["fake", "real"].map { name in
      let run = try Tool.run("whyfake", "explain", clip, "-o", name, "--class", name, in: scratch.url)
      #expect(run.status == 0)
      return try ["gradcam", "gradcam.signed"].map {
        try Tensor(npy: scratch.path("\(name)/maps/track0/\($0).npy"))
      }
    }
    #expect(maps[0][1] == maps[1][1])
    #expect(maps[0][0] != maps[1][0])
  }

  @Test("a video without a face has a report and a record and no maps")
  func noFace() throws {
    let plain = scratch.path("plain.mp4")
    try writeVideo((0..<3).map { slope(width: 160, height: 120, step: $0) }, to: plain)
    let run = try Tool.run("whyfake", "explain", plain, "-o", "out", "--format", "json", in: scratch.url)
    #expect(run.status == 0)
    #expect(try JSONSchema("explanation-1").violations(run.output) == [])
    #expect(try object(run.output)["verdict"] as? String == "no-face")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path("out")).sorted() == [
        "explanation.json", "report.html",
      ])
    let report = try String(contentsOfFile: scratch.path("out/report.html"), encoding: .utf8)
    #expect(report.contains("No face found"))
  }

  @Test("where nothing can be written it says so, and nothing is left")
  func unwritable() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip)
    let file = try scratch.write("x".utf8, "file")
    // /proc takes no folders, whoever asks.
    for output in [scratch.path("no/such/out"), file, file + "/out", "/proc/whyfake-out"] {
      let run = try Tool.run("whyfake", "explain", clip, "--output", output)
      #expect(run.status == 1)
      #expect(run.output.isEmpty)
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    let bad = try Tool.run("whyfake", "explain", scratch.path("no.mp4"), "-o", scratch.path("out"))
    #expect(bad.status == 1)
    #expect(bad.errors.contains("no such file"))
    #expect(try scratch.files == ["clip.npy", "file"])
  }

  @Test("an interruption leaves nothing behind", arguments: [SIGINT, SIGTERM])
  func interruption(number: Int32) throws {
    // A child inherits what its parent ignores.
    signal(number, SIG_DFL)
    let run = try Tool.start(
      "whyfake", ["explain", sample("sample-fake"), "--frames", "100"], in: scratch.url)
    let deadline = Date().addingTimeInterval(20)
    while try scratch.files.isEmpty, Date() < deadline { usleep(2000) }
    let begun = try scratch.files
    #expect(begun.first?.hasSuffix(".partial") == true)
    kill(run.process.processIdentifier, number)
    let result = try run.wait()
    #expect(result.status == 128 + number)
    #expect(result.output.isEmpty)
    #expect(try scratch.files == [])
  }

  private func checkStandsAlone(_ report: String) throws {
    for pattern in [
      "<script", "<link", "href=", "url\\(", "@import", "src=\"(?!data:image/)", "<iframe", "<object",
    ] {
      #expect(report.range(of: pattern, options: .regularExpression) == nil, "\(pattern)")
    }
    let images = report.components(separatedBy: "<img ").dropFirst()
    #expect(!images.isEmpty)
    #expect(images.allSatisfy { $0.prefix { $0 != ">" }.contains("alt=\"") })
  }
}
