/// How packages call the tensors of an EfficientNet's trunk.
enum EfficientNetNames {
  /// This package.
  case whyfake
  /// efficientnet_pytorch (lukemelas).
  case efficientnetPyTorch
  /// timm, `efficientnet_b<k>` and `tf_efficientnet_b<k>` alike.
  case timm
  /// torchvision.
  case torchvision

  /// Names that tell it from other networks.
  var telling: [String] {
    switch self {
    case .whyfake: ["stem.conv.weight"]
    case .efficientnetPyTorch: ["_conv_stem.weight"]
    case .timm: ["conv_stem.weight", "blocks.0.0.conv_dw.weight"]
    case .torchvision: ["features.0.0.weight", "features.1.0.block.0.0.weight"]
    }
  }

  /// The package's name for our parameter of the trunk.
  func name(of parameter: String, in network: EfficientNet) -> String {
    let parts = parameter.split(separator: ".").map(String.init)
    return switch self {
    case .whyfake: parameter
    case .efficientnetPyTorch: Self.efficientnetPyTorch(parts)
    case .timm: Self.timm(parts, network)
    case .torchvision: Self.torchvision(parts, network)
    }
  }

  private static func efficientnetPyTorch(_ parts: [String]) -> String {
    let leaf = parts[parts.count - 1]
    switch parts[0] {
    case "stem": return (parts[1] == "conv" ? "_conv_stem." : "_bn0.") + leaf
    case "head": return (parts[1] == "conv" ? "_conv_head." : "_bn1.") + leaf
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

  private static func timm(_ parts: [String], _ network: EfficientNet) -> String {
    let leaf = parts[parts.count - 1]
    switch parts[0] {
    case "stem": return (parts[1] == "conv" ? "conv_stem." : "bn1.") + leaf
    case "head": return (parts[1] == "conv" ? "conv_head." : "bn2.") + leaf
    default:
      let (stage, position, expands) = place(of: parts[1], network)
      // A block that does not widen is a depthwise-separable one there, with the layers counted from its depthwise.
      let unit =
        switch (parts[2], parts[3]) {
        case ("expand", "conv"): "conv_pw"
        case ("expand", _): "bn1"
        case ("depthwise", "conv"): "conv_dw"
        case ("depthwise", _): expands ? "bn2" : "bn1"
        case ("project", "conv"): expands ? "conv_pwl" : "conv_pw"
        case ("project", _): expands ? "bn3" : "bn2"
        case (_, let gate): "se.conv_\(gate)"
        }
      return "blocks.\(stage).\(position).\(unit).\(leaf)"
    }
  }

  private static func torchvision(_ parts: [String], _ network: EfficientNet) -> String {
    let leaf = parts[parts.count - 1]
    func unit(_ part: String) -> String { part == "conv" ? "0" : "1" }
    switch parts[0] {
    case "stem": return "features.0.\(unit(parts[1])).\(leaf)"
    case "head": return "features.8.\(unit(parts[1])).\(leaf)"
    default:
      let (stage, position, expands) = place(of: parts[1], network)
      let depthwise = expands ? 1 : 0
      let layer =
        switch parts[2] {
        case "expand": "0.\(unit(parts[3]))"
        case "depthwise": "\(depthwise).\(unit(parts[3]))"
        case "project": "\(depthwise + 2).\(unit(parts[3]))"
        default: "\(depthwise + 1).\(parts[3] == "reduce" ? "fc1" : "fc2")"
        }
      return "features.\(stage + 1).\(position).block.\(layer).\(leaf)"
    }
  }

  /// The stage of a block and its position in it, both from 0, and whether it widens; a stage begins where the stride
  /// is not 1 or the width changes.
  private static func place(
    of block: String, _ network: EfficientNet
  ) -> (stage: Int, position: Int, expands: Bool) {
    let index = Int(block)!
    var (stage, position) = (0, 0)
    for block in network.bottlenecks[...index].dropFirst() {
      if block.stride != 1 || block.input != block.output {
        (stage, position) = (stage + 1, 0)
      } else {
        position += 1
      }
    }
    return (stage, position, network.bottlenecks[index].expansion != 1)
  }
}
