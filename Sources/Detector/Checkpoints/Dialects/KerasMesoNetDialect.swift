import Tensor
import VideoIO

/// MesoNet's own weights, written by Keras, after the one-line conversion from HDF5 to safetensors
/// (`Documentation/Checkpoints.md`): names are Keras's paths, such as `conv2d_5/conv2d_5/kernel:0`. Keras numbers the
/// layers of a whole session, so that only their order counts. The last layer's sigmoid is 1 for *real*.
struct KerasMesoNetDialect: CheckpointDialect {
  let project = "MesoNet (Keras)"
  /// The layers' paths, such as `conv2d_5/conv2d_5`, in the order in which they were made.
  private var convolutions: [String] = []
  private var norms: [String] = []
  private var dense: [String] = []

  func reading(_ shapes: [String: [Int]]) -> (any CheckpointDialect)? {
    func layers(_ kind: String) -> [String] {
      let found = shapes.keys.compactMap { name -> (number: Int, path: String)? in
        guard let slash = name.lastIndex(of: "/") else { return nil }
        let layer = name[..<(name.firstIndex(of: "/") ?? slash)]
        guard layer.hasPrefix(kind) else { return nil }
        let rest = layer.dropFirst(kind.count)
        guard rest.isEmpty || rest.first == "_", let number = rest.isEmpty ? 0 : Int(rest.dropFirst()) else {
          return nil
        }
        return (number, String(name[..<slash]))
      }
      let byPath = Dictionary(found.map { ($0.path, $0.number) }) { first, _ in first }
      return byPath.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }
    var reading = self
    reading.convolutions = layers("conv2d")
    reading.norms = layers("batch_normalization")
    reading.dense = layers("dense")
    let isMesoNet =
      [4, 16].contains(reading.convolutions.count) && reading.norms.count == 4 && reading.dense.count == 2
    return isMesoNet ? reading : nil
  }

  func architecture(_ shapes: [String: [Int]]) throws(DetectorError) -> Architecture {
    .mesoNet(MesoNet(convolutions.count == 4 ? .meso4 : .mesoInception4))
  }

  func habits(for architecture: Architecture) -> Habits {
    Habits(
      epsilon: 1e-3, inputSize: architecture.nativeSize, normalization: .none, cropPolicy: .mesoNet,
      oneOutput: .realLogit)
  }

  func source(of parameter: String, in architecture: Architecture) -> ParameterSource {
    let parts = parameter.split(separator: ".").map(String.init)
    let leaf = parts[parts.count - 1]
    switch parts[0] {
    case "hidden", "classifier":
      return .tensor("\(dense[parts[0] == "hidden" ? 0 : 1])/\(leaf == "weight" ? "kernel" : "bias"):0")
    default:
      let block = Int(parts[1])!
      if parts[2] == "norm" {
        let names = [
          "weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance",
        ]
        return .tensor("\(norms[block])/\(names[leaf]!):0")
      }
      return .tensor("\(convolutions[number(of: parts, block)])/\(leaf == "weight" ? "kernel" : "bias"):0")
    }
  }

  /// Which convolution of the network it is: the branches of a block were made one after the other.
  private func number(of parts: [String], _ block: Int) -> Int {
    if convolutions.count == 4 { return block }
    guard parts[2] == "branches" else { return 14 + block - 2 }
    let (branch, position) = (Int(parts[3])!, Int(parts[4])!)
    return block * 7 + (branch == 0 ? 0 : branch * 2 - 1) + position
  }

  func converted(_ tensor: Tensor, to parameter: String, _ shape: [Int]) -> Tensor? {
    guard parameter.hasSuffix(".weight"), shape.count > 1 else { return tensor.reshapedIfAlike(shape) }
    if shape.count == 4 {
      // [kH, kW, in, out]
      guard tensor.shape == [shape[2], shape[3], shape[1], shape[0]] else { return nil }
      return tensor.permuted([3, 2, 0, 1])
    }
    guard tensor.shape == [shape[1], shape[0]] else { return nil }
    guard parameter == "hidden.weight" else { return tensor.permuted([1, 0]) }
    // Places come first there, channels here.
    let side = MesoNet.lastSide
    return tensor.reshaped([side, side, shape[1] / side / side, shape[0]]).permuted([3, 2, 0, 1]).reshaped(
      shape)
  }
}
