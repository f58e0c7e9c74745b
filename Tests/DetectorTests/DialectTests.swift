import Detector
import Foundation
import Tensor
import TestSupport
import Testing

/// Names and shapes as PyTorch wrote them (`Tests/Golden/checkpoints/keys.json`), with weights that are made here.
@Suite("Checkpoints are recognised by their keys")
struct DialectTests {
  let folder = TemporaryFolder()

  @Test(
    "every tensor finds its place, under the names of each project",
    arguments: [
      ("efficientnet_pytorch b0", "EfficientNetB0", "efficientnet_pytorch", PaddingScheme.tracked, 224),
      ("timm b0", "EfficientNetB0", "timm (tf_efficientnet)", .same, 224),
      ("DFDC winner b0", "EfficientNetB0", "DFDC winner", .same, 380),
      ("torchvision b0", "EfficientNetB0", "torchvision", .symmetric, 224),
      ("icpr2020dfdc b4", "EfficientNetB4", "icpr2020dfdc", .native, 224),
      ("icpr2020dfdc autoatt b4", "EfficientNetAutoAttB4", "icpr2020dfdc", .native, 224),
      ("icpr2020dfdc autoatt width 2 b4", "EfficientNetAutoAttB4", "icpr2020dfdc", .native, 224),
      ("icpr2020dfdc ST b4", "EfficientNetB4ST", "icpr2020dfdc", .native, 224),
      ("icpr2020dfdc autoatt ST b4", "EfficientNetAutoAttB4ST", "icpr2020dfdc", .native, 224),
      ("SBI b4", "EfficientNetB4", "SBI", .tracked, 380),
      ("DeepfakeBench b4", "EfficientNetB4", "DeepfakeBench", .tracked, 256),
      ("LTPA b4", "EfficientNetLTPAB4", "LTPA in PyTorch", .native, 224),
      ("LTPA parametrised b4", "EfficientNetLTPAB4", "LTPA in PyTorch", .native, 224),
      ("DeepfakeBench meso4", "Meso4", "DeepfakeBench", .symmetric, 256),
      ("DeepfakeBench mesoinception4", "MesoInception4WithoutReLU", "DeepfakeBench", .symmetric, 256),
      ("Keras meso4", "Meso4", "MesoNet (Keras)", .symmetric, 256),
      ("Keras mesoinception4", "MesoInception4", "MesoNet (Keras)", .symmetric, 256),
    ] as [(String, String, String, PaddingScheme, Int)])
  func places(format: String, architecture: String, project: String, padding: PaddingScheme, size: Int) throws
  {
    let keys = try CheckpointKeys.read(format)
    let path = folder.path("model.safetensors")
    try Weights(keys.tensors()).writeSafetensors(to: path)
    let detector = try DeepfakeDetector(contentsOf: path)
    #expect(detector.info.architecture == architecture && detector.info.name == "model")
    #expect(detector.description.checkpoint == project && detector.info.inputSize == size)
    #expect(detector.description.padding == .init(padding, padsStem: format != "DeepfakeBench b4"))
    // Each of the trunk's tensors is where efficientnet_pytorch's tensor of the same place in the order is.
    for (name, shape) in detector.network.architecture.parameterShapes {
      let isTrunk = ["stem", "blocks", "head"].contains { name.hasPrefix($0 + ".") }
      guard architecture.hasPrefix("Efficient"), isTrunk else { continue }
      let seedName = GoldenNetwork.seedName(name)
      #expect(detector.network.parameters[name] == .seededParameter(seedName, shape), "\(name)")
    }
  }

  @Test(
    "wrappers that training puts before all names are taken off",
    arguments: ["module.", "_orig_mod.", "module._orig_mod."])
  func wrappers(wrapper: String) throws {
    let keys = try CheckpointKeys.read("timm b0")
    let path = folder.path("model.safetensors")
    let tensors = keys.tensors()
    try Weights(tensors).writeSafetensors(to: path)
    let plain = try DeepfakeDetector(contentsOf: path)
    try Weights(Dictionary(uniqueKeysWithValues: tensors.map { (wrapper + $0.key, $0.value) }))
      .writeSafetensors(to: path)
    #expect(try DeepfakeDetector(contentsOf: path).network.parameters == plain.network.parameters)
  }

  @Test("two classes become the difference of their logits, either way round")
  func twoClasses() throws {
    let keys = try CheckpointKeys.read("SBI b4")
    let path = folder.path("model.safetensors")
    let tensors = keys.tensors()
    try Weights(tensors).writeSafetensors(to: path)
    func classifier(_ convention: ClassConvention?) throws -> Tensor {
      var overrides = DeepfakeDetector.Overrides()
      overrides.classConvention = convention
      return try DeepfakeDetector(contentsOf: path, overrides: overrides).network.parameters[
        "classifier.weight"]!
    }
    let rows = try #require(tensors["net._fc.weight"])
    #expect(try classifier(nil) == rows.rows(1..<2) - rows.rows(0..<1))
    #expect(try classifier(.fakeFirst) == rows.rows(0..<1) - rows.rows(1..<2))
    for wrong in [ClassConvention.fakeLogit, .realLogit] {
      let error = #expect(throws: DetectorError.self) { try classifier(wrong) }
      #expect(error?.message.contains("two outputs") == true)
    }
  }

  @Test(
    "a converted model says how its head was read, and reads the same again",
    arguments: [
      ("SBI b4", ClassConvention.fakeSecond), ("Keras meso4", .realLogit),
      ("DeepfakeBench mesoinception4", .fakeSecond), ("DeepfakeBench b4", .fakeSecond),
      ("icpr2020dfdc autoatt width 2 b4", .fakeLogit), ("icpr2020dfdc autoatt ST b4", .fakeLogit),
      ("LTPA parametrised b4", .fakeLogit),
    ])
  func converted(format: String, convention: ClassConvention) throws {
    let (original, copy) = (folder.path("a.safetensors"), folder.path("b.safetensors"))
    try Weights(CheckpointKeys.read(format).tensors()).writeSafetensors(to: original)
    let first = try DeepfakeDetector(contentsOf: original)
    try first.write(to: copy, precision: .float32)
    let second = try DeepfakeDetector(contentsOf: copy)
    #expect(second.description == first.description)
    #expect(second.network.parameters == first.network.parameters)
    #expect(second.description.classConvention == convention)
  }

  @Test("timm's networks without tf_ have the same names: padding and ε can be said")
  func plainTimm() throws {
    let path = folder.path("model.safetensors")
    try Weights(CheckpointKeys.read("timm b0").tensors()).writeSafetensors(to: path)
    var overrides = DeepfakeDetector.Overrides()
    overrides.padding = .symmetric
    overrides.epsilon = 1e-5
    overrides.normalization = .half
    let detector = try DeepfakeDetector(contentsOf: path, overrides: overrides)
    #expect(detector.network.padding == .init(.symmetric) && detector.network.epsilon == 1e-5)
    #expect(detector.description.normalization == .half)
  }
}
