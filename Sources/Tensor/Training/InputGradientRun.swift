import CWhyFakeTensor
import Foundation

/// A convolution's filter with its normalisation folded in, packed for both directions. Runs share it.
package struct InputGradientFilter: Sendable {
  let forward: PackedFilter
  /// Of the products that lead back: the transpose for products, the mirror image for filters of one channel.
  let backward: PackedFilter

  /// - Parameters:
  ///   - filter: `[output, input / groups, k, k]`, times what the normalisation multiplies with.
  ///   - isDepthwise: whether each output has one input of its own.
  ///   - forward: the same packed, with the bias that the normalisation adds.
  ///   - memory: where the backward filter is kept.
  package init(_ filter: Tensor, isDepthwise: Bool, forward: PackedFilter, in memory: FilterMemory) {
    self.forward = forward
    let (outputs, inputs, area) = (filter.shape[0], filter.shape[1], filter.shape[2] * filter.shape[3])
    let elements = filter.elements
    if isDepthwise {
      let mirrored = elements.indices.map { elements[$0 / area * area + area - 1 - $0 % area] }
      backward = PackedFilter(Tensor(shape: filter.shape, mirrored), bias: nil, isDepthwise: true, in: memory)
    } else {
      // A patch's values stand place by place, channels inside: each of them is an output of the way back.
      let transposed = Tensor(shape: [area * inputs, outputs]) { out in
        for o in 0..<outputs {
          for c in 0..<inputs {
            for at in 0..<area {
              out[(at * inputs + c) * outputs + o] = elements[(o * inputs + c) * area + at]
            }
          }
        }
      }
      backward = PackedFilter(transposed, bias: nil, in: memory)
    }
  }
}

