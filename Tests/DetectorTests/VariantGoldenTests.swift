import Detector
import Tensor
import TestSupport
import Testing

/// Attention, heads and MesoNets against PyTorch, with weights that are made here: `Tests/Golden/checkpoints/small.py`.
@Suite("Variants against PyTorch")
struct VariantGoldenTests {
  private let tolerance: Float = 1e-4

  @Test(
    "logits and attention maps of each kind of EfficientNet",
    arguments: [
      ("autoatt", EfficientNet(b: 0, attention: .autoAtt(width: 0))),
      ("autoatt-width2", EfficientNet(b: 0, attention: .autoAtt(width: 2))),
      ("ltpa", EfficientNet(b: 0, attention: .ltpa(.dotProduct))),
      ("ltpa-parametrised", EfficientNet(b: 0, attention: .ltpa(.parametrised))),
      ("autoatt-st", EfficientNet(b: 0, attention: .autoAtt(width: 0), head: .siameseTuned)),
      ("two-class", EfficientNet(b: 0)), ("unpadded-stem", EfficientNet(b: 0)),
    ])
  func efficientNets(variant: String, network: EfficientNet) throws {
    let golden = try Golden.tensors("checkpoints/variants.safetensors")
    let detector = try GoldenVariant.detector(variant, network, golden)
    let crops = try Portrait.tensor(size: 224).rows(0..<2)
    let expected = try #require(golden["\(variant).logits.224"])
    expectClose(
      try detector.logits(crops).elements, expected.elements, within: tolerance, "\(variant), logits")
    guard network.attention != .none else { return }
    let maps = try AttentiveDetector(detector).attention(crops).maps
    for (level, map) in maps.enumerated() {
      let expected = try #require(golden["\(variant).attention.\(level + 1).224"])
      #expect(map.shape == expected.shape)
      expectClose(map.elements, expected.elements, within: tolerance, "\(variant), map \(level + 1)")
    }
  }

  @Test(
    "logits of the MesoNets, as their authors wrote them and as the PyTorch port has them",
    arguments: [
      ("keras-meso4", "Keras meso4"), ("keras-mesoinception4", "Keras mesoinception4"),
      ("port-meso4", "DeepfakeBench meso4"), ("port-mesoinception4", "DeepfakeBench mesoinception4"),
    ])
  func mesoNets(variant: String, format: String) throws {
    let golden = try Golden.tensors("checkpoints/variants.safetensors")
    let isKeras = variant.hasPrefix("keras")
    var tensors: [String: Tensor] = [:]
    for (name, shape, seed) in try CheckpointKeys.read(format).keys where !name.hasSuffix("batches_tracked") {
      if let statistics = golden["\(variant).\(seed)"] {
        tensors[name] = statistics
      } else if isKeras, shape.count > 1 {
        // Seeded in our order of dimensions, stored in Keras's.
        let ours = shape.count == 4 ? [shape[3], shape[2], shape[0], shape[1]] : [shape[1], shape[0]]
        tensors[name] = Tensor.seededParameter(seed, ours).permuted(
          shape.count == 4 ? [2, 3, 1, 0] : [1, 0])
      } else {
        tensors[name] = .seededParameter(seed, shape)
      }
    }
    let folder = TemporaryFolder()
    try Weights(tensors).writeSafetensors(to: folder.path("meso.safetensors"))
    let detector = try DeepfakeDetector(contentsOf: folder.path("meso.safetensors"))
    let crops = try Portrait.tensor(size: 256).rows(0..<2)
    let expected = try #require(golden["\(variant).logits.256"])
    expectClose(
      try detector.logits(crops).elements, expected.elements, within: tolerance, "\(variant), logits")
    #expect(throws: DetectorError.self) { try detector.logits(Portrait.tensor(size: 224)) }
    var overrides = DeepfakeDetector.Overrides()
    overrides.inputSize = 224
    let error = #expect(throws: DetectorError.self) {
      try DeepfakeDetector(contentsOf: folder.path("meso.safetensors"), overrides: overrides)
    }
    #expect(error?.message.contains("256 pixels") == true)
  }
}
