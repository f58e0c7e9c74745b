import CWhyFakeTensor

extension Planner {
  /// The input, for a graph that begins in the middle of a network.
  mutating func interleave(_ value: NetworkGraph.Value) {
    if locations[value.index] == nil { reserve(value) }
    var stage = interleaving(
      value, height: value.height, width: value.width, pitch: PackedFilter.pitch(value.channels))
    stage.output = place(value)
    add(stage, "interleaved maps", value, operations: 0, weights: 0)
  }

  private func interleaving(_ x: NetworkGraph.Value, height: Int, width: Int, pitch: Int) -> wf_stage {
    var stage = blankStage(WF_INTERLEAVE)
    (stage.height, stage.width, stage.channels) = (x.height, x.width, x.channels)
    (stage.outHeight, stage.outWidth, stage.outChannels, stage.outPitch) = (height, width, x.channels, pitch)
    stage.input = wf_place(base: 1, offset: batch.lowerBound * x.channels * x.height * x.width)
    stage.blockRows = 16
    stage.tasks = batch.count * ((height + 15) / 16)
    return stage
  }

  /// A k×k convolution of the pictures: interleaved first, so that a patch's row is one run.
  mutating func dense(_ index: Int) {
    guard
      case .convolution(let x, let filter, let stride, let padding, let activation) = graph.operations[index],
      case .input = graph.operations[x.index]
    else { preconditionFailure("ExecutionPlan: a dense convolution of anything but the input") }
    let value = graph.values[index]
    let height = (value.height - 1) * stride + filter.kernel
    let width = (value.width - 1) * stride + filter.kernel
    let interleaved = arena.buffer(batch.count * height * width * x.channels, at: stages.count)

    var stage = interleaving(x, height: height, width: width, pitch: x.channels)
    (stage.top, stage.left) = (padding.top, padding.left)
    stage.output = interleaved
    add(stage, "interleaved pictures", value, operations: 0, weights: 0)

    arena.touch(interleaved, at: stages.count)
    if locations[value.index] == nil { reserve(value) }
    stage = blankStage(WF_PATCHES)
    (stage.height, stage.width, stage.channels) = (height, width, x.channels)
    (stage.outHeight, stage.outWidth, stage.outChannels) = (value.height, value.width, value.channels)
    stage.outPitch = locations[value.index]!.pitch
    (stage.kernel, stage.stride, stage.blockRows) = (filter.kernel, stride, 4)
    stage.activation = activation.kind
    (stage.input, stage.output) = (interleaved, place(value))
    use(filter, in: &stage)
    stage.tasks = batch.count * ((value.height + 3) / 4)
    add(
      stage, "\(filter.kernel)×\(filter.kernel)/\(stride) to \(value.channels)", value,
      operations: value.height * value.width * value.channels * filter.kernel * filter.kernel * x.channels,
      weights: filter.weights.count)
  }

  mutating func depthwise(_ index: Int) {
    guard
      case .convolution(var x, let filter, let stride, let padding, let activation) = graph.operations[index]
    else { return }
    precondition(
      [3, 5].contains(filter.kernel) && (1...2).contains(stride),
      "ExecutionPlan: depthwise \(filter.kernel)×\(filter.kernel), stride \(stride)")
    let value = graph.values[index]
    let (height, width) = (x.height, x.width)
    var operations = value.height * value.width * value.channels * filter.kernel * filter.kernel
    var name = "depthwise \(filter.kernel)×\(filter.kernel)/\(stride) of \(value.channels)"
    var weights = filter.weights.count
    var expansion: PackedFilter?
    var expandActivation = Tensor.Activation.identity
    if case .convolution(let narrow, let expand, _, _, let activation) = graph.operations[x.index],
      fusion.root(x.index) == index
    {
      operations += x.height * x.width * x.channels * narrow.channels
      weights += expand.weights.count
      name += ", from \(narrow.channels) by 1×1"
      (x, expansion, expandActivation) = (narrow, expand, activation)
    }
    var stage = mapStage(WF_DEPTHWISE, x, value)
    (stage.height, stage.width) = (height, width)
    (stage.kernel, stage.stride, stage.top, stage.left) = (filter.kernel, stride, padding.top, padding.left)
    stage.middle = PackedFilter.pitch(value.channels)
    (stage.activation, stage.expandActivation) = (activation.kind, expandActivation.kind)
    if let expansion { use(expansion, in: &stage) }
    filters.append(filter)
    (stage.depthwiseWeights, stage.depthwiseBias) = (filter.weightsPointer, filter.biasPointer)
    if let pooled = fusion.pooled(value) {
      if locations[pooled.index] == nil { reserve(pooled) }
      stage.sums = place(pooled)
    }
    cutDepthwise(&stage)
    add(stage, name, value, operations: operations, weights: weights)
  }

