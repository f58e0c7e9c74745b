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
    let detector = try Self.detector(variant, network, golden)
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

  /// The detector of a variant: the seeded B0 with what the golden adds.
  private static func detector(
    _ variant: String, _ network: EfficientNet, _ golden: [String: Tensor]
  ) throws -> DeepfakeDetector {
    var extra: [String: Tensor] = [:]
    func seeded(_ ours: String, _ theirs: String, _ shape: [Int]? = nil, factor: Float = 1) {
      let own = Architecture.efficientNet(network).parameterShapes[ours]!
      let stored = golden["\(variant).\(theirs).factor"]?.scalar ?? factor
      extra[ours] = Tensor.seededParameter(theirs, shape ?? own).reshaped(shape ?? own) * stored
    }
    switch network.attention {
    case .none: break
    case .autoAtt(let width):
      let map = width == 0 ? "attconv" : "attconv.conv_out"
      seeded("attention.map.weight", "\(map).weight", factor: 0.25)
      seeded("attention.map.bias", "\(map).bias")
      for i in 0..<width {
        for leaf in ["weight", "bias"] { seeded("attention.conv\(i).\(leaf)", "attconv.conv\(i).\(leaf)") }
      }
    case .ltpa(let compatibility):
      for level in 0..<3 {
        let name = "attention.\(level)"
        let projection = Architecture.efficientNet(network).parameterShapes["\(name).projection.weight"]!
        seeded("\(name).projection.weight", "\(name).projection.weight", projection + [1, 1])
        extra["\(name).projection.weight"] = extra["\(name).projection.weight"]!.reshaped(projection)
        if compatibility == .parametrised {
          seeded("\(name).compatibility.weight", "\(name).compatibility.weight", [1, 1280, 1, 1])
          extra["\(name).compatibility.weight"] = extra["\(name).compatibility.weight"]!.reshaped([1280])
        }
      }
    }
    switch (variant, network.head) {
    case (_, .siameseTuned):
      for leaf in ["weight", "bias"] {
        seeded("classifier.norm.\(leaf)", "classifier.0.\(leaf)")
        seeded("classifier.\(leaf)", "classifier.1.\(leaf)")
      }
      for leaf in ["running_mean", "running_var"] {
        extra["classifier.norm.\(leaf)"] = golden["\(variant).classifier.0.\(leaf)"]
      }
    case ("two-class", _):
      let weight = Tensor.seededParameter("_fc.weight", [2, 1280])
      let bias = Tensor.seededParameter("_fc.bias", [2])
      extra["classifier.weight"] = weight.rows(1..<2) - weight.rows(0..<1)
      extra["classifier.bias"] = bias.rows(1..<2) - bias.rows(0..<1)
    case ("unpadded-stem", _): break
    default:
      for leaf in ["weight", "bias"] { seeded("classifier.\(leaf)", "classifier.\(leaf)") }
    }
    let padding =
      variant == "unpadded-stem" ? Network.Padding(.tracked, padsStem: false) : Network.Padding(.native)
    return try GoldenNetwork.seededB0.seeded(network, padding, extra: extra)
  }
}
