import Tensor

extension Network {
  /// Logits and the batch's statistics by the training passes, as one recorded operation up to the classifier; nil for
  /// networks that these cannot run.
  func train(
    _ x: Tensor, parameters: [String: Tensor], padding: [String: Tensor.Padding],
    regularization: Regularization?
  ) -> (logits: Tensor, statistics: [String: (mean: Tensor, variance: Tensor)])? {
    guard let layout = layout as? any PlannableLayout,
      !layout.blocks.indices.contains(where: { layout.isTap($0) || layout.isAttended(before: $0) })
    else { return nil }
    let trace = TrainingPass(padding: padding, images: x.shape[0], regularization: regularization)
    layout.trace(trace)
    guard let blocks = trace.graph.blocks else { return nil }
    let run = TrainingRun(
      blocks, x, parameters: parameters.mapValues { $0.detached() }, epsilon: epsilon, memory: trainingMemory)
    let names = parameters.keys.sorted()
    let wanted = Set(names.filter { parameters[$0]!.isTracked })
    let wantsInput = x.isTracked
    let summary = run.forward().recorded(from: [x] + names.map { parameters[$0]! }) { gradient in
      let gradients = run.backward(gradient, wanted: wanted, input: wantsInput)
      return [gradients.input] + names.map { gradients.parameters[$0] }
    }
    let pass = LearningPass(
      padding: padding, parameters: parameters, epsilon: epsilon, statistics: .batch,
      regularization: trace.regularization)
    var flow = Flow()
    let logits = classify(summary, &flow, pass)
    return (logits, run.statistics.merging(pass.batchStatistics) { ours, _ in ours })
  }
}
