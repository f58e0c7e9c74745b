import CWhyFakeTensor
import Foundation

/// One training step of a ``TrainingGraph``: forwards once, then backwards as often as somebody asks.
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
  let stem: TrainingLayer
  var bottlenecks: [Bottleneck] = []
  let head: TrainingLayer
  private let memory: TrainingMemory
  private var block: Storage?
  private let parameters: [String: Tensor]
  let threads = ComputeRuntime.threads

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
  ///   - blocks: of the graph.
  ///   - x: pictures `[N, C, H, W]`.
  ///   - parameters: by their names.
  ///   - memory: where the step's memory comes from and goes back to.
  package init(
    _ blocks: [TrainingGraph.Block], _ x: Tensor, parameters: [String: Tensor], epsilon: Float,
    memory: TrainingMemory,
    isTimed: Bool = false
  ) {
    precondition(x.shape.count == 4 && x.shape[0] > 0, "training: input \(x.shape)")
    self.memory = memory
    self.parameters = parameters
    self.isTimed = isTimed
    input = x.detached()
    let images = x.shape[0]
    func layer(_ convolution: TrainingGraph.Convolution, _ height: Int, _ width: Int) -> TrainingLayer {
      TrainingLayer(
        convolution, images: images, height: height, width: width, parameters: parameters, epsilon: epsilon)
    }
    guard case .stem(let first)? = blocks.first, case .head(let last)? = blocks.last else {
      preconditionFailure("training: \(blocks.count) blocks")
    }
    precondition(first.input == x.shape[1], "\(first.name): input \(x.shape)")
    stem = layer(first, x.shape[2], x.shape[3])
    var (height, width) = (stem.height, stem.width)
    for case .bottleneck(let block) in blocks {
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
    head = layer(last, height, width)
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
    [stem] + bottlenecks.flatMap { [$0.expand, $0.depthwise, $0.project].compactMap { $0 } } + [head]
  }

  /// The parts in which the gradient of block `index`'s output is made.
  private func outputParts(_ index: Int) -> Int {
    guard index + 1 < bottlenecks.count else {
      return head.backwardParts(inputPitch: bottlenecks[index].project.pitch)
    }
    let next = bottlenecks[index + 1]
    return next.expand?.backwardParts(inputPitch: bottlenecks[index].project.pitch) ?? input.shape[0]
  }

  private func place(_ space: inout TrainingSpace) {
    let images = input.shape[0]
    let c = stem.convolution
    interleaved = space.take(
      images * c.input * ((stem.height - 1) * c.stride + c.kernel) * ((stem.width - 1) * c.stride + c.kernel))
    stem.place(&space, sumParts: images, factors: nil)
    for i in bottlenecks.indices {
      let block = bottlenecks[i]
      block.expand?.place(&space, sumParts: images, factors: nil)
      block.depthwise.place(&space, sumParts: 1, factors: nil)
      block.gate.place(&space, images: images)
      block.project.place(&space, sumParts: outputParts(i), factors: block.factors)
      bottlenecks[i].output = space.take(block.project.pixels * block.project.pitch)
    }
    head.place(&space, sumParts: images, factors: nil)
    pooled = space.take(images * head.pitch)
    pooledGradient = space.take(images * head.pitch)
    zeros = space.take(layers.map(\.pitch).max()!)
    zeros?.update(repeating: 0, count: layers.map(\.pitch).max()!)
    func largest(_ layers: [TrainingLayer]) -> Int { layers.map { $0.pixels * $0.pitch }.max()! }
    let outputs = largest(bottlenecks.map(\.project))
    outputGradients = [space.take(outputs), space.take(outputs)]
    wideGradient = space.take(largest([stem] + bottlenecks.compactMap(\.expand)))
    gatedGradient = space.take(largest(bottlenecks.map(\.depthwise)))
    filterSums = space.take(filterSumFloats)
    let steps = forwardSteps() + backwardSteps(TrainingGradients(self, wanted: nil))
    scratchSize = steps.reduce(0) { size, step in
      withUnsafePointer(to: step) { max(size, wf_step_scratch($0)) }
    }
    scratchSize = (scratchSize + 63) / 64 * 64
    scratch = space.take(scratchSize * threads)
  }

  private var filterSumFloats: Int {
    var most = stem.backwardParts(inputPitch: stem.lengthPitch) * stem.pitch * stem.lengthPitch
    var pitch = stem.pitch
    for block in bottlenecks {
      if let expand = block.expand {
        most = max(most, expand.backwardParts(inputPitch: pitch) * expand.pitch * pitch)
      }
      let (depthwise, project) = (block.depthwise, block.project)
      most = max(most, input.shape[0] * depthwise.pitch * depthwise.length)
      most = max(most, project.backwardParts(inputPitch: depthwise.pitch) * project.pitch * depthwise.pitch)
      pitch = project.pitch
    }
    return max(most, head.backwardParts(inputPitch: pitch) * head.pitch * pitch)
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

  /// The mean over the plane of the head's output, `[N, C]`.
  package func forward() -> Tensor {
    lock.withLock { run(forwardSteps()) }
    let channels = head.convolution.output
    return Tensor(shape: [input.shape[0], channels]) { out in
      for i in 0..<input.shape[0] {
        (out.baseAddress! + i * channels).update(from: pooled! + i * head.pitch, count: channels)
      }
    }
  }

  /// The batch's mean and (biased) variance of each convolution by name.
  package var statistics: [String: (mean: Tensor, variance: Tensor)] {
    Dictionary(uniqueKeysWithValues: layers.map { ("\($0.convolution.name).norm", ($0.mean, $0.variance)) })
  }

  /// The gradients of `wanted` parameters by name, and of the pictures if they are wanted, from that of the result.
  package func backward(_ gradient: Tensor, wanted: Set<String>, input wantsInput: Bool) -> (
    parameters: [String: Tensor], input: Tensor?
  ) {
    let (images, channels) = (input.shape[0], head.convolution.output)
    precondition(gradient.shape == [images, channels], "training: gradient \(gradient.shape)")
    return lock.withLock {
      let gradients = TrainingGradients(self, wanted: wanted, input: wantsInput)
      let share = 1 / Float(head.height * head.width)
      pooledGradient!.update(repeating: 0, count: images * head.pitch)
      for i in 0..<images {
        for c in 0..<channels {
          pooledGradient![i * head.pitch + c] = gradient.storage.pointer[i * channels + c] * share
        }
      }
      run(backwardSteps(gradients))
      return (gradients.tensors, gradients.input)
    }
  }
}
