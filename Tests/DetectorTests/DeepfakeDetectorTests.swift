import Detector
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

@Suite("A detector and its file")
struct DeepfakeDetectorTests {
  private static let crops = Tensor.random([2, 3, 64, 64], seed: 1) * 0.5 + 0.5

  @Test("the shipped model says what it is, and tells crops apart")
  func shipped() throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    #expect(detector.info.architecture == "EfficientNetB0" && detector.info.inputSize == 224)
    #expect(detector.description.padding == .init(.symmetric) && detector.description.epsilon == 1e-5)
    #expect(detector.info.licence?.contains("research") == true)
    let logits = try detector.logits(Self.crops).elements
    #expect(abs(logits[0] - logits[1]) > 0.01)
  }

  @Test("a written model comes back the same but for 16 bits, and description and all")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    let original = try GoldenNetwork.seededB0.detector(.native)
    try original.write(to: folder.path("full.safetensors"), precision: .float32)
    let full = try DeepfakeDetector(contentsOf: folder.path("full.safetensors"))
    #expect(full.description == original.description)
    #expect(try full.logits(Self.crops) == original.logits(Self.crops))
    try original.write(to: folder.path("half.safetensors"))
    let half = try DeepfakeDetector(contentsOf: folder.path("half.safetensors"))
    for (name, tensor) in original.network.parameters {
      let stored = try #require(half.network.parameters[name])
      let bound = tensor.shape.count > 1 ? 0x1p-11 : 0
      for (a, b) in zip(tensor.elements, stored.elements) where abs(a - b) > Float(bound) * abs(a) + 0x1p-25 {
        Issue.record("\(name): \(a) became \(b)")
      }
    }
    #expect(try half.logits(Self.crops) != original.logits(Self.crops))
  }

  @Test("overrides change the description, and padding changes the logits")
  func overrides() throws {
    var overrides = DeepfakeDetector.Overrides()
    overrides.padding = .same
    overrides.inputSize = 192
    overrides.cropPolicy = .tight
    overrides.name = "mine"
    let plain = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let changed = try DeepfakeDetector(named: ModelZoo.defaultModel, overrides: overrides)
    #expect(changed.info.name == "mine" && changed.info.inputSize == 192 && changed.info.cropPolicy == .tight)
    #expect(try changed.logits(Self.crops).largestDifference(to: plain.logits(Self.crops)) > 1e-3)
    overrides.architecture = "EfficientNetB4"
    expectError(.unknownArchitecture, naming: "EfficientNetB0") {
      try DeepfakeDetector(named: ModelZoo.defaultModel, overrides: overrides)
    }
  }

  @Test("icpr2020dfdc's names are recognised, with its padding, ε and size")
  func icpr2020dfdc() throws {
    let folder = TemporaryFolder()
    let path = folder.path("icpr.safetensors")
    try icprWeights().writeSafetensors(to: path, precision: .float32)
    let detector = try DeepfakeDetector(contentsOf: path)
    #expect(detector.description.padding == .init(.native) && detector.description.epsilon == 1e-3)
    #expect(detector.info.inputSize == 224 && detector.info.name == "icpr")
    let same = try GoldenNetwork.seededB0.detector(.native)
    #expect(try detector.logits(Self.crops) == same.logits(Self.crops))
  }

  @Test("missing, unknown and wrongly shaped tensors are listed")
  func wrongTensors() throws {
    let folder = TemporaryFolder()
    let path = folder.path("broken.safetensors")
    func load(_ change: (inout Weights) -> Void) throws -> DeepfakeDetector {
      var weights = try icprWeights()
      change(&weights)
      try weights.writeSafetensors(to: path, precision: .float32)
      return try DeepfakeDetector(contentsOf: path)
    }
    expectError(.wrongTensors, naming: "missing: efficientnet._blocks.3._expand_conv.weight") {
      try load { $0.tensors["efficientnet._blocks.3._expand_conv.weight"] = nil }
    }
    expectError(.wrongTensors, naming: "unknown: attention.weight") {
      try load { $0.tensors["attention.weight"] = Tensor(shape: [1, 40, 1, 1], repeating: 0) }
    }
    expectError(
      .wrongTensors,
      naming: "_bn0.weight (is it efficientnet._bn0.weigth?); unknown: efficientnet._bn0.weigth"
    ) {
      try load {
        $0.tensors["efficientnet._bn0.weigth"] = $0.tensors.removeValue(forKey: "efficientnet._bn0.weight")
      }
    }
    expectError(.wrongTensors, naming: "classifier.weight [2, 1280] instead of [1, 1280]") {
      try load { $0.tensors["classifier.weight"] = Tensor(shape: [2, 1280], repeating: 0) }
    }
    expectError(.wrongTensors, naming: "tells 1000 classes apart") {
      try load {
        $0.tensors["classifier.weight"] = Tensor(shape: [1000, 1280], repeating: 0)
        $0.tensors["classifier.bias"] = Tensor(shape: [1000], repeating: 0)
      }
    }
    expectError(.unknownArchitecture, naming: "none of B0 to B7") {
      try load { $0.tensors["efficientnet._conv_head.weight"] = Tensor(shape: [1, 1, 1, 1], repeating: 0) }
    }
    expectError(.unknownArchitecture, naming: "an Xception") {
      try load { $0.tensors = ["xception.conv1.weight": Tensor(1)] }
    }
    expectError(.unknownArchitecture, naming: "no known network") {
      try load { $0.tensors = ["a": Tensor(1)] }
    }
    expectError(.badDescription, naming: "whyfake.model") {
      try load { $0.metadata["whyfake.model"] = "{\"padding\": 7}" }
    }
  }

  @Test("a description that makes no sense, or of another network, is refused")
  func descriptions() throws {
    let folder = TemporaryFolder()
    let path = folder.path("model.safetensors")
    try DeepfakeDetector(named: ModelZoo.defaultModel).write(to: path)
    let weights = try Weights(safetensors: path)
    let text = try #require(weights.metadata["whyfake.model"])
    for (old, new, words) in [
      (#""inputSize":224"#, #""inputSize":9000"#, "input size 9000"),
      (#""scale":1.04"#, #""scale":1e300"#, "crop policy"), (#""epsilon":"#, #""epsilon":-"#, "epsilon"),
      (#""mean":[0.485"#, #""mean":[0.5,0.485"#, "mean"),
      ("EfficientNetB0", "EfficientNetB1", "'EfficientNetB1'"),
    ] {
      var changed = weights
      changed.metadata["whyfake.model"] = text.replacing(old, with: new)
      #expect(changed.metadata != weights.metadata, "\(old) is not in \(text)")
      try changed.writeSafetensors(to: path, precision: .float16)
      expectError(.badDescription, naming: words) { try DeepfakeDetector(contentsOf: path) }
    }
  }

  @Test(
    "of a network for a thousand classes the trunk can be had, to train from; as a detector it is refused")
  func trunk() throws {
    let folder = TemporaryFolder()
    var parameters = try DeepfakeDetector(named: ModelZoo.defaultModel).network.parameters
    parameters["classifier.weight"] = Tensor(shape: [1000, 1280], repeating: 1)
    parameters["classifier.bias"] = Tensor(shape: [1000], repeating: 1)
    let path = folder.path("photographs.safetensors")
    try Weights(parameters).writeSafetensors(to: path)
    expectError(.wrongTensors, naming: "1000 classes") { try DeepfakeDetector(contentsOf: path) }
    var overrides = DeepfakeDetector.Overrides()
    overrides.isTrunkOnly = true
    let found = try DeepfakeDetector(contentsOf: path, overrides: overrides).network.parameters
    for (name, tensor) in found {
      let expected =
        name.hasPrefix("classifier.") ? Tensor(shape: tensor.shape, repeating: 0) : parameters[name]
      #expect(tensor == expected, "\(name)")
    }
  }

  @Test("an unknown name lists the known ones, and crops of a wrong shape are refused")
  func badRequests() throws {
    expectError(.unknownModel, naming: ModelZoo.defaultModel) { try DeepfakeDetector(named: "nothing") }
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    expectError(.badRequest, naming: "[1, 3, 8, 8]") {
      try detector.logits(Tensor(shape: [1, 3, 8, 8], repeating: 0))
    }
    expectError(.badRequest, naming: "no block x") {
      try detector.activations(at: Block(name: "x", channels: 1, stride: 1), Self.crops)
    }
  }

  @Test("weights cut in half are refused in one line that names the file")
  func truncated() throws {
    let folder = TemporaryFolder()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: ModelZoo.locate(ModelZoo.defaultModel)))
    let path = try folder.write([UInt8](bytes.prefix(bytes.count / 2)), "half.safetensors")
    let error = #expect(throws: WeightsError.self) { try DeepfakeDetector(contentsOf: path) }
    let text = String(describing: try #require(error))
    #expect(text.contains("half.safetensors") && !text.contains("\n"))
  }

  @Test(
    "every member of the family has the published number of parameters",
    arguments: EfficientNet.indices)
  func family(_ k: Int) {
    // Tan & Le's tables, with 1000 classes: 5.3, 7.8, 9.2, 12, 19, 30, 43 and 66 million.
    let published = [
      5_288_548, 7_794_184, 9_109_994, 12_233_232, 19_341_616, 30_389_784, 43_040_704, 66_347_960,
    ]
    let network = EfficientNet(b: k)
    let learned = Architecture.efficientNet(network).parameterShapes.filter { !$0.key.contains("running") }
    let count = learned.values.reduce(0) { $0 + $1.reduce(1, *) }
    #expect(count + 999 * (network.features + 1) == published[k])
  }

  @Test("a crop's logit does not depend on the batch around it")
  func batching() throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let together = try detector.logits(Self.crops).elements
    let alone = try (0..<2).map { try detector.logits(Self.crops.rows($0..<$0 + 1)).scalar }
    for (a, b) in zip(together, alone) { #expect(abs(a - b) < 1e-4) }
  }

  /// The seeded B0 under icpr2020dfdc's names.
  private func icprWeights() throws -> Weights {
    let network = try GoldenNetwork.seededB0.detector(.native).network
    var renamed: [String: Tensor] = [:]
    for (name, tensor) in network.parameters {
      let isGate = name.contains("squeeze") && name.hasSuffix("weight")
      renamed[Self.icprName(name)] = isGate ? tensor.reshaped(tensor.shape + [1, 1]) : tensor
    }
    return Weights(renamed)
  }

  private static func icprName(_ name: String) -> String {
    if name.hasPrefix("classifier") { return name }
    var result = name.replacing("blocks.", with: "_blocks.")
    for (ours, theirs) in [
      ("stem.conv", "_conv_stem"), ("stem.norm", "_bn0"), ("head.conv", "_conv_head"), ("head.norm", "_bn1"),
      ("expand.conv", "_expand_conv"), ("expand.norm", "_bn0"), ("depthwise.conv", "_depthwise_conv"),
      ("depthwise.norm", "_bn1"), ("squeeze.reduce", "_se_reduce"), ("squeeze.expand", "_se_expand"),
      ("project.conv", "_project_conv"), ("project.norm", "_bn2"),
    ] { result = result.replacing(ours, with: theirs) }
    return "efficientnet.\(result)"
  }

  private func expectError<R>(
    _ code: DetectorError.Code, naming text: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> R
  ) {
    let error = #expect(throws: DetectorError.self, sourceLocation: sourceLocation) { _ = try body() }
    #expect(error?.code == code, sourceLocation: sourceLocation)
    #expect(
      error?.description.contains(text) == true, "\(String(describing: error))",
      sourceLocation: sourceLocation)
  }
}
