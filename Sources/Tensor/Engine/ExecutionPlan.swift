import CWhyFakeTensor

/// What a ``NetworkGraph`` is computed by, for one number of images: stages in their order, and one arena for all maps
/// between them.
///
/// Maps have their channels side by side, from the first layer to the last. Activations, residuals, gates and pooling are
/// fused into the products and filters that they stand beside; the widened map of an inverted bottleneck exists only row
/// by row. `Documentation/Engine.md` says how and why.
package final class ExecutionPlan: Sendable {
  /// Images of a run.
  package let images: Int
  /// What the stages are, for reports.
  package let summaries: [StageSummary]

  nonisolated(unsafe) private let stages: [wf_stage]  // never changed
  private let imageShape: [Int]
  private let outputs: [Output]
  private let arenaSize: Int
  private let scratchSize: Int
  private let threads: Int
  private let filters: [PackedFilter]  // keeps alive what the stages point to

  /// How one of the values that were asked for is handed out.
  struct Output: Sendable {
    let shape: [Int]
    /// For a mean over the plane: rows that are added up, and floats of each.
    var sum: (rows: Int, pitch: Int, scale: Float)?
    var floats: Int {
      if let sum { return shape[0] * sum.rows * sum.pitch }
      return shape.reduce(1, *)
    }
  }

  /// What one stage is and does.
  package struct StageSummary: Sendable {
    /// Such as `depthwise 5×5/2 of 192, from 32 by 1×1`.
    package let name: String
    /// Images that it works on.
    package let images: Int
    /// Parts that threads can work on at once.
    package let tasks: Int
    /// Multiplications and additions that the layer needs, as two.
    package let operations: Double
    /// Bytes of its weights.
    package let weightBytes: Double
    /// Bytes of the maps that it reads and writes.
    package let mapBytes: Double
  }

  /// A plan that computes `outputs` of `graph`.
  ///
  /// - Parameters:
  ///   - images: images of each run.
  ///   - threads: threads that a run may use; how the work is cut depends on it, what comes out does not.
  package init(_ graph: NetworkGraph, outputs: [NetworkGraph.Value], images: Int, threads: Int) {
    var planner = Planner(graph, outputs: outputs, images: images, threads: threads)
    planner.plan()
    self.images = images
    self.threads = threads
    stages = planner.stages
    summaries = planner.summaries
    self.outputs = planner.outputs
    arenaSize = planner.arenaSize
    filters = planner.filters
    scratchSize = stages.reduce(0) { size, stage in
      withUnsafePointer(to: stage) { max(size, wf_stage_scratch($0)) }
    }
    let input = graph.values[0]
    imageShape = [input.channels, input.height, input.width]
  }

  /// Bytes that a run takes, beside its input and output.
  package var workingBytes: Int { (arenaSize + threads * scratchSize) * MemoryLayout<Float>.stride }

  /// The outputs of `input`, maps as `[N, C, H, W]`, vectors as `[N, C]`.
  ///
  /// - Parameters:
  ///   - input: `[N, C, H, W]`, C, H and W as planned.
  ///   - first: the first of the images that are run; there are as many as planned.
  ///   - timing: gets seconds added, stage by stage, if there is room for them.
  package func run(_ input: Tensor, from first: Int = 0, timing: UnsafeMutableBufferPointer<Double>? = nil)
    -> [Tensor]
  {
    precondition(
      input.shape.count == 4 && Array(input.shape.dropFirst()) == imageShape
        && first >= 0 && first + images <= input.shape[0],
      "ExecutionPlan: \(input.shape) from \(first) on for \(images) images \(imageShape)")
    precondition(timing == nil || timing!.count == stages.count, "ExecutionPlan: room for timing")
    let arena = Storage(count: arenaSize + threads * scratchSize)
    let results = outputs.map { Storage(count: $0.floats) }
    withExtendedLifetime((arena, results, input.storage)) {
      let pictures = input.storage.pointer + first * imageShape.reduce(1, *)
      var bases = [arena.pointer, pictures] + results.map(\.pointer)
      stages.withUnsafeBufferPointer { stages in
        bases.withUnsafeMutableBufferPointer { bases in
          wf_run_stages(
            stages.baseAddress!, stages.count, bases.baseAddress!, arena.pointer + arenaSize, scratchSize,
            Int32(threads), timing?.baseAddress)
        }
      }
    }
    return zip(outputs, results).map { $0.tensor($1) }
  }
}

extension ExecutionPlan.Output {
  func tensor(_ storage: Storage) -> Tensor {
    guard let sum else { return Tensor(shape: shape, storage: storage) }
    let (images, channels) = (shape[0], shape[1])
    return Tensor(shape: shape) { out in
      for i in 0..<images {
        for c in 0..<channels {
          var total: Float = 0
          for row in 0..<sum.rows { total += storage.pointer[(i * sum.rows + row) * sum.pitch + c] }
          out[i * channels + c] = total * sum.scale
        }
      }
    }
  }
}