/// The passes forwards and backwards that give the gradient of the pictures, with fixed statistics: normalisation is part
/// of the filters, every map is stored once as it is before its activation, and nothing is computed for parameters.
///
/// A run is made for a number of pictures and threads and can be used again; one caller at a time. What it gives for a
/// picture depends neither on the others nor on the number of threads, to the last bit.
package final class InputGradientRun: @unchecked Sendable {
  // Safe to hand from thread to thread: used by one at a time, which its owner sees to.
  struct Bottleneck {
    let expand: InputGradientLayer?
    let depthwise: InputGradientLayer
    let gate: TrainingGate
    let project: InputGradientLayer
    let hasShortcut: Bool
  }

  /// Pictures that it takes at once.
  package let images: Int
  let input: (channels: Int, height: Int, width: Int)
  let stem: InputGradientLayer
  private(set) var bottlenecks: [Bottleneck] = []
  let head: InputGradientLayer
  let threads: Int
  private var block = Storage(count: 0)

  private(set) var interleaved: UnsafeMutablePointer<Float>?
  private(set) var zeros: UnsafeMutablePointer<Float>?
  private(set) var pooled: UnsafeMutablePointer<Float>?
  private(set) var pooledGradient: UnsafeMutablePointer<Float>?
  /// Gradients of block outputs (by turns), of widened maps, and of gated ones.
  private(set) var outputGradients: [UnsafeMutablePointer<Float>?] = [nil, nil]
  private(set) var wideGradient: UnsafeMutablePointer<Float>?
  private(set) var gatedGradient: UnsafeMutablePointer<Float>?
  private var scratch: UnsafeMutablePointer<Float>?
  private var scratchSize = 0

  /// Bytes that it takes, beside filters and pictures.
  package var workingBytes: Int { block.count * MemoryLayout<Float>.stride }

  /// - Parameters:
  ///   - blocks: of the graph.
  ///   - shape: of the pictures, `[N, C, H, W]`.
  ///   - filters: of the convolutions by name.
  ///   - parameters: of the gates, by their names.
  ///   - threads: that one run is split over.
  package init(
    _ blocks: [TrainingGraph.Block], shape: [Int], filters: [String: InputGradientFilter],
    parameters: [String: Tensor], threads: Int
  ) {
    precondition(shape.count == 4 && shape[0] > 0, "input gradients: pictures \(shape)")
    guard case .stem(let first)? = blocks.first, case .head(let last)? = blocks.last else {
      preconditionFailure("input gradients: \(blocks.count) blocks")
    }
    precondition(first.input == shape[1], "\(first.name): pictures \(shape)")
    let images = shape[0]
    (self.images, self.threads, input) = (images, threads, (shape[1], shape[2], shape[3]))
    func layer(_ convolution: TrainingGraph.Convolution, _ height: Int, _ width: Int) -> InputGradientLayer {
      InputGradientLayer(
        convolution, filters[convolution.name]!, images: images, height: height, width: width)
    }
    stem = layer(first, shape[2], shape[3])
    var (height, width) = (stem.height, stem.width)
    for case .bottleneck(let block) in blocks {
      precondition(block.factors == nil, "input gradients: stochastic depth is for training")
      let expand = block.expand.map { layer($0, height, width) }
      let depthwise = layer(block.depthwise, height, width)
      (height, width) = (depthwise.height, depthwise.width)
      bottlenecks.append(
        Bottleneck(
          expand: expand, depthwise: depthwise,
          gate: TrainingGate(block, pitch: depthwise.pitch, parameters: parameters),
          project: layer(block.project, height, width), hasShortcut: block.hasShortcut))
    }
    head = layer(last, height, width)
    var space = TrainingSpace(nil)
    place(&space)
    block = Storage(count: space.count)
    space = TrainingSpace(block)
    place(&space)
  }

  private var layers: [InputGradientLayer] {
    [stem] + bottlenecks.flatMap { [$0.expand, $0.depthwise, $0.project].compactMap { $0 } } + [head]
  }

  private func place(_ space: inout TrainingSpace) {
    let most = layers.map(\.pitch).max()!
    let ones = space.take(most)
    ones?.update(repeating: 1, count: most)
    zeros = space.take(most)
    zeros?.update(repeating: 0, count: most)
    let c = stem.convolution
    interleaved = space.take(
      images * c.input * ((stem.height - 1) * c.stride + c.kernel) * ((stem.width - 1) * c.stride + c.kernel))
    for layer in layers { layer.place(&space, ones: ones, zeros: zeros) }
    for block in bottlenecks { block.gate.place(&space, images: images) }
    pooled = space.take(images * head.pitch)
    pooledGradient = space.take(images * head.pitch)
    func largest(_ layers: [InputGradientLayer]) -> Int { layers.map { $0.pixels * $0.pitch }.max()! }
    for i in 0..<2 { outputGradients[i] = space.take(largest(bottlenecks.map(\.project))) }
    wideGradient = space.take(largest([stem] + bottlenecks.compactMap(\.expand)))
    gatedGradient = space.take(largest(bottlenecks.map(\.depthwise)))
    scratchSize = (forwardSteps() + backwardSteps()).reduce(0) { size, step in
      withUnsafePointer(to: step) { max(size, wf_step_scratch($0)) }
    }
    scratchSize = (scratchSize + 63) / 64 * 64
    scratch = space.take(scratchSize * threads)
  }

  private func run(_ steps: [wf_step]) {
    steps.withUnsafeBufferPointer {
      wf_run_steps($0.baseAddress!, $0.count, scratch!, scratchSize, Int32(threads), nil)
    }
  }

  /// Runs forwards and backwards.
  ///
  /// - Parameters:
  ///   - x: pictures `[M, C, H, W]`; those from `first` on are taken, as many as the run is for.
  ///   - gradients: `[M, C, H, W]`; their gradients are written there.
  ///   - classify: from what one picture's plane gives on average, `[1, C]`, to the gradient of that.
  package func run(
    _ x: Tensor, from first: Int, into gradients: UnsafeMutablePointer<Float>,
    classify: (_ image: Int, _ summary: Tensor) -> Tensor
  ) {
    let picture = input.channels * input.height * input.width
    precondition(
      x.shape.dropFirst() == [input.channels, input.height, input.width] && first + images <= x.shape[0],
      "input gradients: \(x.shape) from \(first)")
    withExtendedLifetime(x) {
      run(forwardSteps(UnsafePointer(x.storage.pointer + first * picture)))
      let channels = head.convolution.output
      let share = 1 / Float(head.height * head.width)
      pooledGradient!.update(repeating: 0, count: images * head.pitch)
      for i in 0..<images {
        let summary = Tensor(shape: [1, channels]) {
          $0.baseAddress!.update(from: pooled! + i * head.pitch, count: channels)
        }
        let gradient = classify(first + i, summary)
        precondition(gradient.count == channels, "input gradients: gradient \(gradient.shape)")
        for c in 0..<channels {
          pooledGradient![i * head.pitch + c] = gradient.storage.pointer[c] * share
        }
      }
      run(backwardSteps(gradients + first * picture))
    }
  }
}

