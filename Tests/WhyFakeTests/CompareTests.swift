import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

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
    #expect(run.lines[0].contains("GradCAM") && run.lines.contains { $0.hasPrefix("μ") && $0.contains("[") })
    let latex = String(decoding: try #require(files["table.tex"]), as: UTF8.self)
    #expect(latex.contains("\\scriptsize $[") && latex.contains("& $\\mu$ &"))

    let dates = try results.map { try modified("out/" + $0) }
    #expect(try compare(["set", "-o", "out"] + quick).status == 0)
    #expect(try results.map { try modified("out/" + $0) } == dates)
    #expect(try contents("out") == files)

    func text(_ name: String) throws -> String { String(decoding: try #require(files[name]), as: UTF8.self) }
    #expect(try JSONSchema("compare-1").violations(text("comparison.json")) == [])
    for name in results { #expect(try JSONSchema("compared-1").violations(text(name)) == []) }

    // A result that is lost or damaged is made anew, and no other.
    try FileManager.default.removeItem(atPath: scratch.path("out/" + results[0]))
    try Data("{".utf8).write(to: URL(filePath: scratch.path("out/" + results[1])))
    #expect(try compare(["set", "-o", "out"] + quick).status == 0)
    #expect(try contents("out") == files)
    #expect(try modified("out/" + results[2]) == dates[2])

    // So it is whichever of them is there already.
    for name in results {
      try FileManager.default.removeItem(atPath: scratch.path("out/" + name))
      #expect(try compare(["set", "-o", "out"] + quick).status == 0)
      #expect(try contents("out") == files, "\(name)")
    }

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

  private let localisation = [
    "--explainers", "gradcam,centre", "--metrics", "relevanceMass,maskAUC", "--frames", "2", "--class",
    "fake",
  ]

  /// The values of a column of `videos.csv`, a row for each video and explainer.
  private func column(_ name: String, of folder: String) throws -> [String] {
    let text = String(decoding: try #require(try contents(folder)["videos.csv"]), as: UTF8.self)
    let rows = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let place = try #require(rows[0].firstIndex(of: name))
    return rows.dropFirst().map { $0[place] }
  }

  @Test("masks are found beside their videos, are none themselves, and say where the sample was changed")
  func masks() throws {
    let samples = repository.appending(path: "Samples").path
    let run = try compare([samples, "-o", "out", "--masks", samples] + localisation)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try column("input", of: "out").count == 4)
    // Of the real one there is no mask.
    let masses = try column("relevanceMass", of: "out")
    #expect(try column("input", of: "out").map { $0.contains("real") } == masses.map(\.isEmpty))
    let centre = try zip(column("explainer", of: "out"), column("maskAUC", of: "out")).first {
      $0.0 == "centre"
    }
    #expect(try #require(centre.flatMap { Double($0.1) }) > 0.8)
    let replaced = try compare(
      [samples, "-o", "out", "--masks", samples, "--replacement", "paired"] + localisation)
    #expect(replaced.status == 64)
  }

  @Test("of a dataset the original is read beside a fake, and can take the place of what is taken away")
  func originals() throws {
    try FileManager.default.createDirectory(
      atPath: scratch.path("dfdc"), withIntermediateDirectories: true)
    for (name, from) in [("a.mp4", "sample-real"), ("b.mp4", "sample-fake")] {
      try FileManager.default.copyItem(atPath: sample(from), toPath: scratch.path("dfdc/" + name))
    }
    _ = try scratch.write(
      #"{"a.mp4":{"label":"REAL","split":"train"},"b.mp4":{"label":"FAKE","split":"train","original":"a.mp4"}}"#
        .utf8, "dfdc/metadata.json")
    let run = try compare(["dfdc", "-o", "out", "--label", "fake"] + localisation)
    #expect(run.status == 0 && run.lines.count == 4, "\(run.errors)")
    #expect(try column("relevanceMass", of: "out").allSatisfy { Double($0) != nil })
    let away = [
      "--explainers", "gradcam", "--metrics", "deletion", "--frames", "2", "--replacement", "paired",
    ]
    let replaced = try compare(["dfdc", "-o", "away"] + away)
    // The real one has no original: that is one line, and the fake is done.
    #expect(replaced.status == 1 && replaced.errors.contains("a.mp4") && replaced.errors.contains("original"))
    #expect(try column("input", of: "away").count == 1)
  }

  @Test(
    "crops with an index are compared as they are, of their split, as many as are drawn, with their originals"
  )
  func crops() throws {
    let crops = try Portrait.crops(size: 96)
    let faces = scratch.path("faces")
    try FileManager.default.createDirectory(atPath: faces, withIntermediateDirectories: true)
    var index = "name,label,original,split\n"
    for i in 0..<4 {
      var fake = crops[i % crops.count]
      for y in 50..<70 { for x in 30..<66 { fake[x, y] = (90, 120, 200) } }
      try ImageFile.write(crops[i % crops.count], to: "\(faces)/r\(i).png")
      try ImageFile.write(fake, to: "\(faces)/f\(i).png")
      index +=
        "r\(i),real,,\(i < 3 ? "validation" : "train")\nf\(i),fake,r\(i),\(i < 3 ? "validation" : "train")\n"
    }
    _ = try scratch.write(index.utf8, "faces/index.csv")
    let all = try compare(["faces", "-o", "all"] + localisation)
    #expect(all.status == 0, "\(all.errors)")
    #expect(Set(try column("input", of: "all")) == Set((0..<3).flatMap { ["faces/r\($0)", "faces/f\($0)"] }))
    #expect(try column("frames", of: "all").allSatisfy { $0 == "1" })
    let drawn = try compare(["faces", "-o", "drawn", "--sample", "2", "--seed", "3"] + localisation)
    #expect(drawn.status == 0, "\(drawn.errors)")
    // Only what has a mask is drawn, and it lies where the crops differ.
    let inputs = try column("input", of: "drawn")
    #expect(Set(inputs).count == 2 && inputs.allSatisfy { $0.hasPrefix("faces/f") })
    let masses = try zip(column("explainer", of: "drawn"), column("relevanceMass", of: "drawn"))
    #expect(masses.allSatisfy { $0.0 != "centre" || (Double($0.1) ?? 0) > 0.05 })
    for wrong in [["--sample", "0"], ["--split", "train", "--half", "report"]] {
      #expect(try compare(["faces", "-o", "none"] + wrong + localisation).status == 64)
    }
  }

  @Test("what is taken away at once are pixels or segments, and that is a setting of its own")
  func units() throws {
    let arguments = [
      sample("sample-fake"), "--explainers", "gradcam", "--metrics", "deletion", "--frames", "2", "-o",
    ]
    for (unit, folder) in [("pixels", "p"), ("segments", "s"), ("segments", "p")] {
      #expect(try compare(arguments + [folder, "--unit", unit]).status == 0)
    }
    let values = try column("deletion", of: "s")
    #expect(Double(values[0]) != nil)
    // Both results lie in the folder that was used for both, and the last one is told.
    #expect(try contents("p").keys.count { $0.hasPrefix("results/") } == 2)
    #expect(try column("deletion", of: "p") == values)
    #expect(try compare(["merge", "p", "s", "-o", "both"]).status == 0)
    #expect(try compare(arguments + ["q", "--unit", "pixels"]).status == 0)
    #expect(try column("deletion", of: "q") != values)
    #expect(try compare(["merge", "q", "s", "-o", "none"]).status == 1)
  }

  @Test("a shard that no video falls to is an empty part of the whole")
  func emptyShard() throws {
    for part in ["1", "2", "3"] {
      #expect(try compare(["set", "-o", "p" + part, "--shard", part + "/3"] + quick).status == 0)
    }
    // Nor does a part go missing whose only video cannot be read; but a list that is not whole would be parted otherwise.
    let broken = try compare(
      [scratch.write("no video".utf8, "broken.mp4"), "-o", "bad1", "--shard", "1/2"] + quick)
    #expect(broken.status == 1 && broken.errors.contains("broken.mp4"))
    #expect(try contents("bad1")["comparison.json"] != nil)
    let missing = try compare(["set", "nowhere", "-o", "none", "--shard", "1/2"] + quick)
    #expect(missing.status == 1 && missing.errors.contains("--shard"))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("none")))

    let merged = try compare(["merge", "p3", "p2", "p1", "-o", "merged"])
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(try compare(["set", "-o", "out"] + quick).output == merged.output)
    #expect(try contents("merged") == contents("out"))
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
