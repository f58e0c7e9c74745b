import Foundation
import Tensor

/// How a network that the training passes know gives gradients of its input: filters packed for the way back, and the
/// runs that were made for the pictures seen last. Both are made when they are first needed.
final class InputGradients: @unchecked Sendable {
  private struct Key: Equatable {
    let shape: [Int]
    let threads: Int
    let padding: [String: Tensor.Padding]
  }

  // Safe to share: what changes is touched only under the lock, and a run is taken out while it is used.
  private let lock = NSLock()
  private let memory = FilterMemory()
  private var filters: [String: InputGradientFilter] = [:]
  private var idle: [(key: Key, run: InputGradientRun)] = []
  private let layout: any PlannableLayout
  private let forward: InferenceFilters
  private let parameters: [String: Tensor]
  private let epsilon: Float

  /// Memory that images side by side may take together; above it one is computed at a time.
  private static let mostBytes = 1 << 30

  init(
    _ layout: any PlannableLayout, _ forward: InferenceFilters, _ parameters: [String: Tensor], epsilon: Float
  ) {
    (self.layout, self.forward, self.parameters, self.epsilon) = (layout, forward, parameters, epsilon)
  }

  /// The gradients of pictures `[N, C, H, W]`; nil for a network that the passes cannot run.
  ///
  /// - Parameters:
  ///   - padding: of each layer, for these pictures.
  ///   - classify: from the pooled features `[1, C]` of the picture with this index to their gradient.
  func callAsFunction(
    _ x: Tensor, padding: [String: Tensor.Padding],
    classify: @Sendable (_ image: Int, _ summary: Tensor) -> Tensor
  ) -> Tensor? {
    let trace = TrainingPass(padding: padding, images: 1, regularization: nil)
    layout.trace(trace)
    guard let blocks = trace.graph.blocks else { return nil }
    let (images, threads, shape) = (x.shape[0], ComputeRuntime.threads, [1] + x.shape.dropFirst())
    // An image a thread where there are enough of them, as in inference; else all threads work on one. Memory does not
    // grow with the number of images.
    var alone = threads == 1 ? images : images / threads * threads
    if alone > 0, threads > 1 {
      let key = Key(shape: shape, threads: 1, padding: padding)
      let run = take(key, blocks)
      if run.workingBytes * threads > Self.mostBytes { alone = 0 } else { give(key, run) }
    }
    return Tensor(shape: x.shape) { out in
      nonisolated(unsafe) let out = out.baseAddress!  // each image has its own part
      func compute(_ image: Int, threads: Int) {
        let key = Key(shape: shape, threads: threads, padding: padding)
        let run = take(key, blocks)
        run.run(x, from: image, into: out, classify: classify)
        give(key, run)
      }
      _ = ComputeRuntime.map(alone) { compute($0, threads: 1) }
      for image in alone..<images { compute(image, threads: threads) }
    }
  }

  /// A run that nobody uses, or a new one.
  private func take(_ key: Key, _ blocks: [TrainingGraph.Block]) -> InputGradientRun {
    let (run, filters) = lock.withLock { () -> (InputGradientRun?, [String: InputGradientFilter]) in
      if let index = idle.firstIndex(where: { $0.key == key }) { return (idle.remove(at: index).run, [:]) }
      return (nil, packed())
    }
    return run
      ?? InputGradientRun(
        blocks, shape: key.shape, filters: filters, parameters: parameters, threads: key.threads)
  }

  /// Keeps a run for the next images; runs for pictures of another size are given up.
  private func give(_ key: Key, _ run: InputGradientRun) {
    lock.withLock {
      idle.removeAll { $0.key.shape != key.shape || $0.key.padding != key.padding }
      idle.append((key, run))
    }
  }

  private func packed() -> [String: InputGradientFilter] {
    guard filters.isEmpty else { return filters }
    for layer in layout.layers {
      filters[layer.name] = InputGradientFilter(
        FoldedConvolution(layer, parameters, epsilon: epsilon).filter, isDepthwise: layer.isDepthwise,
        forward: forward.packed(layer), in: memory)
    }
    return filters
  }
}