  /// A 1×1 convolution to `value`, which is the convolution itself or a sum that it is a term of.
  mutating func pointwise(
    _ value: NetworkGraph.Value, convolution index: Int, sum: (other: NetworkGraph.Value, Tensor.Activation)?
  ) {
    guard
      case .convolution(var x, let filter, let stride, let padding, var activation) = graph.operations[index]
    else { return }
    precondition(
      stride == 1 && padding == .zero, "ExecutionPlan: 1×1 with stride \(stride), padding \(padding)")
    var gate: NetworkGraph.Value?
    if case .gated(let map, let by) = graph.operations[x.index], fusion.root(x.index) == fusion.root(index) {
      (x, gate) = (map, by)
    }
    if let sum {
      precondition(activation == .identity, "ExecutionPlan: an activation between a convolution and a sum")
      activation = sum.1
      // The sum may lie where its other term did, if nobody reads that again.
      let other = locations[sum.other.index]!
      if fusion.lastUse(sum.other) == value.index, other.isWhole == (batch.count == images),
        locations[value.index] == nil, other.pitch == PackedFilter.pitch(value.channels)
      {
        locations[value.index] = other
      }
    }
    var stage = mapStage(WF_POINTWISE, x, value)
    stage.activation = activation.kind
    use(filter, in: &stage)
    if let gate { stage.gate = place(gate) }
    if let sum {
      stage.residual = place(sum.other)
      stage.residualPitch = locations[sum.other.index]!.pitch
    }
    if sum == nil, let pooled = fusion.pooled(value) {
      if locations[pooled.index] == nil { reserve(pooled) }
      stage.sums = place(pooled)
    }
    cutPointwise(&stage)
    add(
      stage,
      "1×1 from \(x.channels) to \(value.channels)" + (gate == nil ? "" : ", gated")
        + (sum == nil ? "" : ", added"), value,
      operations: value.height * value.width * x.channels * filter.output, weights: filter.weights.count)
  }

  mutating func linear(
    _ value: NetworkGraph.Value, _ x: NetworkGraph.Value, _ filter: PackedFilter,
    _ activation: Tensor.Activation
  ) {
    var stage = mapStage(WF_POINTWISE, x, value)
    if let sum = locations[x.index]!.sum { (stage.parts, stage.scale) = (sum.rows, sum.scale) }
    stage.activation = activation.kind
    use(filter, in: &stage)
    cutPointwise(&stage)
    add(
      stage, "linear from \(x.channels) to \(value.channels)", value, operations: x.channels * value.channels,
      weights: filter.weights.count)
  }

  /// Writes `value` where it was asked for, if it was.
  mutating func handOut(_ value: NetworkGraph.Value) {
    for (i, other) in wanted.enumerated() where other == value {
      var stage = blankStage(WF_PLANES)
      (stage.height, stage.width, stage.channels) = (value.height, value.width, value.channels)
      (stage.outHeight, stage.outWidth, stage.outChannels) = (value.height, value.width, value.channels)
      stage.input = place(value)
      stage.pitch = locations[value.index]!.pitch
      let image = value.channels * value.height * value.width
      stage.output = wf_place(base: Int32(2 + i), offset: batch.lowerBound * image)
      stage.tasks = batch.count * stage.pitch / Int(WF_PANEL)
      add(stage, "planes", value, operations: 0, weights: 0)
    }
  }

  private mutating func use(_ filter: PackedFilter, in stage: inout wf_stage) {
    filters.append(filter)
    (stage.weights, stage.bias) = (filter.weightsPointer, filter.biasPointer)
  }
}
