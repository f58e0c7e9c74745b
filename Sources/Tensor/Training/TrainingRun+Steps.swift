import CWhyFakeTensor

extension TrainingRun {
  private var images: Int { input.shape[0] }

  /// Panels of a task that only reads and adds up.
  private func poolPanels(_ layer: TrainingLayer) -> Int { max(1, min(8, (layer.panels * images + 7) / 8)) }

  private func chunks(_ panels: Int, _ block: Int) -> Int { (panels + block - 1) / block }

  // MARK: Forwards

  /// - Parameter output: where the last block's output goes, if there is no head.
  func forwardSteps(to output: Tensor?) -> [wf_step] {
    var steps = layers.map { layer in
      let panels =
        layer.convolution.isDepthwise ? layer.panels : max(layer.panels, layer.lengthPitch / Int(WF_PANEL))
      return layer.step(WF_PACK_WEIGHTS, tasks: panels)
    }
    if let stem {
      var step = stem.step(WF_INTERLEAVE_INPUT, tasks: images)
      step.input = UnsafePointer(input.storage.pointer)
      step.output = interleaved
      (step.inputHeight, step.inputWidth) = (input.shape[2], input.shape[3])
      steps.append(step)
      step = stem.step(WF_FORWARD_DENSE, tasks: images)
      step.input = UnsafePointer(interleaved)
      steps += [step, stem.step(WF_JOIN_STATISTICS, tasks: stem.panels)]
    } else {
      var step = map(before: 0).step(WF_INTERLEAVE_MAP, images: images)
      step.input = UnsafePointer(input.storage.pointer)
      step.output = interleaved
      steps.append(step)
    }
    for (i, block) in bottlenecks.enumerated() { steps += forward(block, map(before: i)) }
    let last = map(before: bottlenecks.count)
    if let head {
      steps += [pointwise(head, last), head.step(WF_JOIN_STATISTICS, tasks: head.panels)]
      steps.append(pool(head, to: pooled))
    } else {
      var step = last.step(WF_SEPARATE_MAP, images: images)
      step.input = UnsafePointer(last.pointer)
      step.output = output?.storage.pointer
      steps.append(step)
    }
    for i in steps.indices { steps[i].zeros = UnsafePointer(zeros) }
    return steps
  }

  private func pointwise(_ layer: TrainingLayer, _ map: TrainingMap) -> wf_step {
    var step = pointwise(layer, inputPitch: map.pitch)
    step.input = UnsafePointer(map.pointer)
    return step
  }

