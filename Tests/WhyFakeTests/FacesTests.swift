import Foundation
import Testing

@Suite("whyfake faces", .serialized)
struct FacesTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Pairs of the samples, as many as asked for, in `data`.
  private func samples(_ count: Int) throws {
    for (folder, name) in [("real", "sample-real"), ("fake", "sample-fake")] {
      try FileManager.default.createDirectory(
        atPath: scratch.path("data/\(folder)"), withIntermediateDirectories: true)
      for i in 0..<count {
        try FileManager.default.copyItem(
          atPath: sample(name), toPath: scratch.path("data/\(folder)/\(i).mp4"))
      }
    }
  }

  private func arguments(_ output: String, _ more: String...) -> [String] {
    ["faces", "data", "--output", output, "--frames", "3", "--size", "64"] + more
  }

  /// What lies below a folder, locks aside.
  private func files(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: scratch.path(folder))
    return Dictionary(
      uniqueKeysWithValues: names.filter { $0 != ".lock" }.compactMap { name in
        FileManager.default.contents(atPath: scratch.path("\(folder)/\(name)")).map { (name, $0) }
      })
  }

  @Test("a pair becomes an index, pictures and a table; where nobody watches nothing else is said")
  func pair() throws {
    try samples(1)
    let run = try Tool.start("whyfake", arguments("out"), in: scratch.url).wait()
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(run.lines.count == 4)
    #expect(run.lines[2].hasPrefix("all ") && run.lines[2].hasSuffix("2 videos  6 crops"), "\(run.output)")
    #expect(run.lines[3].hasPrefix("fakes: 1 cropped with their originals' boxes"), "\(run.output)")
    let files = try files("out")
    #expect(files.keys.count { $0.hasSuffix(".jpg") } == 6)
    let index = String(decoding: try #require(files["index.csv"]), as: UTF8.self).split(separator: "\n")
    #expect(index.count == 7)
    #expect(index[0] == "name,dataset,video,frame,x,y,width,height,label,original,method,compression,split")
    let again = try Tool.start("whyfake", arguments("out"), in: scratch.url).wait()
    #expect(again.output == run.output)
    #expect(try self.files("out") == files)
  }

  @Test("a broken video is a line and exit status 1; a video without a face is a line and no error")
  func skipped() throws {
    try samples(1)
    try writeVideo(
      (0..<4).map { slope(width: 160, height: 120, step: $0) }, to: scratch.path("data/real/plain.mp4"))
    let plain = try Tool.start("whyfake", arguments("out"), in: scratch.url).wait()
    #expect(plain.status == 0)
    #expect(plain.errors.hasPrefix("whyfake: data/real/plain.mp4: skipped: no face"))
    #expect(plain.lines.last == "skipped: 1 without a face")
    _ = try scratch.write("text".utf8, "data/real/broken.mp4")
    let broken = try Tool.start("whyfake", arguments("out"), in: scratch.url).wait()
    #expect(broken.status == 1)
    #expect(broken.errors.split(separator: "\n").count == 2)
    #expect(broken.lines.last == "skipped: 1 without a face, 1 unreadable")
    let report = try object(
      String(contentsOf: scratch.url.appending(path: "out/report.json"), encoding: .utf8))
    let reasons = (report["skipped"] as? [[String: Any]])?.compactMap { $0["reason"] as? String }
    #expect(reasons == ["unreadable", "noFace"])
  }

  @Test(
    "the folder of other options, of other things, and what is no dataset, are one line and exit status 1")
  func refused() throws {
    try samples(1)
    _ = try Tool.start("whyfake", arguments("out"), in: scratch.url).wait()
    for arguments in [
      arguments("out", "--quality", "80"), arguments("out", "--unpaired"), arguments("data"),
      ["faces", "out", "--output", "other"], arguments("out", "--layout", "dfdc"),
    ] {
      let run = try Tool.start("whyfake", arguments, in: scratch.url).wait()
      #expect(run.status == 1 && run.output.isEmpty, "\(arguments)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }

  @Test(
    "killed or interrupted, it goes on where it was, and the end is the same to the byte",
    arguments: [SIGKILL, SIGINT])
  func resumed(signal: Int32) throws {
    try samples(6)
    #expect(try Tool.start("whyfake", arguments("whole"), in: scratch.url).wait().status == 0)
    let running = try Tool.start("whyfake", arguments("parted"), in: scratch.url)
    func isStarted() -> Bool {
      (0..<6).contains {
        FileManager.default.fileExists(atPath: scratch.path("parted/data/real/\($0)/video.json"))
      }
    }
    for _ in 0..<30_000 where running.process.isRunning && !isStarted() { usleep(1000) }
    kill(running.process.processIdentifier, signal)
    let ended = try running.wait()
    #expect(ended.status == (signal == SIGKILL ? -SIGKILL : 128 + SIGINT), "\(ended)")
    let left = try files("parted")
    #expect(left["index.csv"] == nil && isStarted())
    if signal == SIGINT { #expect(!left.keys.contains { $0.hasPrefix(".") }, "\(left.keys)") }
    #expect(try Tool.start("whyfake", arguments("parted"), in: scratch.url).wait().status == 0)
    #expect(try files("parted") == files("whole"))
  }

  @Test(
    "wrong usage has exit status 64 and says what would be right",
    arguments: [
      (["faces"], "input"), (["faces", "data"], "--output"),
      (["faces", "data", "--output", "o", "--frames", "0"], "--frames is 0"),
      (["faces", "data", "--output", "o", "--size", "8"], "--size is 8"),
      (["faces", "data", "--output", "o", "--quality", "101"], "--quality is 101"),
      (["faces", "data", "--output", "o", "--layout", "tree"], "celebdf"),
      (["faces", "data", "--output", "o", "--split", "some"], "published"),
      (["faces", "data", "--output", "o", "--policy", "round"], "square:SCALE"),
      (["faces", "data", "--output", "o", "--policy", "margin:-2"], "makes no sense"),
      (["faces", "data", "more", "--output", "o", "--name", "x"], "--name is for one input"),
      (["faces", "data", "--output", "o", "--threads", "0"], "--threads is 0"),
    ])
  func usage(arguments: [String], expected: String) throws {
    let run = try Tool.start("whyfake", arguments, in: scratch.url).wait()
    #expect(run.status == 64)
    #expect(run.errors.contains(expected), "\(run.errors)")
  }
}
