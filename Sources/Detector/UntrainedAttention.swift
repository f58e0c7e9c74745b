import Tensor

extension DeepfakeDetector {
  /// This detector's trunk with attention, and what classifies behind it, that nobody trained: weights drawn from `seed`,
  /// uniform within ±1/√fan-in as PyTorch starts them.
  ///
  /// For showing what an attention method draws before there is a trained network. Its logits mean nothing, and its maps
  /// say what the trunk's features look like through random eyes; ``ModelInfo/name`` says `untrained`.
  ///
  /// - Throws: ``DetectorError`` if this is not an EfficientNet without attention.
  public func withUntrainedAttention(_ attention: EfficientNet.Attention, seed: UInt64) throws(DetectorError)
    -> DeepfakeDetector
  {
    guard case .efficientNet(let plain) = network.architecture, plain.attention == .none,
      plain.head == .linear
    else {
      throw DetectorError(
        .badRequest,
        "\(info.name) is an \(info.architecture): untrained attention goes into a plain EfficientNet")
    }
    let layout = EfficientNet(b: plain.index, attention: attention)
    let architecture = Architecture.efficientNet(layout)
    var parameters: [String: Tensor] = [:]
    var generator = SplitMix(seed: seed)
    for (name, shape) in architecture.parameterShapes.sorted(by: { $0.key < $1.key }) {
      if let trained = network.parameters[name], trained.shape == shape {
        parameters[name] = trained
        continue
      }
      let bound = 1 / Double(max(1, shape.dropFirst().reduce(1, *))).squareRoot()
      parameters[name] = Tensor(shape: shape) { out in
        for i in out.indices { out[i] = Float((2 * generator.uniform() - 1) * bound) }
      }
    }
    var description = description
    description.info.architecture = layout.name
    description.info.name = "\(info.name), \(layout.name) untrained"
    description.info.trainingData = "its attention on nothing: seeded weights"
    description.info.performance = nil
    return try DeepfakeDetector(
      description: description,
      network: Network(
        architecture, padding: network.padding, epsilon: network.epsilon, parameters: parameters))
  }
}
