import Foundation
import Tensor

/// Planning: a description becomes a graph of the engine's operations.
final class PlanningPass: Pass {
  private let padding: [String: Tensor.Padding]
  private let filters: InferenceFilters
  var graph = NetworkGraph()

  init(padding: [String: Tensor.Padding], filters: InferenceFilters) {
    self.padding = padding
    self.filters = filters
  }

  func convolve(
    _ x: NetworkGraph.Value, _ layer: ConvolutionLayer, _ activation: Tensor.Activation
  ) -> NetworkGraph.Value {
    graph.convolved(
      x, with: filters.packed(layer), stride: layer.stride, padding: padding[layer.name]!,
      activation: activation)
  }

  func linear(_ x: NetworkGraph.Value, _ name: String, _ activation: Tensor.Activation) -> NetworkGraph.Value
  {
    graph.linear(x, filters.packed(linear: name), activation: activation)
  }

  func pool(_ x: NetworkGraph.Value) -> NetworkGraph.Value { graph.pooled(x) }
  func gate(_ x: NetworkGraph.Value, by gate: NetworkGraph.Value) -> NetworkGraph.Value {
    graph.gated(x, by: gate)
  }
  func sum(_ x: NetworkGraph.Value, _ y: NetworkGraph.Value) -> NetworkGraph.Value { graph.sum(x, y) }
  func dropPath(_ x: NetworkGraph.Value, depth: Double) -> NetworkGraph.Value { x }
}

/// The execution plans of a network, made when they are first needed and kept.
final class NetworkPlans: @unchecked Sendable {
  /// What a plan computes.
  struct Task: Hashable {
    /// The blocks that it runs.
    var blocks: Range<Int>
    /// Those of them whose outputs it hands out.
    var kept: [Int]
    /// Whether it hands out what the classifier sees, too.
    var summarizes: Bool
  }

  private struct Key: Hashable {
    let task: Task
    let input: [Int]
    let threads: Int
  }

  // Safe to share: `plans` is touched only under the lock.
  private let lock = NSLock()
  private var plans: [Key: ExecutionPlan] = [:]
  private let layout: any PlannableLayout
  private let filters: InferenceFilters

  /// Images that all threads compute together at the most; more take more memory and no less time each.
  static let batch = 8
  /// More plans than a program uses by turns; then all are made anew.
  private static let mostPlans = 64

  init(_ layout: any PlannableLayout, _ filters: InferenceFilters) {
    self.layout = layout
    self.filters = filters
  }

  /// Runs `task` on the output of the block before its first one, `[N, C, H, W]`.
  ///
  /// - Parameter padding: of each layer, for the network's input.
  /// - Returns: the outputs that are kept, in their order, and the summary.
  func run(_ task: Task, _ x: Tensor, padding: [String: Tensor.Padding]) -> (kept: [Tensor], summary: Tensor?)
  {
    let (images, threads) = (x.shape[0], ComputeRuntime.threads)
    // An image a thread where there are enough of them: cores that work on different images wait for nothing and share
    // no lines. The rest, and few images for many threads, are computed by all threads together.
    func plan(_ images: Int, threads: Int) -> ExecutionPlan {
      self.plan(task, [images] + x.shape.dropFirst(), padding, threads: threads)
    }
    let alone = images / threads * threads
    var parts: [[Tensor]] = []
    if alone > 0 {
      let plan = plan(1, threads: 1)
      parts = ComputeRuntime.map(alone) { plan.run(x, from: $0) }
    }
    for first in stride(from: alone, to: images, by: Self.batch) {
      parts.append(plan(min(Self.batch, images - first), threads: threads).run(x, from: first))
    }
    let count = task.kept.count + (task.summarizes ? 1 : 0)
    var results = (0..<count).map { i in
      parts.count == 1 ? parts[0][i] : Tensor.concatenated(parts.map { $0[i] })
    }
    let summary = task.summarizes ? results.removeLast() : nil
    return (results, summary)
  }

  /// The plan for `task` on inputs of `shape`.
  func plan(
    _ task: Task, _ shape: [Int], _ padding: [String: Tensor.Padding], threads: Int
  ) -> ExecutionPlan {
    let key = Key(task: task, input: shape, threads: threads)
    if let plan = lock.withLock({ plans[key] }) { return plan }
    let plan = make(key, layout, padding)
    lock.withLock {
      if plans.count >= Self.mostPlans { plans = [:] }
      plans[key] = plan
    }
    return plan
  }

  private func make(
    _ key: Key, _ layout: some PlannableLayout, _ padding: [String: Tensor.Padding]
  ) -> ExecutionPlan {
    let pass = PlanningPass(padding: padding, filters: filters)
    var x = pass.graph.input(channels: key.input[1], height: key.input[2], width: key.input[3])
    var outputs: [NetworkGraph.Value] = []
    for index in key.task.blocks {
      x = layout.run(index, x, pass)
      if key.task.kept.contains(index) { outputs.append(x) }
    }
    if key.task.summarizes { outputs.append(layout.summarize(x, pass)) }
    return ExecutionPlan(pass.graph, outputs: outputs, images: key.input[0], threads: key.threads)
  }
}
