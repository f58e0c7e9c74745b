import CWhyFakeTensor

extension TrainingRun {
  private var images: Int { input.shape[0] }

  /// Panels of a task that only reads and adds up.
  private func poolPanels(_ layer: TrainingLayer) -> Int { max(1, min(8, (layer.panels * images + 7) / 8)) }

  private func chunks(_ panels: Int, _ block: Int) -> Int { (panels + block - 1) / block }

  // MARK: Forwards

  func forwardSteps() -> [wf_step] {
    var steps = layers.map { layer in
      let panels =
        layer.convolution.isDepthwise ? layer.panels : max(layer.panels, layer.lengthPitch / Int(WF_PANEL))
      return layer.step(WF_PACK_WEIGHTS, tasks: panels)
    }
    var step = stem.step(WF_INTERLEAVE_INPUT, tasks: images)
    step.input = UnsafePointer(input.storage.pointer)
    step.output = interleaved
    (step.inputHeight, step.inputWidth) = (input.shape[2], input.shape[3])
    steps.append(step)
    step = stem.step(WF_FORWARD_DENSE, tasks: images)
    step.input = UnsafePointer(interleaved)
    steps += [step, stem.step(WF_JOIN_STATISTICS, tasks: stem.panels)]
    var (before, map) = (stem, UnsafeMutablePointer<Float>?.none)
    for block in bottlenecks {
      steps += forward(block, before, map)
      (before, map) = (block.project, block.output)
    }
    steps += [pointwise(head, map, before.pitch), head.step(WF_JOIN_STATISTICS, tasks: head.panels)]
    steps.append(pool(head, to: pooled))
    for i in steps.indices { steps[i].zeros = UnsafePointer(zeros) }
    return steps
  }

  private func pointwise(_ layer: TrainingLayer, _ map: UnsafeMutablePointer<Float>?, _ pitch: Int) -> wf_step
  {
    var step = layer.step(WF_FORWARD_POINTWISE, tasks: layer.pointer.pointee.parts)
    step.input = UnsafePointer(map)
    step.inputPitch = pitch
    step.streams = streams(layer.pixels * layer.pitch)
    return step
  }

  private func pool(_ layer: TrainingLayer, to output: UnsafeMutablePointer<Float>?) -> wf_step {
    let panels = poolPanels(layer)
    var step = layer.step(WF_FORWARD_POOL, tasks: images * chunks(layer.panels, panels))
    step.blockPanels = panels
    step.output = output
    return step
  }

  /// - Parameter map: the output of the block before; nil for the stem, which is read from its layer.
  private func forward(
    _ block: Bottleneck, _ before: TrainingLayer, _ map: UnsafeMutablePointer<Float>?
  ) -> [wf_step] {
    var steps: [wf_step] = []
    if let expand = block.expand {
      steps = [pointwise(expand, map, before.pitch), expand.step(WF_JOIN_STATISTICS, tasks: expand.panels)]
    }
    let layer = block.depthwise
    var step = filter(block, WF_FORWARD_DEPTHWISE, before, map)
    steps += [step, layer.step(WF_JOIN_STATISTICS, tasks: layer.panels)]
    steps.append(pool(layer, to: block.gate.pointer.pointee.pooled))
    step = layer.step(WF_FORWARD_GATE, tasks: images)
    step.gate = block.gate.pointer
    steps.append(step)
    step = pointwise(block.project, nil, layer.pitch)
    step.source = layer.pointer
    step.gate = block.gate.pointer
    steps += [step, block.project.step(WF_JOIN_STATISTICS, tasks: block.project.panels)]
    step = block.project.step(WF_FORWARD_OUTPUT, tasks: min(32, block.project.pixels))
    step.output = block.output
    step.residual = block.hasShortcut ? UnsafePointer(map) : nil
    return steps + [step]
  }

  /// A step of a block's depthwise convolution: how it reads its input.
  private func filter(
    _ block: Bottleneck, _ kind: wf_step_kind, _ before: TrainingLayer, _ map: UnsafeMutablePointer<Float>?
  ) -> wf_step {
    let layer = block.depthwise
    var step = layer.step(kind, tasks: images * chunks(layer.panels, layer.filterPanels))
    step.blockPanels = layer.filterPanels
    step.streams = kind == WF_FORWARD_DEPTHWISE && streams(layer.pixels * layer.pitch)
    step.source = block.expand?.pointer ?? (map == nil ? before.pointer : nil)
    step.input = UnsafePointer(map)
    (step.inputHeight, step.inputWidth, step.inputPitch) = (before.height, before.width, layer.pitch)
    return step
  }

  // MARK: Backwards

