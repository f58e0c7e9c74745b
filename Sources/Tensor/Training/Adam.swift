import CWhyFakeTensor
import Foundation

/// Adam (Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*, algorithm 1), with decoupled weight decay
/// (Loshchilov & Hutter 2019) where that is asked for.
///
/// With g the gradient and t the number of the step: m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g²,
/// θ ← θ·(1 − rate·decay) − rate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε).
///
/// A value: a copy remembers the averages that it was copied with. Results do not depend on the number of threads.
public struct Adam: Sendable {
  /// The step size; may change from step to step.
  public var rate: Float
  /// Weight decay per step, as a share of ``rate``.
  public var decay: Float
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
    rate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, decay: Float = 0
  ) {
    precondition(
      (0..<1).contains(beta1) && (0..<1).contains(beta2) && epsilon >= 0,
      "Adam: \(beta1), \(beta2), \(epsilon)")
    (self.rate, self.beta1, self.beta2, self.epsilon, self.decay) = (rate, beta1, beta2, epsilon, decay)
  }

  /// One step: changes each of `parameters` that has a gradient.
  ///
  /// - Parameters:
  ///   - parameters: by name, not tracked. One that nobody else holds is changed in place.
  ///   - gradients: by the same names, in the same shapes.
  /// - Complexity: O(n); memory is read and written once.
  public mutating func update(_ parameters: inout [String: Tensor], gradients: [String: Tensor]) {
    var bySteps: [Int: [wf_adam_tensor]] = [:]
    var kept: [Storage] = []
    for (name, gradient) in gradients {
      guard let shape = parameters[name]?.shape, shape == gradient.shape else {
        preconditionFailure(
          "Adam: \(name) is \(parameters[name]?.shape ?? []), its gradient \(gradient.shape)")
      }
      let zeros = { Tensor(shape: shape, repeating: 0) }
      averages[name, default: Averages(gradient: zeros(), square: zeros())].steps += 1
      // A value that somebody else holds is read there and written elsewhere.
      let before = parameters[name]!.storage.pointer
      if let old = parameters[name]!.makeRoom() { kept.append(old) }
      bySteps[averages[name]!.steps, default: []].append(
        wf_adam_tensor(
          before: before, value: parameters[name]!.storage.pointer, gradient: gradient.storage.pointer,
          mean: averages[name]!.gradient.ownedPointer(), square: averages[name]!.square.ownedPointer(),
          count: gradient.count))
    }
    // What is pointed to is owned by `parameters`, `gradients`, `averages` and `kept`.
    withExtendedLifetime((gradients, averages, kept)) {
      for (steps, tensors) in bySteps {
        let (first, second) = (1 - pow(Double(beta1), Double(steps)), 1 - pow(Double(beta2), Double(steps)))
        wf_adam(
          tensors, tensors.count, beta1, beta2, Float(Double(rate) / first), Float(1 / second.squareRoot()),
          epsilon, 1 - rate * decay, Int32(ComputeRuntime.threads))
      }
    }
  }
}

extension Tensor {
  /// Gives it storage of its own, not initialised, if somebody else holds the one that it has, which is returned.
  fileprivate mutating func makeRoom() -> Storage? {
    precondition(node == nil, "Adam: a tracked tensor cannot be changed in place; use detached()")
    if isKnownUniquelyReferenced(&storage) { return nil }
    let old = storage
    storage = Storage(count: count)
    return old
  }

  /// Where its elements are, for whoever holds it alone to change them.
  fileprivate mutating func ownedPointer() -> UnsafeMutablePointer<Float> {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    return storage.pointer
  }
}
