public import Detector
public import Tensor
public import Testing

/// The networks of `Tests/Golden/efficientnet`.
public enum GoldenNetwork: String, CaseIterable, Sendable, CustomTestStringConvertible {
  /// B0 trained on DFDC, which ships.
  case trainedB0 = "b0-dfdc"
  /// B0 with seeded weights and calibrated statistics.
  case seededB0 = "b0-seeded"
  /// B4 with seeded weights and calibrated statistics.
  case seededB4 = "b4-seeded"

  /// The golden's name.
  public var testDescription: String { rawValue }

  /// The reference numbers.
  public var golden: [String: Tensor] {
    get throws { try Golden.tensors("efficientnet/\(rawValue).safetensors") }
  }

  /// The network as a detector, padded as `padding` says.
  public func detector(_ padding: PaddingScheme) throws -> DeepfakeDetector {
    switch self {
    case .trainedB0:
      var overrides = DeepfakeDetector.Overrides()
      overrides.padding = padding
      return try DeepfakeDetector(named: ModelZoo.defaultModel, overrides: overrides)
    case .seededB0: return try seeded(.init(b: 0), .init(padding))
    case .seededB4: return try seeded(.init(b: 4), .init(padding))
    }
  }

  /// A network of the same trunk and statistics; what else it has is given by `extra`, under our names.
  public func seeded(
    _ network: EfficientNet, _ padding: Network.Padding, extra: [String: Tensor] = [:]
  ) throws -> DeepfakeDetector {
    let golden = try golden
    let architecture = Architecture.efficientNet(network)
    var parameters: [String: Tensor] = [:]
    for (name, shape) in architecture.parameterShapes {
      parameters[name] = extra[name] ?? golden[name] ?? .seededParameter(Self.seedName(name), shape)
    }
    let info = ModelInfo(
      name: rawValue, architecture: architecture.name, inputSize: architecture.nativeSize)
    return try DeepfakeDetector(
      description: ModelDescription(info: info, padding: padding, epsilon: 1e-3),
      network: Network(architecture, padding: padding, epsilon: 1e-3, parameters: parameters))
  }

  /// efficientnet_pytorch's name of our parameter `name`, which it is seeded by; what that package does not have is
  /// seeded by its own name.
  public static func seedName(_ name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    let layers = [
      "stem.conv": "_conv_stem", "stem.norm": "_bn0", "head.conv": "_conv_head", "head.norm": "_bn1",
      "expand.conv": "_expand_conv", "expand.norm": "_bn0", "depthwise.conv": "_depthwise_conv",
      "depthwise.norm": "_bn1", "squeeze.reduce": "_se_reduce", "squeeze.expand": "_se_expand",
      "project.conv": "_project_conv", "project.norm": "_bn2",
    ]
    guard parts[0] != "classifier" else { return "_fc.\(parts[1])" }
    guard let layer = layers[parts.suffix(3).prefix(2).joined(separator: ".")] else { return name }
    return (parts[0] == "blocks" ? "_blocks.\(parts[1])." : "") + "\(layer).\(parts[parts.count - 1])"
  }
}
