import CWhyFakeTensor
import Foundation

/// Adam (Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*, algorithm 1), with decoupled weight decay
/// (Loshchilov & Hutter 2019) where that is asked for.
///
/// With g the gradient and t the number of the step: m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g²,
/// θ ← θ·(1 − rate·decay) − rate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε).
public struct Adam: Optimizer {
  /// The step size; may change from step to step.
  public var rate: Float
  /// Weight decay per step, as a share of ``rate``.
  public var decay: Float
  /// Whether ``decay`` shrinks tensors of one dimension too: biases, and scales and offsets of normalisations.
  public var decaysVectors: Bool
  /// How much of the average of gradients stays at each step.
  public let beta1: Float
  /// How much of the average of squared gradients stays at each step.
  public let beta2: Float
  /// Added to the root of the average of squares.
  public let epsilon: Float

  private struct Averages {
    var gradient: Tensor
    var square: Tensor
    var steps = 0
  }
  private var averages: [String: Averages] = [:]

  /// An optimiser that has not seen a gradient; the defaults are the paper's.
  public init(
    rate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, decay: Float = 0,
    decaysVectors: Bool = true
  ) {
    precondition(
      (0..<1).contains(beta1) && (0..<1).contains(beta2) && epsilon >= 0,
      "Adam: \(beta1), \(beta2), \(epsilon)")
    (self.rate, self.beta1, self.beta2, self.epsilon) = (rate, beta1, beta2, epsilon)
    (self.decay, self.decaysVectors) = (decay, decaysVectors)
  }

  /// `<parameter>.mean` and `<parameter>.square`, the averages; `<parameter>.steps` `[1]`, how many steps they saw.
  public var state: [String: Tensor] {
    var state: [String: Tensor] = [:]
    for (name, averages) in averages {
      state["\(name).mean"] = averages.gradient
      state["\(name).square"] = averages.square
      state["\(name).steps"] = Tensor(shape: [1], [Float(averages.steps)])
    }
    return state
  }

  /// Remembers `state`, the ``state`` of an optimiser like this one, in place of what it has seen itself.
  public mutating func restore(
    _ state: [String: Tensor], for parameters: [String: Tensor]
  ) throws(OptimizerStateError) {
    let parts = try optimizerParts(["mean", "square", "steps"], of: state, for: parameters) {
      $0 == 2 ? [1] : $1
    }
    var averages: [String: Averages] = [:]
    for (name, parts) in parts {
      guard let steps = Int(exactly: parts[2].scalar), steps > 0 else {
        throw OptimizerStateError("the optimiser's state counts \(parts[2].scalar) steps for \(quoted(name))")
      }
      averages[name] = Averages(gradient: parts[0], square: parts[1], steps: steps)
    }
    self.averages = averages
  }

  /// One step: changes each of `parameters` that has a gradient.
  public mutating func update(_ parameters: inout [String: Tensor], gradients: [String: Tensor]) {
    var step = OptimizerStep()
    for (name, gradient) in gradients {
      guard let shape = parameters[name]?.shape else { preconditionFailure("Adam: no parameter \(name)") }
      let zeros = { Tensor(shape: shape, repeating: 0) }
      averages[name, default: Averages(gradient: zeros(), square: zeros())].steps += 1
      let steps = Double(averages[name]!.steps)
      let (first, second) = (1 - pow(Double(beta1), steps), 1 - pow(Double(beta2), steps))
      step.add(
        name, &parameters[name]!, by: gradient, mean: averages[name]!.gradient.ownedPointer(),
        square: averages[name]!.square.ownedPointer(), rate: Float(Double(rate) / first),
        correction: Float(1 / second.squareRoot()),
        keep: decaysVectors || shape.count > 1 ? 1 - rate * decay : 1)
    }
    var rule = wf_update_rule(WF_ADAM)
    (rule.beta1, rule.beta2, rule.epsilon) = (beta1, beta2, epsilon)
    step.run(rule, owners: (parameters, averages))
  }
}
