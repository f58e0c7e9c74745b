import Tensor
import VideoIO

/// Checkpoints of EfficientNets: one row of ``all`` for each project.
struct EfficientNetDialect: CheckpointDialect {
  let project: String
  /// How the trunk's tensors are called.
  let names: EfficientNetNames
  /// What the trunk's names begin with.
  var trunk = ""
  /// The name of the last layer.
  var head = "classifier"
  /// A tensor that it has beside the trunk, where another project calls its trunk the same.
  var mark: String?
  /// Names with this beginning are left over from training: another task's head.
  var leftover: String?
  var padding = Network.Padding(.same)
  /// Side of the crops that its authors fed it; nil for the network's native one.
  var inputSize: Int?
  var normalization = Normalization.imageNet
  var cropPolicy = CropPolicy.scale
  /// BatchNorm's ε of B0 … B4, where it is not that of all.
  var smallEpsilon: Float = 1e-3

  static let all: [any CheckpointDialect] = [
    EfficientNetDialect(project: "WhyFake", names: .whyfake, padding: .init(.symmetric)),
    EfficientNetDialect(
      project: "LTPA in PyTorch", names: .efficientnetPyTorch, trunk: "efficientnet.",
      mark: "attention.0.projection.weight", padding: .init(.native), inputSize: 224),
    EfficientNetDialect(
      project: "icpr2020dfdc", names: .efficientnetPyTorch, trunk: "efficientnet.", padding: .init(.native),
      inputSize: 224),
    EfficientNetDialect(
      project: "icpr2020dfdc", names: .efficientnetPyTorch, trunk: "feat_ext.efficientnet.",
      leftover: "feat_ext.classifier.", padding: .init(.native), inputSize: 224),
    EfficientNetDialect(
      project: "SBI", names: .efficientnetPyTorch, trunk: "net.", head: "net._fc", padding: .init(.tracked),
      inputSize: 380, normalization: .none, cropPolicy: .stretched(fraction: 0.125)),
    EfficientNetDialect(
      project: "DeepfakeBench", names: .efficientnetPyTorch, trunk: "backbone.efficientnet.",
      head: "backbone.last_layer", padding: .init(.tracked, padsStem: false), inputSize: 256,
      normalization: .half, cropPolicy: .deepfakeBench),
    EfficientNetDialect(
      project: "efficientnet_pytorch", names: .efficientnetPyTorch, head: "_fc", padding: .init(.tracked)),
    EfficientNetDialect(
      project: "DFDC winner", names: .timm, trunk: "encoder.", head: "fc", leftover: "encoder.classifier.",
      inputSize: 380, cropPolicy: .letterbox(fraction: 1.0 / 3)),
    EfficientNetDialect(project: "timm (tf_efficientnet)", names: .timm),
    EfficientNetDialect(
      project: "torchvision", names: .torchvision, head: "classifier.1", padding: .init(.symmetric),
      smallEpsilon: 1e-5),
  ]

  func reading(_ shapes: [String: [Int]]) -> (any CheckpointDialect)? {
    let telling = names.telling.map { trunk + $0 } + (mark.map { [$0] } ?? [])
    return telling.allSatisfy { shapes[$0] != nil } ? self : nil
  }

  func isLeftover(_ name: String) -> Bool { leftover.map(name.hasPrefix) ?? false }

  func habits(for architecture: Architecture) -> Habits {
    var index = 0
    if case .efficientNet(let network) = architecture { index = network.index }
    return Habits(
      padding: padding, epsilon: index <= 4 ? smallEpsilon : 1e-3,
      inputSize: inputSize ?? architecture.nativeSize, normalization: normalization, cropPolicy: cropPolicy)
  }

  func architecture(_ shapes: [String: [Int]]) throws(DetectorError) -> Architecture {
    // The largest that fits: B1 has all blocks of B0, and more.
    guard let plain = EfficientNet.indices.map({ EfficientNet(b: $0) }).last(where: { fits($0, shapes) })
    else {
      throw DetectorError(
        .unknownArchitecture, "an EfficientNet by its names, but none of B0 to B7 by its shapes")
    }
    let isTuned = shapes["\(head).1.weight"] != nil || shapes["\(head).norm.weight"] != nil
    return .efficientNet(
      EfficientNet(b: plain.index, attention: attention(shapes), head: isTuned ? .siameseTuned : .linear))
  }

  /// Whether the widths of stem and head are those of `network`, and its last block is there.
  private func fits(_ network: EfficientNet, _ shapes: [String: [Int]]) -> Bool {
    let last = network.bottlenecks.count - 1
    let telling = [
      ("stem", [network.stem, 3, 3, 3]),
      ("head", [network.features, network.bottlenecks[last].output, 1, 1]),
      (
        "blocks.\(last).project",
        [network.bottlenecks[last].output, network.bottlenecks[last].expanded, 1, 1]
      ),
    ]
    return telling.allSatisfy { name, shape in
      shapes[trunk + names.name(of: "\(name).conv.weight", in: network)] == shape
    }
  }

  private func attention(_ shapes: [String: [Int]]) -> EfficientNet.Attention {
    let place = names == .whyfake ? "attention" : "\(trunk)attconv"
    let outer = String(trunk.dropLast("efficientnet.".count))
    let width = (0..<64).first { shapes["\(place).conv\($0).weight"] == nil } ?? 64
    if ["", ".map", ".conv_out"].contains(where: { shapes["\(place)\($0).weight"] != nil }) {
      return .autoAtt(width: width)
    }
    if shapes["\(outer)attention.0.projection.weight"] != nil {
      let isParametrised = shapes["\(outer)attention.0.compatibility.weight"] != nil
      return .ltpa(isParametrised ? .parametrised : .dotProduct)
    }
    return .none
  }

  func source(of parameter: String, in architecture: Architecture) -> ParameterSource {
    guard case .efficientNet(let network) = architecture else {
      preconditionFailure("\(project) has EfficientNets")
    }
    return .tensor(name(of: parameter, in: network))
  }

  private func name(of parameter: String, in network: EfficientNet) -> String {
    if names == .whyfake { return parameter }
    let parts = parameter.split(separator: ".").map(String.init)
    let rest = parts.dropFirst().joined(separator: ".")
    switch parts[0] {
    case "classifier":
      guard network.head == .siameseTuned else { return "\(head).\(rest)" }
      return parts[1] == "norm" ? "\(head).0.\(parts[2])" : "\(head).1.\(rest)"
    case "attention":
      if case .ltpa = network.attention { return trunk.dropLast("efficientnet.".count) + parameter }
      if case .autoAtt(width: 0) = network.attention { return "\(trunk)attconv.\(parts[2])" }
      return "\(trunk)attconv." + (parts[1] == "map" ? "conv_out.\(parts[2])" : rest)
    default: return trunk + names.name(of: parameter, in: network)
    }
  }
}
