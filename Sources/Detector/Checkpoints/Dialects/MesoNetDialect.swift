import Tensor
import VideoIO

/// Checkpoints of MesoNets: ours, and those of a PyTorch port (HongguLiu/MesoNet-Pytorch), which DeepfakeBench has under
/// `backbone.`. The port shares its norms between blocks, has no biases in convolutions, and no ReLU in the branches of
/// MesoInception4.
struct MesoNetDialect: CheckpointDialect {
  let project: String
  /// What the port's names begin with; nil for ours.
  let port: String?

  static let all: [any CheckpointDialect] = [
    MesoNetDialect(project: "WhyFake", port: nil),
    MesoNetDialect(project: "DeepfakeBench", port: "backbone."),
    MesoNetDialect(project: "MesoNet-Pytorch", port: ""),
  ]

  func reading(_ shapes: [String: [Int]]) -> (any CheckpointDialect)? {
    let telling = port.map { ["\($0)fc1.weight", "\($0)fc2.weight", "\($0)conv2.weight", "\($0)bn1.weight"] }
    return (telling ?? ["hidden.weight", "blocks.3.conv.weight"]).allSatisfy { shapes[$0] != nil }
      ? self : nil
  }

  func architecture(_ shapes: [String: [Int]]) throws(DetectorError) -> Architecture {
    if let port {
      let hasBranches = shapes["\(port)Incption1_conv1.weight"] != nil
      return .mesoNet(MesoNet(hasBranches ? .mesoInception4WithoutReLU : .meso4))
    }
    // Which of the two MesoInception4 it is, the file's description says.
    return .mesoNet(MesoNet(shapes["blocks.0.conv.weight"] != nil ? .meso4 : .mesoInception4))
  }

  func habits(for architecture: Architecture) -> Habits {
    let isPort = port != nil
    return Habits(
      epsilon: isPort ? 1e-5 : 1e-3, inputSize: architecture.nativeSize,
      normalization: isPort ? .half : .none, cropPolicy: isPort ? .deepfakeBench : .mesoNet)
  }

  func source(of parameter: String, in architecture: Architecture) -> ParameterSource {
    guard let port else { return .tensor(parameter) }
    guard case .mesoNet(let network) = architecture else {
      preconditionFailure("\(project) has MesoNets")
    }
    return Self.portName(of: parameter, hasBranches: network.variant != .meso4).map { .tensor(port + $0) }
      ?? .zeros
  }

  /// The port's name; nil for biases that it does not have.
  private static func portName(of parameter: String, hasBranches: Bool) -> String? {
    let parts = parameter.split(separator: ".").map(String.init)
    let leaf = parts[parts.count - 1]
    switch parts[0] {
    case "hidden": return "fc1.\(leaf)"
    case "classifier": return "fc2.\(leaf)"
    default:
      let block = Int(parts[1])!
      switch parts[2] {
      case "norm":
        if hasBranches { return block < 2 ? "Incption\(block + 1)_bn.\(leaf)" : "bn1.\(leaf)" }
        return "bn\(block / 2 + 1).\(leaf)"
      case _ where leaf == "bias": return nil
      case "conv": return "conv\(hasBranches ? block - 1 : block + 1).\(leaf)"
      default:
        let (branch, position) = (Int(parts[3])!, Int(parts[4])!)
        return "Incption\(block + 1)_conv" + (branch == 0 ? "1" : "\(branch + 1)_\(position + 1)")
          + ".\(leaf)"
      }
    }
  }
}
