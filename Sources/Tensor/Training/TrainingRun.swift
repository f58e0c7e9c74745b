import CWhyFakeTensor
import Foundation

/// One training step of a ``TrainingGraph``, or of a row of its blocks: forwards once, then backwards as often as somebody
/// asks. It begins with the stem, on pictures, or with another block, on a map; and ends with the head, whose mean over
/// the plane it gives, or with another block, whose output it gives.
///
/// Everything lies in one block of memory from the forward to the backward pass: every convolution's map as it is before
/// normalisation, and the outputs of the blocks. `Documentation/Training.md` says how and why.
package final class TrainingRun: @unchecked Sendable {
  /// A bottleneck's layers and the maps around it.
  struct Bottleneck {
    let expand: TrainingLayer?
    let depthwise: TrainingLayer
    let gate: TrainingGate
    let project: TrainingLayer
    let hasShortcut: Bool
    let factors: [Float]?
    /// Its output, as it is read.
    var output: UnsafeMutablePointer<Float>?
  }

  // Safe to share: after the forward pass memory is touched only under the lock.
  let lock = NSLock()
  let input: Tensor
  let stem: TrainingLayer?
  var bottlenecks: [Bottleneck] = []
  let head: TrainingLayer?
  private let isFrozen: Bool
  private let memory: TrainingMemory
  private var block: Storage?
  private let parameters: [String: Tensor]
  let threads = ComputeRuntime.threads

  /// The pictures as the stem reads them, or the map that the first block reads.
  var interleaved: UnsafeMutablePointer<Float>?
  var zeros: UnsafeMutablePointer<Float>?
  var pooled: UnsafeMutablePointer<Float>?
  var pooledGradient: UnsafeMutablePointer<Float>?
  /// Gradients of block outputs (by turns), of widened maps, and of gated ones; parts of a filter's gradient.
  var outputGradients: [UnsafeMutablePointer<Float>?] = []
  var wideGradient: UnsafeMutablePointer<Float>?
  var gatedGradient: UnsafeMutablePointer<Float>?
  var filterSums: UnsafeMutablePointer<Float>?
  private var scratch: UnsafeMutablePointer<Float>?
  private var scratchSize = 0

  /// Bytes that the step takes, beside parameters and input.
  package private(set) var workingBytes = 0
  /// Seconds of each kind of step so far, for reports.
  package private(set) var seconds: [String: Double] = [:]
  private let isTimed: Bool

  /// - Parameters:
  ///   - blocks: of the graph, one after the other; the first one can begin.
  ///   - x: pictures or a map `[N, C, H, W]`.
  ///   - parameters: by their names.
  ///   - isFrozen: whether normalisations use their running statistics, not the batch's.
  ///   - memory: where the step's memory comes from and goes back to.
  package init(
    _ blocks: [TrainingGraph.Block], _ x: Tensor, parameters: [String: Tensor], epsilon: Float,
    isFrozen: Bool = false, memory: TrainingMemory, isTimed: Bool = false
  ) {
    precondition(
      x.shape.count == 4 && x.shape[0] > 0 && blocks.first?.canBegin ?? false,
      "training: \(blocks.count) blocks on \(x.shape)")
    self.isFrozen = isFrozen
    self.memory = memory
    self.parameters = parameters
    self.isTimed = isTimed
    input = x.detached()
    let images = x.shape[0]
    func layer(_ convolution: TrainingGraph.Convolution, _ height: Int, _ width: Int) -> TrainingLayer {
      TrainingLayer(
        convolution, images: images, height: height, width: width, parameters: parameters, epsilon: epsilon,
        isFrozen: isFrozen)
    }
    var (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    if case .stem(let first)? = blocks.first {
      precondition(first.input == channels && blocks.count > 1, "\(first.name): input \(x.shape)")
      let stem = layer(first, height, width)
      (channels, height, width) = (first.output, stem.height, stem.width)
      self.stem = stem
    } else {
      stem = nil
    }
    for case .bottleneck(let block) in blocks {
      let first = block.expand ?? block.depthwise
      precondition(first.input == channels, "\(first.name): input of \(channels) channels")
      channels = block.project.output
      let expand = block.expand.map { layer($0, height, width) }
      let depthwise = layer(block.depthwise, height, width)
      (height, width) = (depthwise.height, depthwise.width)
      bottlenecks.append(
        Bottleneck(
          expand: expand, depthwise: depthwise,
          gate: TrainingGate(block, pitch: depthwise.pitch, parameters: parameters),
          project: layer(block.project, height, width), hasShortcut: block.hasShortcut, factors: block.factors
        ))
    }
    if case .head(let last)? = blocks.last {
      precondition(last.input == channels, "\(last.name): input of \(channels) channels")
      head = layer(last, height, width)
    } else {
      head = nil
    }
    var space = TrainingSpace(nil)
    place(&space)
    let block = memory.take(space.count)
    self.block = block
    workingBytes = space.count * MemoryLayout<Float>.stride
    space = TrainingSpace(block)
    place(&space)
  }

  deinit { if let block { memory.give(block) } }

  /// All layers, in the order in which they run.
  var layers: [TrainingLayer] {
    let inner: [TrainingLayer?] = bottlenecks.flatMap { [$0.expand, $0.depthwise, $0.project] }
    return ([stem] + inner + [head]).compactMap { $0 }
  }

  /// Names of the parameters that it depends on, and has gradients of.
  package var parameterNames: [String] {
    let convolutions = layers.map(\.convolution.name)
    return convolutions.flatMap { ["\($0).conv.weight", "\($0).norm.weight", "\($0).norm.bias"] }
      + bottlenecks.flatMap { block in
        [block.gate.reduce, block.gate.squeeze].flatMap { ["\($0).weight", "\($0).bias"] }
      }
  }

  /// What bottleneck `index` reads; of their number, what comes out of the last one.
  func map(before index: Int) -> TrainingMap {
    if index > 0 {
      return TrainingMap(bottlenecks[index - 1].project, at: bottlenecks[index - 1].output)
    }
    return stem.map { TrainingMap($0, at: nil) } ?? TrainingMap(shape: input.shape, at: interleaved)
  }

  /// The parts in which the gradient of block `index`'s output is made.
  private func outputParts(_ index: Int) -> Int {
    let pitch = bottlenecks[index].project.pitch
    guard index + 1 < bottlenecks.count else {
      return head?.backwardParts(inputPitch: pitch) ?? input.shape[0]
    }
    return bottlenecks[index + 1].expand?.backwardParts(inputPitch: pitch) ?? input.shape[0]
  }

  private func place(_ space: inout TrainingSpace) {
    let images = input.shape[0]
    if let stem {
      let c = stem.convolution
      interleaved = space.take(
        images * c.input * ((stem.height - 1) * c.stride + c.kernel)
          * ((stem.width - 1) * c.stride + c.kernel))
      stem.place(&space, sumParts: images, factors: nil)
    } else {
      interleaved = space.take(images * input.shape[2] * input.shape[3] * PackedFilter.pitch(input.shape[1]))
    }
    for i in bottlenecks.indices {
      let block = bottlenecks[i]
      block.expand?.place(&space, sumParts: images, factors: nil)
      block.depthwise.place(&space, sumParts: 1, factors: nil)
      block.gate.place(&space, images: images)
      block.project.place(&space, sumParts: outputParts(i), factors: block.factors)
      bottlenecks[i].output = space.take(block.project.pixels * block.project.pitch)
    }
    if let head {
      head.place(&space, sumParts: images, factors: nil)
      pooled = space.take(images * head.pitch)
      pooledGradient = space.take(images * head.pitch)
    }
    let first = map(before: 0)
    let most = max(first.pitch, layers.map(\.pitch).max()!)
    zeros = space.take(most)
    zeros?.update(repeating: 0, count: most)
    func largest(_ layers: [TrainingLayer]) -> Int { layers.map { $0.pixels * $0.pitch }.max() ?? 0 }
    let outputs = max(
      largest(bottlenecks.map(\.project)),
      stem == nil ? images * first.height * first.width * first.pitch : 0)
    outputGradients = [space.take(outputs), space.take(outputs)]
    wideGradient = space.take(largest([stem].compactMap { $0 } + bottlenecks.compactMap(\.expand)))
    gatedGradient = space.take(largest(bottlenecks.map(\.depthwise)))
    filterSums = space.take(filterSumFloats)
    let steps = forwardSteps(to: nil) + backwardSteps(TrainingGradients(self, wanted: nil), from: nil)
    scratchSize = steps.reduce(0) { size, step in
      withUnsafePointer(to: step) { max(size, wf_step_scratch($0)) }
    }
    scratchSize = (scratchSize + 63) / 64 * 64
    scratch = space.take(scratchSize * threads)
  }

  private var filterSumFloats: Int {
    func floats(_ layer: TrainingLayer, _ pitch: Int) -> Int {
      layer.backwardParts(inputPitch: pitch) * layer.pitch * pitch
    }
    var most = stem.map { floats($0, $0.lengthPitch) } ?? 0
    for (i, block) in bottlenecks.enumerated() {
      let depthwise = block.depthwise
      if let expand = block.expand { most = max(most, floats(expand, map(before: i).pitch)) }
      most = max(most, input.shape[0] * depthwise.pitch * depthwise.length)
      most = max(most, floats(block.project, depthwise.pitch))
    }
    return max(most, head.map { floats($0, map(before: bottlenecks.count).pitch) } ?? 0)
  }

  func run(_ steps: [wf_step]) {
    var times = [Double](repeating: 0, count: isTimed ? steps.count : 0)
    steps.withUnsafeBufferPointer { steps in
      times.withUnsafeMutableBufferPointer { times in
        wf_run_steps(
          steps.baseAddress!, steps.count, scratch!, scratchSize, Int32(threads),
          isTimed ? times.baseAddress : nil)
      }
    }
    guard isTimed else { return }
    for (step, time) in zip(steps, times) { seconds["\(step.kind.rawValue)", default: 0] += time }
  }

  /// The mean over the plane of the head's output, `[N, C]`; without a head the last block's, `[N, C, H, W]`.
  package func forward() -> Tensor {
    let images = input.shape[0]
    guard let head else {
      let shape = map(before: bottlenecks.count).shape(images: images)
      let output = Tensor(shape: shape, storage: Storage(count: shape.reduce(1, *)))
      lock.withLock { run(forwardSteps(to: output)) }
      return output
    }
    lock.withLock { run(forwardSteps(to: nil)) }
    let channels = head.convolution.output
    return Tensor(shape: [images, channels]) { out in
      for i in 0..<images {
        (out.baseAddress! + i * channels).update(from: pooled! + i * head.pitch, count: channels)
      }
    }
  }

  /// The batch's mean and (biased) variance of each convolution by name; empty where they are frozen.
  package var statistics: [String: (mean: Tensor, variance: Tensor)] {
    if isFrozen { return [:] }
    return Dictionary(
      uniqueKeysWithValues: layers.map { ("\($0.convolution.name).norm", ($0.mean, $0.variance)) })
  }

  /// The gradients of `wanted` parameters by name, and of the input if it is wanted, from that of the result.
  package func backward(_ gradient: Tensor, wanted: Set<String>, input wantsInput: Bool) -> (
    parameters: [String: Tensor], input: Tensor?
  ) {
    let images = input.shape[0]
    let shape =
      head.map { [images, $0.convolution.output] } ?? map(before: bottlenecks.count).shape(images: images)
    precondition(gradient.shape == shape, "training: gradient \(gradient.shape) of a result \(shape)")
    return lock.withLock {
      let gradients = TrainingGradients(self, wanted: wanted, input: wantsInput)
      if let head {
        let (channels, share) = (shape[1], 1 / Float(head.height * head.width))
        pooledGradient!.update(repeating: 0, count: images * head.pitch)
        for i in 0..<images {
          for c in 0..<channels {
            pooledGradient![i * head.pitch + c] = gradient.storage.pointer[i * channels + c] * share
          }
        }
      }
      withExtendedLifetime(gradient) { run(backwardSteps(gradients, from: gradient)) }
      return (gradients.tensors, gradients.input)
    }
  }
}