  func backwardSteps(_ gradients: TrainingGradients) -> [wf_step] {
    var step = head.step(WF_BACKWARD_POOL, tasks: images * chunks(head.panels, poolPanels(head)))
    step.blockPanels = poolPanels(head)
    step.gradient = UnsafePointer(pooledGradient)
    var steps = [step, head.step(WF_JOIN_SUMS, tasks: head.panels)]
    let last = bottlenecks.last!
    step = backward(head, gradients, inputPitch: last.project.pitch)
    step.gradient = UnsafePointer(pooledGradient)
    step.isPooled = true
    step.input = UnsafePointer(last.output)
    step.output = outputGradients[0]
    step.target = last.project.pointer
    steps += [step] + join(head, gradients, step.parts)
    var turn = 0
    for i in bottlenecks.indices.reversed() {
      let before = i == 0 ? nil : bottlenecks[i - 1]
      steps += backward(bottlenecks[i], before, gradients, turn)
      turn = 1 - turn
    }
    steps.append(stem.step(WF_JOIN_SUMS, tasks: stem.panels))
    step = stem.step(WF_BACKWARD_DENSE, tasks: stem.backwardParts(inputPitch: stem.lengthPitch))
    step.parts = step.tasks
    step.input = UnsafePointer(interleaved)
    step.gradient = UnsafePointer(wideGradient)
    step.filterSums = filterSums
    if gradients.filter(stem) != nil || gradients.isPlan {
      steps += [step] + join(stem, gradients, step.parts)
    }
    if gradients.input != nil || gradients.isPlan {
      step.kind = WF_BACKWARD_INPUT
      step.tasks = images
      (step.inputHeight, step.inputWidth) = (input.shape[2], input.shape[3])
      step.output = gradients.input?.storage.pointer
      steps.append(step)
    }
    for i in steps.indices { steps[i].zeros = UnsafePointer(zeros) }
    return steps
  }

  private func backward(_ layer: TrainingLayer, _ gradients: TrainingGradients, inputPitch: Int) -> wf_step {
    let parts = layer.backwardParts(inputPitch: inputPitch)
    let panels = inputPitch / Int(WF_PANEL)
    // Chunks of the input's panels where there are not enough parts; what comes out does not depend on them.
    let wanted = max((2 * threads + parts - 1) / parts, (panels + 23) / 24)
    let block = max(1, (panels + wanted - 1) / wanted)
    var step = layer.step(WF_BACKWARD_POINTWISE, tasks: parts * chunks(panels, block))
    step.parts = parts
    step.blockPanels = block
    // From sizes alone: sums are taken block by block.
    step.blockRows = max(98, min(192, 65536 / (layer.pitch + inputPitch)))
    step.inputPitch = inputPitch
    step.filterSums = gradients.filter(layer) == nil ? nil : filterSums
    return step
  }

  /// Whether a map of as many floats leaves the caches before it is read.
  private func streams(_ floats: Int) -> Bool { floats * MemoryLayout<Float>.stride > 20 << 20 }

  private func join(_ layer: TrainingLayer, _ gradients: TrainingGradients, _ parts: Int) -> [wf_step] {
    guard let gradient = gradients.filter(layer) else { return [] }
    var step = layer.step(WF_JOIN_FILTER, tasks: layer.panels)
    step.parts = parts
    step.filterSums = filterSums
    step.filterGradient = gradient
    return [step]
  }

  /// - Parameters:
  ///   - before: the block before; nil where the stem is.
  ///   - turn: which of the two buffers holds the gradient of the block's output; that of its input goes to the other.
  private func backward(
    _ block: Bottleneck, _ before: Bottleneck?, _ gradients: TrainingGradients, _ turn: Int
  ) -> [wf_step] {
    let (depthwise, project) = (block.depthwise, block.project)
    let residual = block.hasShortcut ? UnsafePointer(outputGradients[turn]) : nil
    var steps = [project.step(WF_JOIN_SUMS, tasks: project.panels)]
    var step = backward(project, gradients, inputPitch: depthwise.pitch)
    step.gradient = UnsafePointer(outputGradients[turn])
    step.source = depthwise.pointer
    step.gate = block.gate.pointer
    step.input = UnsafePointer(depthwise.pointer.pointee.map)
    step.output = gatedGradient
    step.streams = streams(depthwise.pixels * depthwise.pitch)
    steps += [step] + join(project, gradients, step.parts)
    for (kind, tasks) in [(WF_BACKWARD_GATE, images), (WF_BACKWARD_GATE_WEIGHTS, depthwise.panels)] {
      step = depthwise.step(kind, tasks: tasks)
      step.gate = block.gate.pointer
      steps.append(step)
    }
    step = filter(block, WF_BACKWARD_DEPTHWISE, before?.project ?? stem, before?.output)
    step.gate = block.gate.pointer
    step.gradient = UnsafePointer(gatedGradient)
    step.filterSums = gradients.filter(depthwise) == nil ? nil : filterSums
    let readsLayer = step.source != nil
    step.streams = readsLayer && streams(images * step.inputHeight * step.inputWidth * step.inputPitch)
    step.output = readsLayer ? wideGradient : outputGradients[1 - turn]
    step.residual = readsLayer ? nil : residual
    step.target = step.source ?? before?.project.pointer
    steps += [step] + join(depthwise, gradients, images)
    guard let expand = block.expand, let before else { return steps }
    steps.append(expand.step(WF_JOIN_SUMS, tasks: expand.panels))
    step = backward(expand, gradients, inputPitch: before.project.pitch)
    step.gradient = UnsafePointer(wideGradient)
    step.input = UnsafePointer(before.output)
    step.output = outputGradients[1 - turn]
    step.residual = residual
    step.target = before.project.pointer
    return steps + [step] + join(expand, gradients, step.parts)
  }
}
