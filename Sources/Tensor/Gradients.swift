/// One step of the record that reverse mode walks: what it was computed from, and how a gradient flows back.
///
/// Nodes are immutable and point only backwards, so that a tensor can be shared between threads, tracked or not.
package final class GradientNode: Sendable {
  /// Gradient of this value in; gradients of `inputs` out, nil where an input is not tracked.
  package typealias Backward = @Sendable (Tensor) -> [Tensor?]

  let inputs: [GradientNode?]
  let backward: Backward?
  /// Higher than that of every input: walking by falling depth visits each node after all its users.
  let depth: Int

  init(inputs: [GradientNode?], backward: Backward?) {
    self.inputs = inputs
    self.backward = backward
    depth = (inputs.map { $0?.depth ?? 0 }.max() ?? 0) + 1
  }
}

extension Tensor {
  /// Whether gradients flow through this tensor.
  public var isTracked: Bool { node != nil }

  /// The same values as a leaf, with respect to which gradients can be asked for. O(1).
  public func tracked() -> Tensor {
    Tensor(shape: shape, storage: storage, node: GradientNode(inputs: [], backward: nil))
  }

  /// The same values without their history. O(1).
  public func detached() -> Tensor { Tensor(shape: shape, storage: storage) }

  /// This value, computed from `inputs`; recorded if one of them is tracked.
  package func recorded(
    from inputs: Tensor..., backward: @escaping GradientNode.Backward
  ) -> Tensor {
    recorded(from: inputs, backward: backward)
  }

  /// This value, computed from `inputs`; recorded if one of them is tracked.
  package func recorded(from inputs: [Tensor], backward: @escaping GradientNode.Backward) -> Tensor {
    guard inputs.contains(where: \.isTracked) else { return self }
    return Tensor(
      shape: shape, storage: storage, node: GradientNode(inputs: inputs.map(\.node), backward: backward))
  }

  /// The gradients of Σ seed · self with respect to `leaves`, each in the shape of its leaf.
  ///
  /// - Parameters:
  ///   - leaves: tensors that this one was computed from (tracked leaves or tracked results on the way). Where one
  ///     has no part in it the gradient is zero.
  ///   - seed: the gradient of what comes after, in the shape of this tensor; ones if nil.
  /// - Complexity: about twice the work of the recorded operations; a gradient is freed once it was used.
  public func gradients(of leaves: [Tensor], seed: Tensor? = nil) -> [Tensor] {
    guard let node else { preconditionFailure("gradients(of:): the tensor is not tracked") }
    let seed = seed ?? Tensor(shape: shape, repeating: 1)
    precondition(seed.shape == shape, "gradients(of:): seed \(seed.shape) for a value \(shape)")
    let wanted = Set(
      leaves.map { leaf in
        guard let node = leaf.node else { preconditionFailure("gradients(of:): a leaf is not tracked") }
        return ObjectIdentifier(node)
      })

    // Only nodes from which a leaf can be reached need a gradient.
    var order: [GradientNode] = []
    var leads: [ObjectIdentifier: Bool] = [:]
    var stack: [(node: GradientNode, expanded: Bool)] = [(node, false)]
    while let (current, expanded) = stack.popLast() {
      let id = ObjectIdentifier(current)
      if expanded {
        leads[id] =
          wanted.contains(id) || current.inputs.contains { $0.map { leads[ObjectIdentifier($0)]! } ?? false }
        order.append(current)
      } else if leads[id] == nil {
        leads[id] = false
        stack.append((current, true))
        for input in current.inputs {
          if let input, leads[ObjectIdentifier(input)] == nil { stack.append((input, false)) }
        }
      }
    }
    order.sort { $0.depth > $1.depth }

    var gradients: [ObjectIdentifier: Tensor] = [ObjectIdentifier(node): seed.detached()]
    for current in order {
      let id = ObjectIdentifier(current)
      guard leads[id]!, let backward = current.backward, let gradient = gradients[id] else { continue }
      if !wanted.contains(id) { gradients[id] = nil }
      for (input, flowing) in zip(current.inputs, backward(gradient)) {
        guard let input, let flowing, leads[ObjectIdentifier(input)]! else { continue }
        let inputID = ObjectIdentifier(input)
        if var sum = gradients.removeValue(forKey: inputID) {
          sum += flowing
          gradients[inputID] = sum
        } else {
          gradients[inputID] = flowing
        }
      }
    }
    return leaves.map { gradients[ObjectIdentifier($0.node!)] ?? Tensor(shape: $0.shape, repeating: 0) }
  }
}
