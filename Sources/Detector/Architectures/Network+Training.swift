public import Tensor

/// What a pass through a network in training gives, as functions of whatever was tracked.
public struct TrainingOutput: Sendable {
  /// A logit for each picture, `[N]`.
  public let logits: Tensor
  /// For each of the architecture's attention levels how much each place is attended to, `[N, h, w]`, before what makes a
  /// map of it: softmax over the places with Learn To Pay Attention, sigmoid with Bonettini's attention.
  public let attentionScores: [Tensor]
  /// The batch's mean and (biased) variance of each normalisation by name; empty where running statistics were used.
  public let statistics: [String: (mean: Tensor, variance: Tensor)]
}

extension Network {
  /// Logits and attention of normalised pictures `[N, 3, H, W]` as functions of `parameters`, which may be tracked: the form
  /// that training uses.
  ///
  /// EfficientNets run by the training passes (`Documentation/Training.md`); where nothing is tracked, `parameters` have the
  /// network's own values and statistics are the running ones, by the plans of inference. MesoNets run by recorded tensor operations.
  ///
  /// - Parameters:
  ///   - parameters: in place of the network's own, same names and shapes.
  ///   - statistics: whether BatchNorm uses its running statistics or those of the batch.
  ///   - regularization: dropout and stochastic depth; none if nil.
  public func trainingPass(
    _ x: Tensor, parameters: [String: Tensor], statistics: BatchStatistics,
    regularization: Regularization? = nil
  ) -> TrainingOutput {
    let padding = paddings(x)
    guard let trace = training(x, padding, regularization) else {
      return recordedTrainingPass(
        x, parameters: parameters, statistics: statistics, regularization: regularization)
    }
    let pass = LearningPass(
      padding: padding, parameters: parameters, epsilon: epsilon, statistics: statistics,
      regularization: trace.regularization)
    let trainer = SegmentTrainer(
      network: self, blocks: trace.blocks, parameters: parameters, statistics: statistics, padding: padding)
    var (x, flow, batchStatistics) = (x, Flow(), [String: (mean: Tensor, variance: Tensor)]())
    for segment in segments {
      if layout.isAttended(before: segment.lowerBound) { x = layout.attend(x, &flow, pass) }
      let result = trainer.run(segment, x)
      x = result.output
      batchStatistics.merge(result.statistics) { $1 }
      if layout.isTap(segment.upperBound - 1) { flow.taps.append(x) }
    }
    let logits = classify(x, &flow, pass)
    return TrainingOutput(
      logits: logits, attentionScores: flow.scores,
      statistics: batchStatistics.merging(pass.batchStatistics) { $1 })
  }

  /// The same by recorded tensor operations.
  package func recordedTrainingPass(
    _ x: Tensor, parameters: [String: Tensor], statistics: BatchStatistics,
    regularization: Regularization? = nil
  ) -> TrainingOutput {
    let pass = LearningPass(
      padding: paddings(x), parameters: parameters, epsilon: epsilon, statistics: statistics,
      regularization: regularization)
    var flow = Flow()
    let (_, summary) = run(x, 0..<architecture.blocks.count, keeping: [], &flow, pass)
    let logits = classify(summary, &flow, pass)
    return TrainingOutput(
      logits: logits, attentionScores: flow.scores, statistics: pass.batchStatistics)
  }

  /// The blocks as the training passes run them, and what is left of the random numbers behind them; nil for networks
  /// that these cannot run.
  private func training(
    _ x: Tensor, _ padding: [String: Tensor.Padding], _ regularization: Regularization?
  ) -> (blocks: [TrainingGraph.Block], regularization: Regularization?)? {
    guard let layout = layout as? any PlannableLayout else { return nil }
    let trace = TrainingPass(padding: padding, images: x.shape[0], regularization: regularization)
    layout.trace(trace)
    guard let blocks = trace.graph.blocks, blocks.count == layout.blocks.count,
      segments.allSatisfy({ blocks[$0.lowerBound].canBegin }), !layout.isTap(blocks.count - 1)
    else { return nil }
    return (blocks, trace.regularization)
  }

  /// The blocks between places where attention looks at a map as a whole: it stands before a segment's first block, or
  /// sees the output of its last one.
  private var segments: [Range<Int>] {
    let count = layout.blocks.count
    let starts = (0..<count).filter {
      $0 == 0 || layout.isAttended(before: $0) || layout.isTap($0 - 1)
    }
    return zip(starts, starts.dropFirst() + [count]).map { $0..<$1 }
  }
}

/// Runs rows of blocks of a network, each as one recorded operation.
private struct SegmentTrainer {
  let network: Network
  let blocks: [TrainingGraph.Block]
  let parameters: [String: Tensor]
  let statistics: BatchStatistics
  let padding: [String: Tensor.Padding]

  /// What comes out of the last of the blocks `segment`: its output, or of the head the mean over the plane.
  func run(_ segment: Range<Int>, _ x: Tensor) -> (
    output: Tensor, statistics: [String: (mean: Tensor, variance: Tensor)]
  ) {
    if let output = infer(segment, x) { return (output, [:]) }
    let run = TrainingRun(
      Array(blocks[segment]), x, parameters: parameters.mapValues { $0.detached() },
      epsilon: network.epsilon, isFrozen: statistics == .running, memory: network.trainingMemory)
    let names = run.parameterNames
    let wanted = Set(names.filter { parameters[$0]!.isTracked })
    let wantsInput = x.isTracked
    let output = run.forward().recorded(from: [x] + names.map { parameters[$0]! }) { gradient in
      let gradients = run.backward(gradient, wanted: wanted, input: wantsInput)
      return [gradients.input] + names.map { gradients.parameters[$0] }
    }
    return (output, run.statistics)
  }

  /// The same by the plans of inference; nil where gradients will be asked for, or these would give something else.
  private func infer(_ segment: Range<Int>, _ x: Tensor) -> Tensor? {
    let names = network.layout.blocks[segment].map { "\($0.name)." }
    guard statistics == .running, !x.isTracked, let plans = network.plans,
      !blocks[segment].contains(where: \.hasFactors),
      parameters.allSatisfy({ name, value in
        !names.contains(where: name.hasPrefix)
          || !value.isTracked && network.parameters[name]!.isIdentical(to: value)
      })
    else { return nil }
    let isLast = segment.upperBound == blocks.count
    let task = NetworkPlans.Task(
      blocks: segment, kept: isLast ? [] : [segment.upperBound - 1], summarizes: isLast)
    let result = plans.run(task, x, padding: padding)
    return result.summary ?? result.kept[0]
  }
}
