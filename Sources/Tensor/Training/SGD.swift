import CWhyFakeTensor

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's `torch.optim.SGD`.
///
/// With g the gradient: g ← g + decay·θ, m ← momentum·m + g, θ ← θ − rate·m; with Nesterov's momentum
/// θ ← θ − rate·(g + momentum·m).
public struct SGD: Optimizer {
  /// The step size; may change from step to step.
  public var rate: Float
  /// How much of the sum of gradients stays at each step, in [0, 1).
  public let momentum: Float
  /// Whether the step looks ahead (Nesterov).
  public let isNesterov: Bool
  /// How much of a parameter is added to its gradient.
  public var decay: Float
  /// Whether ``decay`` shrinks tensors of one dimension too: biases, and scales and offsets of normalisations.
  public var decaysVectors: Bool
  private var sums: [String: Tensor] = [:]

  /// An optimiser that has not seen a gradient.
  public init(
    rate: Float, momentum: Float = 0, isNesterov: Bool = false, decay: Float = 0, decaysVectors: Bool = true
  ) {
    precondition((0..<1).contains(momentum) && decay >= 0, "SGD: \(momentum), \(decay)")
    (self.rate, self.momentum, self.isNesterov) = (rate, momentum, isNesterov)
    (self.decay, self.decaysVectors) = (decay, decaysVectors)
  }

  /// `<parameter>.momentum`, the sums of gradients; empty without momentum.
  public var state: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: sums.map { ("\($0.key).momentum", $0.value) })
  }

  /// Remembers `state`, the ``state`` of an optimiser like this one, in place of what it has seen itself.
  public mutating func restore(
    _ state: [String: Tensor], for parameters: [String: Tensor]
  ) throws(OptimizerStateError) {
    sums = try optimizerParts(["momentum"], of: state, for: parameters) { $1 }.mapValues { $0[0] }
  }

  /// One step: changes each of `parameters` that has a gradient.
  public mutating func update(_ parameters: inout [String: Tensor], gradients: [String: Tensor]) {
    var step = OptimizerStep()
    for (name, gradient) in gradients {
      guard let shape = parameters[name]?.shape else { preconditionFailure("SGD: no parameter \(name)") }
      var sum: UnsafeMutablePointer<Float>?
      if momentum > 0 { sum = sums[name, default: Tensor(shape: shape, repeating: 0)].ownedPointer() }
      step.add(
        name, &parameters[name]!, by: gradient, mean: sum, rate: rate,
        decay: decaysVectors || shape.count > 1 ? decay : 0)
    }
    var rule = wf_update_rule(WF_SGD)
    (rule.momentum, rule.nesterov) = (momentum, isNesterov)
    step.run(rule, owners: (parameters, sums))
  }
}
