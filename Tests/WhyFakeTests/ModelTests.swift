import Foundation
import Tensor
import TestSupport
import Testing

/// The tool with checkpoints of other projects: their names and shapes, weights that are made here.
@Suite("whyfake with anybody's checkpoint")
struct ModelTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The tool's run with `arguments`.
  private func run(_ arguments: String...) throws -> Tool { try Tool.start("whyfake", arguments).wait() }

  private func checkpoint(_ format: String, _ name: String = "model") throws -> String {
    let path = scratch.path("\(name).safetensors")
    try Weights(CheckpointKeys.read(format).tensors()).writeSafetensors(to: path)
    return path
  }

  @Test(
    "inspect says what a file is, and detect runs it with nothing else said",
    arguments: [
      ("DFDC winner b0", "EfficientNetB0", "DFDC winner"),
      ("torchvision b0", "EfficientNetB0", "torchvision"),
      ("DeepfakeBench meso4", "Meso4", "DeepfakeBench"), ("Keras mesoinception4", "MesoInception4", "Keras"),
    ])
  func formats(format: String, architecture: String, project: String) throws {
    let model = try checkpoint(format)
    let text = try run("models", "inspect", model)
    #expect(text.status == 0 && text.errors.isEmpty)
    #expect(text.lines.contains { $0.hasPrefix("architecture") && $0.hasSuffix(" \(architecture)") })
    #expect(text.lines.contains { $0.hasPrefix("read from") && $0.contains(project) })
    let json = try run("models", "inspect", "--format", "json", model)
    let record = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect((record?["info"] as? [String: Any])?["architecture"] as? String == architecture)
    #expect(record?["output"] as? String == "one logit, above 0: fake")

    let clip = scratch.path("clip.npy")
    try writeClip(clip)
    let verdict = try run("detect", "--format", "json", "--model", model, clip)
    #expect(verdict.status == 0, "\(verdict.errors)")
    let line = try JSONSerialization.jsonObject(with: Data(verdict.output.utf8)) as? [String: Any]
    #expect(line?["model"] as? String == "model" && (line?["logit"] as? Double)?.isFinite == true)
  }

  @Test("attention is shown by inspect, and the parametrised form is warned of wherever it runs")
  func attention() throws {
    let model = try checkpoint("LTPA parametrised b4")
    let text = try run("models", "inspect", model)
    #expect(
      text.lines.contains { $0.hasPrefix("attention") && $0.contains("blocks.21 (160 channels, 14×14)") })
    #expect(text.lines.contains { $0.hasPrefix("warning") && $0.contains("softmax cancels it") })
    let clip = scratch.path("clip.npy")
    try writeClip(clip, frames: 1)
    let verdict = try run("detect", "--model", model, clip)
    #expect(verdict.status == 0 && verdict.errors.contains("softmax cancels it"))
  }

  @Test("convert keeps what it was told, and the copy scores the same")
  func convert() throws {
    let (model, copy) = (try checkpoint("timm b0"), scratch.path("copy.safetensors"))
    let conversion = try run(
      "models", "convert", model, copy, "--padding", "symmetric", "--epsilon", "1e-5", "--normalization",
      "half",
      "--crop", "letterbox:0.25", "--size", "64", "--precision", "float32", "--source", "a test")
    #expect(conversion.status == 0, "\(conversion.errors)")
    let lines = try run("models", "inspect", copy).lines
    for (fact, value) in [
      ("padding", "symmetric"), ("epsilon", "1e-05"), ("crop", "letterbox:0.25"),
      ("input", "64 pixels a side"),
      ("source", "a test"), ("read from", "timm (tf_efficientnet)"), ("name", "copy"),
      ("normalisation", "mean 0.5, 0.5, 0.5; standard deviation 0.5, 0.5, 0.5"),
    ] { #expect(lines.contains { $0.hasPrefix(fact) && $0.hasSuffix(value) }, "\(fact): \(lines)") }
    for (option, word) in [
      (["--crop", "margin:-1"], "crop policy"), (["--classes", "fake-second"], "one output"),
    ] {
      let wrong = try Tool.start(
        "whyfake", ["models", "convert", model, scratch.path("x.safetensors")] + option
      ).wait()
      #expect(wrong.status == 1 && wrong.errors.contains(word), "\(wrong.errors)")
      #expect(!FileManager.default.fileExists(atPath: scratch.path("x.safetensors")))
    }
  }

  @Test("several models are one with +; what cannot be averaged or explained is one clear line")
  func ensemble() throws {
    let (a, b) = (try checkpoint("torchvision b0", "a"), try checkpoint("timm b0", "b"))
    let meso = try checkpoint("DeepfakeBench meso4", "c")
    let clip = scratch.path("clip.npy")
    try writeClip(clip, frames: 2)
    func logit(_ model: String) throws -> Double {
      let result = try run("detect", "--format", "json", "--model", model, clip)
      #expect(result.status == 0, "\(result.errors)")
      let line = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
      return try #require(line?["logit"] as? Double)
    }
    let (both, first, second) = (try logit("\(a)+\(b)"), try logit(a), try logit(b))
    #expect(abs(both - (first + second) / 2) < 1e-4 * max(abs(first), abs(second)))
    for (arguments, words) in [
      (["detect", "--model", "\(a)+\(meso)", clip], "different crops"),
      (["detect", "--model", "\(a)+", clip], "no model beside a +"),
      (["explain", "--model", "\(a)+\(b)", "--output", scratch.path("out"), clip], "--model gradcam="),
    ] {
      let wrong = try Tool.start("whyfake", arguments).wait()
      #expect(wrong.status == 1 && wrong.errors.contains(words), "\(wrong.errors)")
      #expect(wrong.errors.split(separator: "\n").count == 1)
    }
    let explained = try run(
      "explain", "--model", "\(a)+\(b)", "--model", "gradcam=\(b)", "--output", scratch.path("out"), clip)
    #expect(explained.status == 0, "\(explained.errors)")
  }
}