  private func pointwise(_ layer: TrainingLayer, inputPitch: Int) -> wf_step {
    var step = layer.step(WF_FORWARD_POINTWISE, tasks: layer.pointer.pointee.parts)
    step.inputPitch = inputPitch
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

  private func forward(_ block: Bottleneck, _ before: TrainingMap) -> [wf_step] {
    var steps: [wf_step] = []
    if let expand = block.expand {
      steps = [pointwise(expand, before), expand.step(WF_JOIN_STATISTICS, tasks: expand.panels)]
    }
    let layer = block.depthwise
    steps += [
      filter(block, WF_FORWARD_DEPTHWISE, before), layer.step(WF_JOIN_STATISTICS, tasks: layer.panels),
    ]
    steps.append(pool(layer, to: block.gate.pointer.pointee.pooled))
    var step = layer.step(WF_FORWARD_GATE, tasks: images)
    step.gate = block.gate.pointer
    steps.append(step)
    step = pointwise(block.project, inputPitch: layer.pitch)
    step.source = layer.pointer
    step.gate = block.gate.pointer
    steps += [step, block.project.step(WF_JOIN_STATISTICS, tasks: block.project.panels)]
    step = block.project.step(WF_FORWARD_OUTPUT, tasks: min(32, block.project.pixels))
    step.output = block.output
    step.residual = block.hasShortcut ? UnsafePointer(before.pointer) : nil
    return steps + [step]
  }

  /// A step of a block's depthwise convolution: how it reads its input.
  private func filter(_ block: Bottleneck, _ kind: wf_step_kind, _ before: TrainingMap) -> wf_step {
    let layer = block.depthwise
    var step = layer.step(kind, tasks: images * chunks(layer.panels, layer.filterPanels))
    step.blockPanels = layer.filterPanels
    step.streams = kind == WF_FORWARD_DEPTHWISE && streams(layer.pixels * layer.pitch)
    step.source = block.expand?.pointer ?? (before.pointer == nil ? before.layer?.pointer : nil)
    step.input = UnsafePointer(before.pointer)
    (step.inputHeight, step.inputWidth, step.inputPitch) = (before.height, before.width, layer.pitch)
    return step
  }

  // MARK: Backwards

  /// - Parameter result: the gradient of the last block's output, if there is no head.
  func backwardSteps(_ gradients: TrainingGradients, from result: Tensor?) -> [wf_step] {
    let last = map(before: bottlenecks.count)
    var steps: [wf_step] = []
    if let head {
      var step = head.step(WF_BACKWARD_POOL, tasks: images * chunks(head.panels, poolPanels(head)))
      step.blockPanels = poolPanels(head)
      step.gradient = UnsafePointer(pooledGradient)
      steps += [step, head.step(WF_JOIN_SUMS, tasks: head.panels)]
      step = backward(head, gradients, inputPitch: last.pitch)
      step.gradient = UnsafePointer(pooledGradient)
      step.isPooled = true
      step.input = UnsafePointer(last.pointer)
      step.output = outputGradients[0]
      step.target = last.layer?.pointer
      steps += [step] + join(head, gradients, step.parts)
    } else {
      var step = last.step(WF_INTERLEAVE_MAP, images: images)
      step.input = UnsafePointer(result?.storage.pointer)
      step.output = outputGradients[0]
      step.target = last.layer?.pointer
      steps.append(step)
    }
    var turn = 0
    for i in bottlenecks.indices.reversed() {
      steps += backward(bottlenecks[i], map(before: i), gradients, turn)
      turn = 1 - turn
    }
    if let stem {
      steps += backward(stem, gradients)
    } else if gradients.input != nil || gradients.isPlan {
      var step = map(before: 0).step(WF_SEPARATE_MAP, images: images)
      step.input = UnsafePointer(outputGradients[turn])
      step.output = gradients.input?.storage.pointer
      steps.append(step)
    }
    for i in steps.indices { steps[i].zeros = UnsafePointer(zeros) }
    return steps
  }

  private func backward(_ stem: TrainingLayer, _ gradients: TrainingGradients) -> [wf_step] {
    var steps = [stem.step(WF_JOIN_SUMS, tasks: stem.panels)]
    var step = stem.step(WF_BACKWARD_DENSE, tasks: stem.backwardParts(inputPitch: stem.lengthPitch))
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

  /// - Parameter turn: which of the two buffers holds the gradient of the block's output; that of its input goes to the
  ///   other.
  private func backward(
    _ block: Bottleneck, _ before: TrainingMap, _ gradients: TrainingGradients, _ turn: Int
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
    step = filter(block, WF_BACKWARD_DEPTHWISE, before)
    step.gate = block.gate.pointer
    step.gradient = UnsafePointer(gatedGradient)
    step.filterSums = gradients.filter(depthwise) == nil ? nil : filterSums
    let readsLayer = step.source != nil
    step.streams = readsLayer && streams(images * step.inputHeight * step.inputWidth * step.inputPitch)
    step.output = readsLayer ? wideGradient : outputGradients[1 - turn]
    step.residual = readsLayer ? nil : residual
    step.target = step.source ?? before.layer?.pointer
    steps += [step] + join(depthwise, gradients, images)
    guard let expand = block.expand else { return steps }
    steps.append(expand.step(WF_JOIN_SUMS, tasks: expand.panels))
    step = backward(expand, gradients, inputPitch: before.pitch)
    step.gradient = UnsafePointer(wideGradient)
    step.input = UnsafePointer(before.pointer)
    step.output = outputGradients[1 - turn]
    step.residual = residual
    step.target = before.layer?.pointer
    return steps + [step] + join(expand, gradients, step.parts)
  }
}
