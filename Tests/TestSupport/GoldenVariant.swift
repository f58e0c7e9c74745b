public import Detector
public import Tensor

/// The variants of EfficientNet in `Tests/Golden/checkpoints/variants.safetensors`.
public enum GoldenVariant {
  /// The detector of a variant: the seeded B0 with what the golden adds.
  public static func detector(
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