/// A convolution of such a run, where its map lies in memory.
final class InputGradientLayer {
  let convolution: TrainingGraph.Convolution
  let filter: InputGradientFilter
  let images: Int
  let height: Int
  let width: Int
  let pitch: Int
  /// What the kernels read; at one address as long as the layer lives.
  let pointer = UnsafeMutablePointer<wf_layer>.allocate(capacity: 1)

  var pixels: Int { images * height * width }
  var panels: Int { pitch / Int(WF_PANEL) }
  var map: UnsafeMutablePointer<Float>? { pointer.pointee.map }

  /// - Parameters:
  ///   - height: of its input.
  ///   - width: of its input.
  init(
    _ convolution: TrainingGraph.Convolution, _ filter: InputGradientFilter, images: Int, height: Int,
    width: Int
  ) {
    (self.convolution, self.filter, self.images) = (convolution, filter, images)
    (self.height, self.width) = convolution.size(height, width)
    precondition(
      self.height > 0 && self.width > 0 && convolution.padding.isValid,
      "\(convolution.name): pictures of \(height)×\(width) are too small")
    precondition(filter.forward.output == convolution.output, "\(convolution.name): \(filter.forward.output)")
    pitch = PackedFilter.pitch(convolution.output)
    pointer.initialize(to: wf_layer())
    pointer.pointee.images = images
    pointer.pointee.height = self.height
    pointer.pointee.width = self.width
    pointer.pointee.channels = convolution.output
    pointer.pointee.pitch = pitch
    pointer.pointee.activated = convolution.activation == .silu
    pointer.pointee.bias = filter.forward.biasPointer
    let rows = max(48, min(256, 24576 / max(pitch, PackedFilter.pitch(convolution.input))))
    pointer.pointee.parts = max(1, pixels / rows)
  }

  deinit { pointer.deallocate() }

  /// Takes its memory. `ones` and `zeros` stand for a normalisation that changes nothing.
  func place(
    _ space: inout TrainingSpace, ones: UnsafeMutablePointer<Float>?, zeros: UnsafeMutablePointer<Float>?
  ) {
    pointer.pointee.map = space.take(pixels * pitch)
    (pointer.pointee.factor, pointer.pointee.a) = (ones, ones)
    for path in [\wf_layer.shift, \.b, \.c] { pointer.pointee[keyPath: path] = zeros }
  }

  /// A step of this layer.
  func step(_ kind: wf_step_kind, tasks: Int) -> wf_step {
    var step = wf_step(kind, tasks: tasks, layer: pointer, convolution)
    // Read only: nothing is packed.
    step.packed = UnsafeMutablePointer(mutating: filter.forward.weightsPointer)
    step.packedBackward = UnsafeMutablePointer(mutating: filter.backward.weightsPointer)
    return step
  }
}
