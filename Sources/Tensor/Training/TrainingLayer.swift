import CWhyFakeTensor

/// A convolution of a training step: its map, its normalisation and its filter, where they lie in memory.
final class TrainingLayer {
  let convolution: TrainingGraph.Convolution
  let images: Int
  let height: Int
  let width: Int
  let pitch: Int
  /// What the kernels read; at one address as long as the layer lives.
  let pointer = UnsafeMutablePointer<wf_layer>.allocate(capacity: 1)
  private(set) var packed: UnsafeMutablePointer<Float>?
  private(set) var packedBackward: UnsafeMutablePointer<Float>?
  /// Mean and variance: of the batch, or frozen.
  let mean: Tensor
  let variance: Tensor
  let weights: Tensor
  private let isFrozen: Bool

  var pixels: Int { images * height * width }
  var panels: Int { pitch / Int(WF_PANEL) }
  /// Values of a filter that are multiplied for one output, and how many are kept for it.
  var length: Int {
    (convolution.isDepthwise ? 1 : convolution.input) * convolution.kernel * convolution.kernel
  }
  var lengthPitch: Int { PackedFilter.pitch(length) }

  /// - Parameters:
  ///   - height: of its input.
  ///   - width: of its input.
  ///   - isFrozen: whether mean and variance are `<name>.norm.running_mean|running_var`, not the batch's.
  init(
    _ convolution: TrainingGraph.Convolution, images: Int, height: Int, width: Int,
    parameters: [String: Tensor], epsilon: Float, isFrozen: Bool
  ) {
    self.convolution = convolution
    self.images = images
    (self.height, self.width) = convolution.size(height, width)
    precondition(
      self.height > 0 && self.width > 0 && convolution.padding.isValid,
      "\(convolution.name): pictures of \(height)×\(width) are too small")
    pitch = PackedFilter.pitch(convolution.output)
    weights = parameters["\(convolution.name).conv.weight"]!
    self.isFrozen = isFrozen
    if isFrozen {
      mean = parameters["\(convolution.name).norm.running_mean"]!
      variance = parameters["\(convolution.name).norm.running_var"]!
    } else {
      mean = Tensor(shape: [convolution.output], repeating: 0)
      variance = mean.copied()
    }
    pointer.initialize(to: wf_layer())
    let gamma = parameters["\(convolution.name).norm.weight"]!,
      beta = parameters["\(convolution.name).norm.bias"]!
    precondition(
      [gamma, beta, mean, variance].allSatisfy { $0.shape == [convolution.output] },
      "\(convolution.name): \(gamma.shape), \(beta.shape), \(mean.shape), \(variance.shape)")
    pointer.pointee.images = images
    pointer.pointee.height = self.height
    pointer.pointee.width = self.width
    pointer.pointee.channels = convolution.output
    pointer.pointee.pitch = pitch
    pointer.pointee.activated = convolution.activation == .silu
    pointer.pointee.epsilon = epsilon
    pointer.pointee.gamma = UnsafePointer(gamma.storage.pointer)
    pointer.pointee.beta = UnsafePointer(beta.storage.pointer)
    if isFrozen {
      pointer.pointee.frozenMean = UnsafePointer(mean.storage.pointer)
      pointer.pointee.frozenVariance = UnsafePointer(variance.storage.pointer)
    } else {
      pointer.pointee.batchMean = mean.storage.pointer
      pointer.pointee.batchVariance = variance.storage.pointer
    }
    pointer.pointee.parts = parts(inputPitch: PackedFilter.pitch(convolution.input))
  }

  deinit { pointer.deallocate() }

  /// Parts of the pixels whose statistics are taken together. They depend on sizes alone, so that sums do too.
  private func parts(inputPitch: Int) -> Int {
    guard convolution.kernel == 1 && !convolution.isDepthwise else { return images }
    let rows = max(48, min(256, 24576 / max(pitch, inputPitch)))
    let parts = (pixels + rows / 2) / rows
    return min(pixels, parts < 4 ? max(parts, 2) : (parts + 2) / 4 * 4)
  }

  /// Parts of the backward pass, each with a sum of the filter's gradient of its own: powers of two, of whole images.
  func backwardParts(inputPitch: Int) -> Int {
    let most = max(1, min(16, (1 << 19) / (pitch * inputPitch)))
    var parts = 1
    while parts * 2 <= min(most, images) { parts *= 2 }
    return parts
  }

  /// Takes its memory; `factors` are of each image, behind the normalisation.
  func place(_ space: inout TrainingSpace, sumParts: Int, factors: [Float]?) {
    pointer.pointee.map = space.take(pixels * pitch)
    for path in [\wf_layer.mean, \.inverse, \.factor, \.shift, \.a, \.b, \.c] {
      pointer.pointee[keyPath: path] = space.take(pitch)
    }
    if !isFrozen { pointer.pointee.partials = space.take(pointer.pointee.parts * 2 * pitch) }
    pointer.pointee.sums = space.take(sumParts * 2 * pitch)
    pointer.pointee.sumParts = sumParts
    if let factors {
      let kept = space.take(images)
      kept?.update(from: factors, count: images)
      pointer.pointee.imageFactors = UnsafePointer(kept)
    }
    packed = space.take(pitch * length)
    packedBackward = space.take(convolution.isDepthwise ? pitch * length : lengthPitch * convolution.output)
  }

  /// A step of this layer.
  func step(_ kind: wf_step_kind, tasks: Int) -> wf_step {
    var step = wf_step(kind, tasks: tasks, layer: pointer, convolution)
    step.weights = UnsafePointer(weights.storage.pointer)
    step.packed = packed
    step.packedBackward = packedBackward
    return step
  }

  /// Panels of a depthwise task: wide maps are read as they lie in memory, small ones so that rows stay in the nearest
  /// cache.
  var filterPanels: Int { min(panels, width > 14 ? 9 : 4) }
}

extension Tensor {
  /// The same values in storage of their own.
  fileprivate func copied() -> Tensor { Tensor(shape: shape, storage: storage.copy()) }
}

extension wf_step {
  /// A step of a layer that is this convolution; where its filter lies is for the caller to say.
  init(
    _ kind: wf_step_kind, tasks: Int, layer: UnsafeMutablePointer<wf_layer>,
    _ convolution: TrainingGraph.Convolution
  ) {
    self.init()
    self.kind = kind
    self.tasks = tasks
    self.layer = layer
    outputs = convolution.output
    inputs = convolution.isDepthwise ? 1 : convolution.input
    kernel = convolution.kernel
    stride = convolution.stride
    top = convolution.padding.top
    left = convolution.padding.left
    isDepthwise = convolution.isDepthwise
    blockRows = 1
    blockPanels = 1
  }
}
