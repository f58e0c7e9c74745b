import Detector
import Foundation
import Tensor
import TestSupport
import Testing
import Training

@Suite("whyfake train") struct TrainTests {
  private static let faces = Result { try SyntheticFaces(originals: 16) }

  /// A short run: two sizes, a look at *select* in every third step.
  private static func arguments(_ scratch: Scratch, run: String) throws -> [String] {
    var recipe = Recipe()
    recipe.batch = 4
    recipe.stages = [
      .init(size: 32, epochs: 3, rate: 1e-3, warmup: 2), .init(size: 48, epochs: 1, rate: 1e-3, warmup: 0),
    ]
    recipe.looksPerEpoch = 3
    let file = try scratch.write(JSONEncoder().encode(recipe), "recipe.json")
    return [
      "train", try faces.get().folder.url.path, "--output", scratch.path(run), "--start",
      ModelZoo.defaultModel,
      "--recipe", file, "--name", "short",
    ]
  }

  private static func weights(_ scratch: Scratch, _ run: String) throws -> [String: Tensor] {
    try Weights(safetensors: scratch.path("\(run)/checkpoint.safetensors")).tensors
  }

  @Test("killed at any moment, it goes on to the same weights") func killed() throws {
    let scratch = try Scratch()
    let whole = try Tool.start("whyfake", Self.arguments(scratch, run: "whole")).wait()
    #expect(whole.status == 0, "\(whole.errors)")
    for attempt in 0..<3 {
      let running = try Tool.start("whyfake", Self.arguments(scratch, run: "broken"))
      usleep(UInt32.random(in: 300_000...1_500_000) + UInt32(attempt) * 300_000)
      kill(running.process.processIdentifier, SIGKILL)
      _ = try running.wait()
    }
    let last = try Tool.start("whyfake", Self.arguments(scratch, run: "broken")).wait()
    #expect(last.status == 0, "\(last.errors)")
    #expect(try Self.weights(scratch, "whole") == Self.weights(scratch, "broken"))
    let models = try ["whole", "broken"].map {
      try Data(contentsOf: URL(fileURLWithPath: scratch.path("\($0)/model.safetensors")))
    }
    #expect(models[0] == models[1])
    #expect(try scratch.files.filter { $0.contains(".part") } == [])
  }

  @Test("Ctrl-C writes a checkpoint and says that the same command goes on") func interrupted() throws {
    let scratch = try Scratch()
    let running = try Tool.start("whyfake", Self.arguments(scratch, run: "run"))
    let log = scratch.path("run/log.jsonl")
    for _ in 0..<400 where (try? Data(contentsOf: URL(fileURLWithPath: log)).isEmpty) != false {
      usleep(20_000)
    }
    running.process.interrupt()
    let result = try running.wait()
    #expect(result.status == 130 && result.errors.contains("same command goes on"), "\(result)")
    #expect(FileManager.default.fileExists(atPath: scratch.path("run/checkpoint.safetensors")))
    #expect(result.output.isEmpty)
  }

  @Test("what it trained is a model that the other commands take") func used() throws {
    let scratch = try Scratch()
    #expect(try Tool.start("whyfake", Self.arguments(scratch, run: "run")).wait().status == 0)
    let inspected = try Tool.run("whyfake", "models", "inspect", scratch.path("run/model.safetensors"))
    #expect(inspected.status == 0 && inspected.output.contains("EfficientNetB0"), "\(inspected)")
  }

  @Test(
    "what cannot be done is one line and status 1",
    arguments: [
      ["/nowhere", "--start", "efficientnet-b0-dfdc-224"], ["FACES", "--start", "no-such-model"],
      ["FACES", "--start", "efficientnet-b0-dfdc-224", "--architecture", "EfficientNetB4"],
      ["FACES", "--start", "efficientnet-b0-dfdc-224", "--architecture", "Swin"],
      ["FACES", "--start", "efficientnet-b0-dfdc-224", "--stages", "large"],
      ["FACES", "--start", "efficientnet-b0-dfdc-224", "--recipe", "/dev/null"],
    ]) func refused(_ arguments: [String]) throws
  {
    let scratch = try Scratch()
    let faces = try Self.faces.get().folder.url.path
    let result = try Tool.start(
      "whyfake", ["train"] + arguments.map { $0 == "FACES" ? faces : $0 } + ["--output", scratch.path("run")]
    ).wait()
    #expect(result.status == 1 && result.errors.split(separator: "\n").count == 1, "\(result)")
    #expect(try scratch.files.isEmpty)
  }
}
