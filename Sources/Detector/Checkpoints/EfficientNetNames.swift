import Tensor

/// A file format's names for an EfficientNet's tensors, recognised by its keys, and what its authors' code does with
/// them.
enum EfficientNetNames {
  /// This package's own.
  case whyfake
  /// efficientnet_pytorch, bare.
  case efficientnetPyTorch
  /// efficientnet_pytorch under `efficientnet.`, with the head called `classifier` (icpr2020dfdc).
  case icpr2020dfdc
  /// torchvision.
  case torchvision

  /// The format that has these keys.
  init?(recognising names: Set<String>) {
    if names.contains("stem.conv.weight") {
      self = .whyfake
    } else if names.contains("_conv_stem.weight") {
      self = .efficientnetPyTorch
    } else if names.contains("efficientnet._conv_stem.weight") {
      self = .icpr2020dfdc
    } else if names.contains("features.0.0.weight") && names.contains("features.1.0.block.0.0.weight") {
      self = .torchvision
    } else {
      return nil
    }
  }

  /// How its authors' code pads; ours says so in the file.
  var padding: PaddingScheme {
    switch self {
    case .whyfake, .torchvision: .symmetric
    case .efficientnetPyTorch: .tracked
    case .icpr2020dfdc: .native
    }
  }

  /// BatchNorm's ε in its authors' code.
  func epsilon(_ configuration: EfficientNet.Configuration) -> Float {
    self == .torchvision && configuration.index <= 4 ? 1e-5 : 1e-3
  }

  /// Side of the crops that its authors fed it.
  func inputSize(_ configuration: EfficientNet.Configuration) -> Int {
    self == .icpr2020dfdc ? 224 : configuration.nativeSize
  }

  /// The member of the family whose shapes these are, told by the widths of stem and head and the number of blocks.
  func configuration(_ shapes: [String: [Int]]) -> EfficientNet.Configuration? {
    EfficientNet.Configuration.indices.map(EfficientNet.Configuration.b).first { candidate in
      let expected = EfficientNet.parameterShapes(of: candidate)
      let last = candidate.bottlenecks.count - 1
      let telling = ["stem", "head", "blocks.\(last / 2).project", "blocks.\(last).project"]
      return telling.map { "\($0).conv.weight" }.allSatisfy { ours in
        shapes[name(for: ours, candidate)] == expected[ours]
      }
    }
  }

  /// The file's tensors under our names, 1×1 convolutions of the gates as matrices. BatchNorm's counters are dropped;
  /// anything else that is too much stays under its own name, to be complained about.
  func renamed(_ tensors: [String: Tensor], _ configuration: EfficientNet.Configuration) -> [String: Tensor] {
    var rest = tensors.filter { !$0.key.hasSuffix("num_batches_tracked") }
    var result: [String: Tensor] = [:]
    for (ours, shape) in EfficientNet.parameterShapes(of: configuration) {
      guard let tensor = rest.removeValue(forKey: name(for: ours, configuration)) else { continue }
      result[ours] = tensor.shape == shape + [1, 1] ? tensor.reshaped(shape) : tensor
    }
    return result.merging(rest) { ours, _ in ours }
  }

  /// This format's name for a tensor of ours.
  private func name(for ours: String, _ configuration: EfficientNet.Configuration) -> String {
    let parts = ours.split(separator: ".").map(String.init)
    switch self {
    case .whyfake: return ours
    case .efficientnetPyTorch: return Self.efficientnetPyTorchName(parts, head: "_fc")
    case .icpr2020dfdc:
      let name = Self.efficientnetPyTorchName(parts, head: "classifier")
      return parts[0] == "classifier" ? name : "efficientnet.\(name)"
    case .torchvision: return Self.torchvisionName(parts, configuration)
    }
  }

  private static func efficientnetPyTorchName(_ parts: [String], head: String) -> String {
    let leaf = parts[parts.count - 1]
    switch parts[0] {
    case "stem": return (parts[1] == "conv" ? "_conv_stem." : "_bn0.") + leaf
    case "head": return (parts[1] == "conv" ? "_conv_head." : "_bn1.") + leaf
    case "classifier": return "\(head).\(leaf)"
    default:
      let unit =
        switch (parts[2], parts[3]) {
        case ("expand", "conv"): "_expand_conv"
        case ("expand", _): "_bn0"
        case ("depthwise", "conv"): "_depthwise_conv"
        case ("depthwise", _): "_bn1"
        case ("project", "conv"): "_project_conv"
        case ("project", _): "_bn2"
        case (_, let gate): "_se_\(gate)"
        }
      return "_blocks.\(parts[1]).\(unit).\(leaf)"
    }
  }

  private static func torchvisionName(_ parts: [String], _ configuration: EfficientNet.Configuration)
    -> String
  {
    let leaf = parts[parts.count - 1]
    func unit(_ part: String) -> String { part == "conv" ? "0" : "1" }
    switch parts[0] {
    case "stem": return "features.0.\(unit(parts[1])).\(leaf)"
    case "head": return "features.8.\(unit(parts[1])).\(leaf)"
    case "classifier": return "classifier.1.\(leaf)"
    default:
      let index = Int(parts[1])!
      let (stage, position) = stage(of: index, configuration)
      let depthwise = configuration.bottlenecks[index].expansion == 1 ? 0 : 1
      let place =
        switch parts[2] {
        case "expand": "0.\(unit(parts[3]))"
        case "depthwise": "\(depthwise).\(unit(parts[3]))"
        case "project": "\(depthwise + 2).\(unit(parts[3]))"
        default: "\(depthwise + 1).\(parts[3] == "reduce" ? "fc1" : "fc2")"
        }
      return "features.\(stage + 1).\(position).block.\(place).\(leaf)"
    }
  }

  /// The stage of a block and its position in it, both from 0; a stage begins where the stride is not 1 or the width
  /// changes.
  private static func stage(
    of index: Int, _ configuration: EfficientNet.Configuration
  ) -> (stage: Int, position: Int) {
    var (stage, position) = (0, 0)
    for block in configuration.bottlenecks[...index].dropFirst() {
      if block.stride != 1 || block.input != block.output {
        (stage, position) = (stage + 1, 0)
      } else {
        position += 1
      }
    }
    return (stage, position)
  }
}
