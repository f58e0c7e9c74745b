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
