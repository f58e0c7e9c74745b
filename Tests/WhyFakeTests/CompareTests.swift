import Foundation
import Tensor
import Testing

@Suite("whyfake compare and metrics", .serialized)
struct CompareTests {
  let scratch: Scratch
  private let quick = [
    "--explainers", "gradcam,attention", "--metrics", "intensity,centredness,deletion,insertion", "--frames",
    "2",
  ]

  init() throws {
    scratch = try Scratch()
    // A dataset of two pictures: real/ and fake/.
    for (name, from) in [("real/a.mp4", "sample-real"), ("fake/b.mp4", "sample-fake")] {
      let path = scratch.path("set/" + name)
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: sample(from), toPath: path)
    }
  }

  private func compare(_ arguments: [String]) throws -> Tool {
    try Tool.start("whyfake", ["compare"] + arguments, in: scratch.url).wait()
  }

  /// The bytes of all files below a folder, by name.
  private func contents(_ folder: String) throws -> [String: Data] {
    let path = scratch.path(folder)
    var found: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      if let data = FileManager.default.contents(atPath: "\(path)/\(name)") { found[name] = data }
    }
    return found
  }

  @Test("tables, figures and results of a dataset; a second run computes nothing, shards merged are one run")
  func whole() throws {
    let run = try compare(["set", "-o", "out"] + quick)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let files = try contents("out")
    let results = files.keys.filter { $0.hasPrefix("results/") }
    #expect(results.count == 4)
    for name in ["comparison.json", "table.md", "table.csv", "table.tex", "tests.csv", "videos.csv"] {
      #expect(files[name]?.isEmpty == false, "\(name)")
    }
    #expect(
      files.keys.filter { $0.hasPrefix("figures/") }.sorted() == [
        "figures/centredness.svg", "figures/deletion.curve.svg", "figures/deletion.svg",
        "figures/insertion.curve.svg", "figures/insertion.svg", "figures/intensity.svg",
      ])
    let videos = String(decoding: try #require(files["videos.csv"]), as: UTF8.self)
    #expect(videos.split(separator: "\n").count == 5)
    #expect(videos.contains("set/fake/b.mp4,fake,") && videos.contains("set/real/a.mp4,real,"))
    #expect(run.lines.contains { $0.hasPrefix("GradCAM") } && run.lines[0].contains("μ"))

    let dates = try results.map { try modified("out/" + $0) }
    #expect(try compare(["set", "-o", "out"] + quick).status == 0)
    #expect(try results.map { try modified("out/" + $0) } == dates)
    #expect(try contents("out") == files)

    // A result that is lost or damaged is made anew, and no other.
    try FileManager.default.removeItem(atPath: scratch.path("out/" + results[0]))
    try Data("{".utf8).write(to: URL(filePath: scratch.path("out/" + results[1])))
    #expect(try compare(["set", "-o", "out"] + quick).status == 0)
    #expect(try contents("out") == files)
    #expect(try modified("out/" + results[2]) == dates[2])

    for part in ["1/2", "2/2"] {
      #expect(try compare(["set", "-o", "part" + part.prefix(1), "--shard", part] + quick).status == 0)
    }
    let merged = try compare(["merge", "part2", "part1", "-o", "merged"])
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(try contents("merged") == files)
    #expect(merged.output == run.output)
  }

  private func modified(_ name: String) throws -> Date {
    let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path(name))
    return try #require(attributes[.modificationDate] as? Date)
  }

  @Test("a label leaves the others out, and what cannot be read is one line")
  func labels() throws {
    _ = try scratch.write("no video".utf8, "set/fake/broken.mp4")
    let run = try compare(["set", "-o", "out", "--label", "fake", "--class", "fake"] + quick)
    #expect(run.status == 1)
    #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("broken.mp4"))
    let videos = String(decoding: try #require(try contents("out")["videos.csv"]), as: UTF8.self)
    #expect(videos.contains("b.mp4") && !videos.contains("a.mp4") && !videos.contains("broken"))
    #expect(try compare([sample("sample-fake"), "-o", "none", "--label", "real"] + quick).status == 1)
  }

  @Test("folders of other settings, or without a comparison, are not merged")
  func unequal() throws {
    #expect(try compare(["set/real", "-o", "one"] + quick).status == 0)
    #expect(try compare(["set/fake", "-o", "two", "--class", "fake"] + quick).status == 0)
    let run = try compare(["merge", "one", "two", "-o", "out"])
    #expect(run.status == 1 && run.errors.contains("other settings"))
    #expect(try compare(["merge", "set", "-o", "out"]).status == 1)
  }

  @Test("wrong usage is told as such")
  func usage() throws {
    for wrong in [
      ["--shard", "3/2"], ["--metrics", "beauty"], ["--explainers", "none"], ["--frames", "0"],
      ["--combined"],
    ] {
      #expect(try compare(["set", "-o", "out"] + wrong).status == 64, "\(wrong)")
    }
  }

  @Test("metrics prints the five of each map, null where undefined, and goes on after a file that is none")
  func metrics() throws {
    let (good, flat, wrong) = (scratch.path("good.npy"), scratch.path("flat.npy"), scratch.path("wrong.npy"))
    try Tensor(shape: [2, 4, 4], (0..<32).map { Float($0 % 5) / 4 }).writeNPY(to: good)
    try Tensor(shape: [1, 4, 4], repeating: 0).writeNPY(to: flat)
    try Tensor(shape: [1, 4, 4], repeating: 2).writeNPY(to: wrong)
    let run = try Tool.run("whyfake", "metrics", good, wrong, flat, in: scratch.url)
    #expect(run.status == 1 && run.lines.count == 2)
    #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("wrong.npy"))
    let first = try object(run.lines[0])
    #expect(first["frames"] as? Int == 2 && (first["intensity"] as? Double ?? 0) > 0.4)
    let second = try object(run.lines[1])
    #expect(second["centredness"] is NSNull && second["interFrameConsistency"] is NSNull)
    #expect((second["framesUsed"] as? [String: Int])?["centredness"] == 0)
    for line in run.lines { #expect(try JSONSchema("metrics-1").violations(line) == []) }
  }
}
