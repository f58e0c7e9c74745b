import Detector
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
      "whyfake", "explain", sample("sample-fake"), "--frames", "4", "--class", "fake", "--explainers",
      "gradcam,shap,ltpa,attention", in: scratch.url)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.isEmpty, "\(run.errors)")
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
        "explanation.json", "maps/track0/attention.npy", "maps/track0/gradcam.npy",
        "maps/track0/gradcam.signed.npy", "maps/track0/ltpa.npy", "maps/track0/shap.npy",
        "maps/track0/shap.segments.npy", "maps/track0/shap.signed.npy", "overlay.attention.mp4",
        "overlay.gradcam.mp4", "overlay.ltpa.mp4", "overlay.mp4", "overlay.shap.mp4", "report.html",
      ])

    let size = try #require((record["model"] as? [String: Any])?["inputSize"] as? Int)
    let relevance = try Tensor(npy: path("maps/track0/gradcam.npy"))
    let signed = try Tensor(npy: path("maps/track0/gradcam.signed.npy"))
    #expect(relevance.shape == [4, size, size] && signed.shape == relevance.shape)
    let values = relevance.elements
    #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 })
    let tracks = try #require(record["tracks"] as? [[String: Any]])
    let explanations = try #require(tracks[0]["explanations"] as? [[String: Any]])
    let explanation = explanations[0]
    #expect((explanation["empty"] as? Bool) == !values.contains { $0 > 0 })
    #expect(explanation["class"] as? String == "fake")
    // Each attention map is of the network that ships for it.
    #expect(
      explanations.map { $0["model"] as? String } == [
        ModelZoo.defaultModel, ModelZoo.defaultModel, ModelZoo.defaultModel(for: .ltpa(.dotProduct)),
        ModelZoo.defaultModel(for: .autoAtt(width: 0)),
      ])

    // The signed map is the value of each pixel's segment.
    let segments = try #require(explanations[1]["segments"] as? [String: Any])
    let shapley = try #require(segments["values"] as? [Double])
    let labels = try Tensor(npy: path("maps/track0/shap.segments.npy"))
    let shown = try Tensor(npy: path("maps/track0/shap.signed.npy"))
    #expect(labels.shape == relevance.shape)
    #expect(zip(labels.elements, shown.elements).allSatisfy { abs(Double($1) - shapley[Int($0)]) < 1e-5 })
    #expect((segments["standardErrors"] as? [Double])?.count == shapley.count)
    #expect(abs(try #require(explanations[1]["completenessGap"] as? Double)) < 1e-6)

    // What the detector was asked about each map, and where on the face it lies.
    let report = try String(contentsOfFile: path("report.html"), encoding: .utf8)
    for explanation in explanations {
      let metrics = try #require(explanation["metrics"] as? [String: Any])
      for name in ["deletion", "insertion", "deletionByChance", "insertionByChance"] {
        #expect((0...1).contains(try #require(metrics[name] as? Double)))
      }
      let regions = try #require(explanation["regions"] as? [String: [Double]])
      #expect(abs(regions.values.joined().reduce(0, +) - 1) < 1e-3)
      let words = try #require(explanation["words"] as? [String: Any])
      let sentence = try #require(words["sentence"] as? String).replacingOccurrences(
        of: " %", with: "\u{A0}%")
      #expect(report.contains(sentence), "\(sentence)")
    }
    #expect(report.contains("better than chance") && report.contains("parts of the face over time"))

    for name in ["overlay.mp4", "overlay.gradcam.mp4", "overlay.shap.mp4"] {
      let video = try VideoReader(path: path(name))
      #expect(video.properties.frameCount == 4)
      #expect(abs(video.properties.duration - 4) < 0.001)
    }
    try checkStandsAlone(report)
  }

  @Test("without checks nothing is said in words, and the detector is not asked about maps")
  func unchecked() throws {
    let run = try Tool.run(
      "whyfake", "explain", sample("sample-fake"), "--frames", "2", "--explainers", "gradcam", "--no-checks",
      "--seed", "7", "-o", "a folder", in: scratch.url)
    #expect(run.status == 0, "\(run.errors)")
    let text = try String(contentsOfFile: scratch.path("a folder/explanation.json"), encoding: .utf8)
    #expect(try JSONSchema("explanation-1").violations(text) == [])
    let record = try object(text)
    let tracks = try #require(record["tracks"] as? [[String: Any]])
    let explanation = try #require((tracks[0]["explanations"] as? [[String: Any]])?.first)
    #expect(explanation["words"] is NSNull && explanation["regions"] is NSNull)
    #expect((explanation["metrics"] as? [String: Any])?["deletion"] is NSNull)
    let report = try String(contentsOfFile: scratch.path("a folder/report.html"), encoding: .utf8)
    #expect(!report.contains("Why</h2>") && !report.contains("chance"))
    // The command is told without where things lay.
    let command = try #require((record["settings"] as? [String: Any])?["command"] as? String)
    #expect(
      command
        == "whyfake explain sample-fake.mp4 --frames 2 --explainers gradcam --no-checks --seed 7")
  }

  @Test("an earlier result is replaced; a folder with anything else in it is left alone")
  func existingFolder() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip)
    let run = {
      try Tool.run("whyfake", "explain", clip, "--explainers", "gradcam", "--output", "out/", in: scratch.url)
    }
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
      let run = try Tool.run(
        "whyfake", "explain", clip, "-o", name, "--class", name, "--explainers", "gradcam", in: scratch.url)
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

  @Test("without options it explains by GradCAM and SHAP, and the report says what a larger budget would add")
  func standard() throws {
    let run = try Tool.run("whyfake", "explain", sample("sample-fake"), "--frames", "2", in: scratch.url)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let report = try String(
      contentsOfFile: scratch.path("sample-fake.explained/report.html"), encoding: .utf8)
    #expect(report.contains("GradCAM") && report.contains("SHAP") && report.contains("--budget"))
  }

  @Test("how SHAP is asked changes what it says: segments, replacement, budget, seed, precision")
  func options() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip, frames: 2)
    func map(_ arguments: String...) throws -> Tensor {
      let name = "out\(arguments.joined().filter(\.isLetter))\(arguments.joined().count)"
      let run = try Tool.start(
        "whyfake", ["explain", clip, "--explainers", "shap", "-o", name] + arguments, in: scratch.url
      ).wait()
      #expect(run.status == 0, "\(run.errors)")
      return try Tensor(npy: scratch.path("\(name)/maps/track0/shap.signed.npy"))
    }
    let volume = scratch.path("labels.npy")
    try Tensor(shape: [2, 8, 8], (0..<128).map { Float($0 % 8 / 2) }).writeNPY(to: volume)
    let maps = [
      try map(), try map("--segment-count", "20"), try map("--segments", "slic-frame"),
      try map("--segments", "grid"), try map("--segments", volume), try map("--replacement", "grey"),
      try map("--replacement", "blur"), try map("--paired", clip), try map("--budget", "600"),
      try map("--seed", "5"), try map("--budget", "4000", "--precision", "0.5"),
    ]
    for (i, one) in maps.enumerated() { #expect(!maps[..<i].contains(one), "\(i)") }
    #expect(try map() == maps[0])
    // The paired clip is the clip itself: nothing is lost where it takes a segment's place.
    #expect(maps[7].elements.allSatisfy { abs($0) < 1e-6 })
  }

  @Test("weighting and combining give maps of their own names")
  func weightedAndCombined() throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip, frames: 2)
    let run = try Tool.run(
      "whyfake", "explain", clip, "--explainers", "gradcam,occlusion", "--weighted", "--combined", "-o",
      "out",
      in: scratch.url)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    for name in ["gradcam-weighted", "occlusion-weighted", "combined"] {
      #expect(FileManager.default.fileExists(atPath: scratch.path("out/maps/track0/\(name).npy")), "\(name)")
    }
    #expect(
      try JSONSchema("explanation-1").violations(
        String(contentsOfFile: scratch.path("out/explanation.json"), encoding: .utf8)) == [])
  }

  @Test(
    "what cannot be done is said on one line, and nothing is left",
    arguments: [
      (["--budget", "10"], "too small"), (["--segments", "none.npy"], "none.npy"),
      (["--paired", "none.npy"], "none.npy"), (["--segments", "face"], "keypoints"),
    ])
  func refusals(arguments: [String], word: String) throws {
    let clip = scratch.path("clip.npy")
    try writeClip(clip, frames: 2)
    let run = try Tool.start(
      "whyfake", ["explain", clip, "--explainers", "shap", "-o", "out"] + arguments, in: scratch.url
    ).wait()
    #expect(run.status == 1 && run.output.isEmpty)
    #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains(word), "\(run.errors)")
    #expect(try scratch.files == ["clip.npy"])
  }

  @Test("options that make no sense are wrong usage")
  func usage() throws {
    for arguments in [
      ["--replacement", "paired"], ["--segments", "cubes"], ["--precision", "2"], ["--budget", "0"],
      ["--segments", "grid", "--segment-count", "9"], ["--explainers", "gradcam,magic"],
    ] {
      let run = try Tool.start("whyfake", ["explain", "clip.npy"] + arguments, in: scratch.url).wait()
      #expect(run.status == 64, "\(arguments)")
    }
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
