import CWhyFakeTensor

/// A rule that changes parameters by their gradients, and remembers what it needs from step to step.
///
/// Optimisers are values: a copy remembers what it was copied with. Results do not depend on the number of threads, and an
/// optimiser that was restored from the ``state`` of another goes on as that one would have, to the last bit.
public protocol Optimizer: Sendable {
  /// The step size; may change from step to step.
  var rate: Float { get set }

  /// What is remembered, for a checkpoint: averages in the shapes of their parameters, and counts, named
  /// `<parameter>.<what>`.
  var state: [String: Tensor] { get }

  /// Remembers `state` in place of what it has seen itself.
  ///
  /// - Parameters:
  ///   - state: the ``state`` of an optimiser of this kind.
  ///   - parameters: those that will be changed.
  /// - Throws: ``OptimizerStateError`` if something in `state` does not belong to `parameters`, has another shape, or is
  ///   missing; nothing is changed then.
  mutating func restore(_ state: [String: Tensor], for parameters: [String: Tensor])
    throws(OptimizerStateError)

  /// One step: changes each of `parameters` that has a gradient.
  ///
  /// - Parameters:
  ///   - parameters: by name, not tracked. One that nobody else holds is changed in place.
  ///   - gradients: by the same names, in the same shapes.
  /// - Complexity: O(n); memory is read and written once.
  mutating func update(_ parameters: inout [String: Tensor], gradients: [String: Tensor])
}

/// Why an optimiser's state could not be restored, in one line.
public struct OptimizerStateError: Error, Equatable, CustomStringConvertible {
  /// What is wrong.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// The parts of `state` by parameter: those called `parts`, in their order.
///
/// - Parameter shape: that a part should have, from its index and its parameter's shape.
func optimizerParts(
  _ parts: [String], of state: [String: Tensor], for parameters: [String: Tensor],
  shape: (_ part: Int, _ parameter: [Int]) -> [Int]
) throws(OptimizerStateError) -> [String: [Tensor]] {
  var found: [String: [Tensor]] = [:]
  var used = 0
  for (name, parameter) in parameters {
    let tensors = parts.map { state["\(name).\($0)"]?.detached() }
    guard tensors.contains(where: { $0 != nil }) else { continue }
    var complete: [Tensor] = []
    for (i, tensor) in tensors.enumerated() {
      guard let tensor else {
        throw OptimizerStateError("the optimiser's state lacks \(quoted("\(name).\(parts[i])"))")
      }
      let expected = shape(i, parameter.shape)
      guard tensor.shape == expected else {
        throw OptimizerStateError(
          "the optimiser's state has \(quoted("\(name).\(parts[i])")) of shape \(tensor.shape), not \(expected)"
        )
      }
      complete.append(tensor)
    }
    found[name] = complete
    used += parts.count
  }
  guard used == state.count else {
    let known = Set(found.keys.flatMap { name in parts.map { "\(name).\($0)" } })
    let unknown = state.keys.filter { !known.contains($0) }.min()!
    throw OptimizerStateError("the optimiser's state has \(quoted(unknown)), which no parameter needs")
  }
  return found
}

/// The tensors of one step, and what keeps their memory alive.
struct OptimizerStep {
  private var updates: [wf_update] = []
  private var kept: [Storage] = []

  /// Adds a tensor.
  ///
  /// - Parameters:
  ///   - value: written where nobody else holds it; else it is given storage of its own.
  ///   - averages: mean and square, as the rule needs them.
  mutating func add(
    _ name: String, _ value: inout Tensor, by gradient: Tensor, mean: UnsafeMutablePointer<Float>? = nil,
    square: UnsafeMutablePointer<Float>? = nil, rate: Float, correction: Float = 1, keep: Float = 1,
    decay: Float = 0
  ) {
    precondition(
      value.shape == gradient.shape, "optimiser: \(name) is \(value.shape), its gradient \(gradient.shape)")
    // A value that somebody else holds is read there and written elsewhere.
    let before = value.storage.pointer
    if let old = value.makeRoom() { kept.append(old) }
    kept.append(gradient.storage)
    updates.append(
      wf_update(
        before: before, value: value.storage.pointer, gradient: gradient.storage.pointer, mean: mean,
        square: square, count: value.count, rate: rate, correction: correction, keep: keep, decay: decay))
  }

  /// Does the step.
  ///
  /// - Parameter owners: what else was pointed to.
  func run(_ rule: wf_update_rule, owners: some Any) {
    withUnsafePointer(to: rule) { rule in
      withExtendedLifetime((owners, kept)) {
        wf_run_updates(updates, updates.count, rule, Int32(ComputeRuntime.threads))
      }
    }
  }
}

extension wf_update_rule {
  init(_ kind: wf_update_kind) {
    self.init()
    self.kind = kind
  }
}

extension Tensor {
  /// Gives it storage of its own, not initialised, if somebody else holds the one that it has, which is returned.
  fileprivate mutating func makeRoom() -> Storage? {
    precondition(node == nil, "optimiser: a tracked tensor cannot be changed in place; use detached()")
    if isKnownUniquelyReferenced(&storage) { return nil }
    let old = storage
    storage = Storage(count: count)
    return old
  }

  /// Where its elements are, for whoever holds it alone to change them.
  mutating func ownedPointer() -> UnsafeMutablePointer<Float> {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    return storage.pointer
  }
}
