import Detector

/// A layer as arithmetic and memory traffic, for one picture.
struct NetworkLayer {
  let name: String
  /// What it is: stem, pointwise, depthwise, gate or linear.
  let kind: String
  /// Multiplications, each with an addition. Bias, normalisation, activation and pooling are not counted.
  let multiplications: Double
  /// Floats of weights.
  let weights: Double
  /// Floats read and written, each once.
  let activations: Double

  /// The layers of `network` in order, on pictures of `size` pixels a side that every stride halves, rounded up.
  static func all(of network: EfficientNet, size: Int) -> [NetworkLayer] {
    let architecture = Architecture.efficientNet(network)
    let shapes = architecture.parameterShapes
    func side(_ stride: Int) -> Double {
      var (side, left) = (size, stride)
      while left > 1 { (side, left) = ((side + 1) / 2, left / 2) }
      return Double(side)
    }
    func convolution(_ name: String, _ kind: String, from: Int, to: Int, shortcut: Bool = false)
      -> NetworkLayer
    {
      let shape = shapes["\(name).conv.weight"]!.map(Double.init)
      let (output, perGroup, taps) = (shape[0], shape[1], shape[2] * shape[3])
      let (before, after) = (side(from) * side(from), side(to) * side(to))
      let input = kind == "depthwise" ? output : perGroup
      return NetworkLayer(
        name: name, kind: kind, multiplications: output * perGroup * taps * after,
        weights: output * perGroup * taps,
        activations: input * before + output * after * (shortcut ? 2 : 1))
    }

    let blocks = architecture.blocks
    var layers = [convolution("stem", "stem", from: 1, to: 2)]
    for (previous, block) in zip(blocks, blocks.dropFirst().dropLast()) {
      let (from, to) = (previous.stride, block.stride)
      if shapes["\(block.name).expand.conv.weight"] != nil {
        layers.append(convolution("\(block.name).expand", "pointwise", from: from, to: from))
      }
      layers.append(convolution("\(block.name).depthwise", "depthwise", from: from, to: to))
      let reduce = shapes["\(block.name).squeeze.reduce.weight"]!.map(Double.init)
      layers.append(
        NetworkLayer(
          name: "\(block.name).squeeze", kind: "gate", multiplications: 2 * reduce[0] * reduce[1],
          weights: 2 * reduce[0] * reduce[1], activations: 2 * reduce[1]))
      layers.append(
        convolution(
          "\(block.name).project", "pointwise", from: to, to: to,
          shortcut: from == to && previous.channels == block.channels))
    }
    let stride = blocks[blocks.count - 1].stride
    layers.append(convolution("head", "pointwise", from: stride, to: stride))
    let features = Double(blocks[blocks.count - 1].channels)
    layers.append(
      NetworkLayer(
        name: "classifier", kind: "linear", multiplications: features, weights: features,
        activations: features))
    return layers
  }
}
