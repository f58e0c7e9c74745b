import Datasets
import Detector
import Evaluation
import FaceCrop
import Foundation
import Tensor
import Testing
import Training
import VideoIO

@Suite("whyfake evaluate", .serialized)
struct EvaluateTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A set of 10 originals with a fake of each, two frames a video, pictures of seeded noise.
  private func makeSet(_ name: String = "set") throws -> String {
    let folder = scratch.path(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var index = "name,dataset,video,frame,x,y,width,height,label,original,method,compression,split\n"
    var generator = SplitMix(seed: 5)
    for video in 0..<20 {
      let (original, isFake) = (video / 2, video % 2 == 1)
      let (colour, contrast) = (generator.uniform() * 120 + 40, generator.uniform() * 80)
      for frame in 0..<2 {
        let side = 40 + 2 * video
        var image = RGBImage(width: side, height: side)
        for i in image.pixels.indices {
          image.pixels[i] = UInt8(min(255, max(0, colour + contrast * generator.normal())))
        }
        let name = "v\(video)f\(frame)"
        try ImageFile.write(image, to: "\(folder)/\(name).png")
        index +=
          "\(name),toy,v\(video),\(frame),1,2,\(side),\(side),\(isFake ? "fake" : "real"),"
          + "\(isFake ? "v\(2 * original)" : ""),\(isFake ? (original < 5 ? "swap" : "mouth") : ""),"
          + "\(original % 2 == 0 ? "c23" : "c40"),validation\n"
      }
    }
    try Data(index.utf8).write(to: URL(fileURLWithPath: "\(folder)/index.csv"))
    return folder
  }

  /// Scores with logits N(±1, 1), of `count` originals with a fake each.
  private func makeScores(_ count: Int, sure: Double = 1, label: (Int) -> String? = { _ in nil }) throws
    -> String
  {
    var generator = SplitMix(seed: 11)
    var text = "name,label,original,logit\n"
    for i in 0..<2 * count {
      let isFake = i % 2 == 1
      let logit = sure * ((isFake ? 1 : -1) + generator.normal())
      text += "s\(i),\(label(i) ?? (isFake ? "fake" : "real")),\(isFake ? "s\(i - 1)" : ""),\(logit)\n"
    }
    return try scratch.write(text.utf8, "scores-\(count)-\(sure).csv")
  }

  private func figure(_ record: [String: Any], _ path: String...) throws -> Double {
    var value: Any = record
    for key in path { value = try #require((value as? [String: Any])?[key], "\(path)") }
    return try #require(value as? Double)
  }

  @Test(
    "scores are the detector's of the scaled crops, figures are those of the scores, the record follows its schema"
  )
  func wholeSet() throws {
    let (folder, output) = (try makeSet(), scratch.path("out"))
    let run = try Tool.start(
      "whyfake", ["evaluate", folder, "--resamples", "50", "--format", "json", "--output", output]
    ).wait()
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let text = try String(contentsOfFile: output + "/evaluation.json", encoding: .utf8)
    let schema = try JSONSchema("evaluation-1")
    #expect(try schema.violations(text) == [] && schema.violations(run.output) == [])
    let record = try object(text)

    let set = try FaceSet(folder)
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let scored = try ScoreFile.read(output + "/scores.csv")
    #expect(scored.map(\.record.name) == set.records.map(\.name))
    #expect(scored.map(\.record) == set.records)
    for (i, face) in scored.enumerated() where i % 7 == 0 {
      let size = detector.info.inputSize
      let crop = try set.picture(i).resized(width: size, height: size)
      let logit = try detector.logits(Tensor(crops: [crop])).elements[0]
      #expect(abs(Double(logit) - face.logit) < 1e-4)
    }
    let samples = scored.map(\.sample)
    let (metrics, videos) = (ClassificationMetrics(samples), ClassificationMetrics(samples.videos))
    for metric in ClassificationMetric.allCases {
      #expect(abs(try figure(record, "crops", "metrics", metric.rawValue, "value") - metrics[metric]!) < 1e-6)
      #expect(abs(try figure(record, "videos", "metrics", metric.rawValue, "value") - videos[metric]!) < 1e-6)
    }
    #expect(try figure(record, "crops", "count") == 40 && figure(record, "videos", "count") == 20)
    #expect(try figure(record, "crops", "originals") == 10)
    let breakdowns = try #require(record["breakdowns"] as? [[String: Any]])
    #expect(breakdowns.map { $0["by"] as? String } == ["method", "faceSide", "compression"])
    #expect(breakdowns.map { ($0["parts"] as? [Any])?.count } == [2, 3, 2])
    let files = try #require(record["files"] as? [String])
    #expect(try FileManager.default.contentsOfDirectory(atPath: output).sorted() == files.sorted())
    #expect(files.count == 5)

    // Again, in text: the same folder is replaced. And by video and part there.
    let again = try Tool.run("whyfake", "evaluate", folder, "--resamples", "20", "--output", output)
    #expect(again.status == 0 && again.output.contains("by video (20)") && again.output.contains("swap"))
    try Data().write(to: URL(fileURLWithPath: output + "/mine.txt"))
    let refused = try Tool.run("whyfake", "evaluate", folder, "--output", output)
    #expect(refused.status == 1 && refused.errors.contains("mine.txt"))
  }

  @Test("a damaged picture is named, counted and left out; the rest is judged; the exit status is 1")
  func damaged() throws {
    let folder = try makeSet()
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(folder)/v3f1.png"))
    try FileManager.default.removeItem(atPath: "\(folder)/v4f0.png")
    let run = try Tool.run("whyfake", "evaluate", folder, "--resamples", "10", "--format", "json")
    #expect(run.status == 1)
    #expect(run.errors.contains("v3f1.png") && run.errors.contains("v4f0.jpg"))
    #expect(run.errors.contains("2 pictures left out"))
    let record = try object(run.output)
    #expect(try figure(record, "crops", "count") == 38)
    #expect((record["problems"] as? [String])?.count == 2)
    #expect(try JSONSchema("evaluation-1").violations(run.output) == [])
  }

  @Test("what is no face set, no detector or selects nothing ends with one clear line and no folder")
  func refusals() throws {
    let set = try makeSet()
    let empty = scratch.path("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let weights = try scratch.write("nothing".utf8, "weights.safetensors")
    let scores = try scratch.write("name,label,logit\na,real,high\n".utf8, "bad.csv")
    let output = scratch.path("never")
    for (arguments, reason) in [
      ([empty], "whyfake faces"), ([scratch.path("nowhere")], "no such folder"),
      ([set, "--model", weights], "weights.safetensors"), ([set, "--split", "test"], "no crops of test"),
      (["--scores", scores], "line 2: the logit is high"), (["--scores", empty], "empty"),
    ] {
      let run = try Tool.start("whyfake", ["evaluate"] + arguments + ["--output", output]).wait()
      #expect(run.status == 1 && run.output.isEmpty, "\(arguments)")
      #expect(run.errors.contains(reason) && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    #expect(try !scratch.files.contains { $0.contains("never") })
  }

  @Test("wrong usage is told before any work")
  func usage() throws {
    for arguments in [
      [], ["set", "--scores", "a.csv"], ["--scores", "a.csv", "--model", "x"],
      ["set", "--split", "test", "--half", "report"], ["set", "--temperature-from", "select"],
      ["set", "--half", "select", "--temperature-from", "select"], ["set", "--face-sizes", "90,50"],
      ["set", "--resamples", "0"], ["set", "--level", "1"], ["set", "--size", "8"],
      ["set", "--split", "all"],
    ] {
      let run = try Tool.start("whyfake", ["evaluate"] + arguments).wait()
      #expect(run.status == 64, "\(arguments): \(run.errors)")
    }
    for arguments in [["--model", "a", "--model", "b"], ["set", "--model", "a"]] {
      #expect(try Tool.start("whyfake", ["compare-models"] + arguments).wait().status == 64)
    }
  }

  @Test(
    "saved scores are judged again: the halves make the whole, a temperature of the one is tried on the other"
  )
  func rejudged() throws {
    let scores = try makeScores(300, sure: 4)
    func record(_ arguments: String...) throws -> [String: Any] {
      let run = try Tool.start(
        "whyfake", ["evaluate", "--scores", scores, "--resamples", "40", "--format", "json"] + arguments
      ).wait()
      #expect(run.status == 0, "\(run.errors)")
      #expect(try JSONSchema("evaluation-1").violations(run.output) == [])
      return try object(run.output)
    }
    let all = try record()
    let select = try record("--half", "select")
    let report = try record("--half", "report", "--temperature-from", "select")
    let counts = try [all, select, report].map { try figure($0, "crops", "count") }
    #expect(counts[0] == 600 && counts[1] + counts[2] == 600 && counts[1] > 200 && counts[2] > 200)
    let faces = try ScoreFile.read(scores)
    let fit = try Temperature(fitting: faces.filter { $0.record.half == .select }.map(\.sample))
    #expect(abs(try figure(report, "temperature", "value") - fit.value) < 1e-5 && fit.value > 1.5)
    let judged = faces.filter { $0.record.half == .report }.map(\.sample).cooled(by: fit.value)
    let after = try figure(report, "temperature", "judged", "metrics", "logLoss", "value")
    #expect(abs(after - ClassificationMetrics(judged).logLoss!) < 1e-5)
    #expect(try after < figure(report, "crops", "metrics", "logLoss", "value"))
    #expect(
      try figure(report, "temperature", "judged", "metrics", "areaUnderROC", "value")
        == figure(report, "crops", "metrics", "areaUnderROC", "value"))

    let text = try Tool.run(
      "whyfake", "evaluate", "--scores", scores, "--half", "report", "--temperature-from", "select")
    #expect(text.output.contains("temperature \(String(format: "%.4f", fit.value))"))
    // The seed and the level change the intervals, and nothing else.
    for option in [["--seed", "1"], ["--level", "0.5"]] {
      let other = try Tool.start(
        "whyfake", ["evaluate", "--scores", scores, "--resamples", "40", "--format", "json"] + option
      ).wait()
      let changed = try object(other.output)
      let places = ["crops", "metrics", "areaUnderROC"]
      #expect(
        try figure(changed, places[0], places[1], places[2], "value")
          == figure(all, places[0], places[1], places[2], "value"))
      #expect(
        try figure(changed, places[0], places[1], places[2], "lower")
          != figure(all, places[0], places[1], places[2], "lower"))
    }
  }

  @Test("of one class what is defined is given, the rest is null and said, and the exit status is 1")
  func oneClass() throws {
    let scores = try makeScores(20) { _ in "fake" }
    let output = scratch.path("fakes")
    let run = try Tool.run("whyfake", "evaluate", "--scores", scores, "--format", "json", "--output", output)
    #expect(run.status == 1 && run.errors.contains("all 40 crops are fake"))
    #expect(try JSONSchema("evaluation-1").violations(run.output) == [])
    let record = try object(run.output)
    let metrics = try #require((record["crops"] as? [String: Any])?["metrics"] as? [String: Any])
    #expect(metrics["areaUnderROC"] is NSNull && metrics["balancedAccuracy"] is NSNull)
    #expect(try figure(record, "crops", "metrics", "truePositiveRate", "value") > 0)
    #expect(record["files"] as? [String] == ["reliability.svg", "scores.csv", "evaluation.json"])
    let text = try Tool.run("whyfake", "evaluate", "--scores", scores)
    #expect(text.output.contains("ROC AUC            -"))
  }

  @Test(
    "models are compared on the same crops, as text, markdown, JSON and CSV; a temperature in the last layer shows"
  )
  func compare() throws {
    let folder = try makeSet()
    let (cooled, csv) = (scratch.path("cooled.safetensors"), scratch.path("table.csv"))
    let source = try ModelZoo.locate(ModelZoo.defaultModel)
    let converted = try Tool.run(
      "whyfake", "models", "convert", source, cooled, "--temperature", "2", "--precision", "float32")
    #expect(converted.status == 0, "\(converted.errors)")
    let models = [
      "compare-models", folder, "--model", ModelZoo.defaultModel, "--model", cooled, "--resamples", "30",
    ]
    let run = try Tool.start("whyfake", models + ["--format", "json", "--output", csv]).wait()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try JSONSchema("comparison-1").violations(run.output) == [])
    let rows = try #require(try object(run.output)["models"] as? [[String: Any]])
    #expect(rows.map { $0["backbone"] as? String } == ["EfficientNetB0", "EfficientNetB0"])
    #expect(rows[0]["differences"] is NSNull)
    #expect(abs(try figure(rows[1], "differences", "balancedAccuracy", "value")) < 1e-6)
    #expect(abs(try figure(rows[1], "differences", "logLoss", "value")) > 1e-3)

    let scored = try Tool.start(
      "whyfake", ["evaluate", folder, "--model", cooled, "--output", scratch.path("cooled")]
    ).wait()
    #expect(scored.status == 0)
    let half = try ScoreFile.read(scratch.path("cooled") + "/scores.csv").map(\.sample)
    let loss = try figure(rows[1], "crops", "metrics", "logLoss", "value")
    #expect(abs(ClassificationMetrics(half).logLoss! - loss) < 1e-6)
    let whole = try figure(rows[0], "crops", "metrics", "logLoss", "value")
    #expect(abs(ClassificationMetrics(half.cooled(by: 0.5)).logLoss! - whole) < 1e-4)

    let table = try String(contentsOfFile: csv, encoding: .utf8).split(separator: "\n")
    #expect(table.count == 3 && table[0].hasPrefix("name,backbone,attention,size"))
    let markdown = try Tool.start("whyfake", models + ["--format", "markdown"]).wait()
    #expect(
      markdown.lines.count == 4 && markdown.lines.allSatisfy { $0.hasPrefix("| ") && $0.hasSuffix(" |") })
    let text = try Tool.start("whyfake", models).wait()
    #expect(text.output.contains("was trained on: face crops of 30,527 DFDC training videos"))
  }
}
