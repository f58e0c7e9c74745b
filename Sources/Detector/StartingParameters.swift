package import Tensor

extension Architecture {
  /// Parameters to begin training with: those of `start` that fit by name and shape; the others drawn from `seed`, uniform
  /// within ±1/√fan-in as PyTorch starts them.
  package func parameters(startingFrom start: [String: Tensor], seed: UInt64) -> [String: Tensor] {
    var parameters: [String: Tensor] = [:]
    var generator = SplitMix(seed: seed)
    for (name, shape) in parameterShapes.sorted(by: { $0.key < $1.key }) {
      if let given = start[name], given.shape == shape {
        parameters[name] = given
        continue
      }
      let bound = 1 / Double(max(1, shape.dropFirst().reduce(1, *))).squareRoot()
      parameters[name] = Tensor(shape: shape) { out in
        for i in out.indices { out[i] = Float((2 * generator.uniform() - 1) * bound) }
      }
    }
    return parameters
  }

  /// The EfficientNet of that name with a linear head, such as `EfficientNetB0`, `EfficientNetAutoAttB0`,
  /// `EfficientNetLTPAB4`; nil if there is none.
  public init?(efficientNet name: String) {
    let attentions: [EfficientNet.Attention] = [.none, .autoAtt(width: 0), .ltpa(.dotProduct)]
    for index in EfficientNet.indices {
      for attention in attentions {
        let layout = EfficientNet(b: index, attention: attention)
        if layout.name == name {
          self = .efficientNet(layout)
          return
        }
      }
    }
    return nil
  }
}

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
    let architecture = Architecture.efficientNet(EfficientNet(b: plain.index, attention: attention))
    var description = description
    description.info.architecture = architecture.name
    description.info.name = "\(info.name), \(architecture.name) untrained"
    description.info.trainingData = "its attention on nothing: seeded weights"
    description.info.performance = nil
    return try DeepfakeDetector(
      description: description,
      network: Network(
        architecture, padding: network.padding, epsilon: network.epsilon,
        parameters: architecture.parameters(startingFrom: network.parameters, seed: seed)))
  }
}
