import CWhyFakeTensor

extension InputGradientRun {
  private typealias Layer = InputGradientLayer

  private func chunks(_ panels: Int, _ block: Int) -> Int { (panels + block - 1) / block }

  /// Whether a map of as many floats leaves the caches before it is read.
  private func streams(_ floats: Int) -> Bool { floats * MemoryLayout<Float>.stride > 20 << 20 }

  // MARK: Forwards

  /// - Parameter pictures: those to run on; nil to see what steps need.
  func forwardSteps(_ pictures: UnsafePointer<Float>? = nil) -> [wf_step] {
    var step = stem.step(WF_INTERLEAVE_INPUT, tasks: images)
    step.input = pictures
    step.output = interleaved
    (step.inputHeight, step.inputWidth) = (input.height, input.width)
    var steps = [step]
    step = stem.step(WF_FORWARD_DENSE, tasks: images)
    step.input = UnsafePointer(interleaved)
    steps.append(step)
    for (i, block) in bottlenecks.enumerated() {
      let before = i == 0 ? stem : bottlenecks[i - 1].project
      if let expand = block.expand { steps.append(pointwise(expand, before.map, before.pitch)) }
      let layer = block.depthwise
      step = filter(i, WF_FORWARD_DEPTHWISE)
      step.streams = streams(layer.pixels * layer.pitch)
      steps += [step, pool(layer, to: block.gate.pointer.pointee.pooled)]
      step = layer.step(WF_FORWARD_GATE, tasks: images)
      step.gate = block.gate.pointer
      steps.append(step)
      step = pointwise(block.project, nil, layer.pitch)
      step.source = layer.pointer
      step.gate = block.gate.pointer
      step.residual = block.hasShortcut ? UnsafePointer(before.map) : nil
      steps.append(step)
    }
    let last = bottlenecks.last!.project
    steps += [pointwise(head, last.map, last.pitch), pool(head, to: pooled)]
    for i in steps.indices { steps[i].zeros = UnsafePointer(zeros) }
    return steps
  }

  private func pointwise(_ layer: Layer, _ map: UnsafeMutablePointer<Float>?, _ pitch: Int) -> wf_step {
    var step = layer.step(WF_FORWARD_POINTWISE, tasks: layer.pointer.pointee.parts)
    step.input = UnsafePointer(map)
    step.inputPitch = pitch
    step.streams = streams(layer.pixels * layer.pitch)
    return step
  }

  private func pool(_ layer: Layer, to output: UnsafeMutablePointer<Float>?) -> wf_step {
    let panels = max(1, min(8, (layer.panels * images + 7) / 8))
    var step = layer.step(WF_FORWARD_POOL, tasks: images * chunks(layer.panels, panels))
    step.blockPanels = panels
    step.output = output
    return step
  }

  /// A step of the depthwise convolution of block `index`: how it reads its input.
  private func filter(_ index: Int, _ kind: wf_step_kind) -> wf_step {
    let (block, before) = (bottlenecks[index], index == 0 ? stem : bottlenecks[index - 1].project)
    let layer = block.depthwise
    // Wide maps are read as they lie in memory, small ones so that rows stay in the nearest cache.
    let panels = min(layer.panels, layer.width > 14 ? 9 : 4)
    var step = layer.step(kind, tasks: images * chunks(layer.panels, panels))
    step.blockPanels = panels
    step.source = block.expand?.pointer ?? (index == 0 ? stem.pointer : nil)
    step.input = UnsafePointer(before.map)
    (step.inputHeight, step.inputWidth, step.inputPitch) = (before.height, before.width, layer.pitch)
    return step
  }

  // MARK: Backwards

  /// - Parameter gradients: where those of the pictures go; nil to see what steps need.
  func backwardSteps(_ gradients: UnsafeMutablePointer<Float>? = nil) -> [wf_step] {
    var step = backward(head, inputPitch: bottlenecks.last!.project.pitch)
    step.gradient = UnsafePointer(pooledGradient)
    step.isPooled = true
    step.output = outputGradients[0]
    var (steps, turn) = ([step], 0)
    for i in bottlenecks.indices.reversed() {
      let block = bottlenecks[i]
      let (depthwise, project, gradient) = (block.depthwise, block.project, outputGradients[turn])
      let residual = block.hasShortcut ? UnsafePointer(gradient) : nil
      step = backward(project, inputPitch: depthwise.pitch)
      step.gradient = UnsafePointer(gradient)
      step.source = depthwise.pointer
      step.gate = block.gate.pointer
      step.output = gatedGradient
      step.streams = streams(depthwise.pixels * depthwise.pitch)
      steps.append(step)
      step = depthwise.step(WF_BACKWARD_GATE, tasks: images)
      step.gate = block.gate.pointer
      steps.append(step)
      step = filter(i, WF_BACKWARD_DEPTHWISE)
      step.gate = block.gate.pointer
      step.gradient = UnsafePointer(gatedGradient)
      let isWide = step.source != nil
      step.streams = isWide && streams(images * step.inputHeight * step.inputWidth * step.inputPitch)
      step.output = isWide ? wideGradient : outputGradients[1 - turn]
      step.residual = isWide ? nil : residual
      steps.append(step)
      if let expand = block.expand {
        step = backward(expand, inputPitch: bottlenecks[i - 1].project.pitch)
        step.gradient = UnsafePointer(wideGradient)
        step.output = outputGradients[1 - turn]
        step.residual = residual
        steps.append(step)
      }
      turn = 1 - turn
    }
    step = stem.step(WF_BACKWARD_INPUT, tasks: images)
    (step.inputHeight, step.inputWidth) = (input.height, input.width)
    step.gradient = UnsafePointer(wideGradient)
    step.output = gradients
    steps.append(step)
    for i in steps.indices { steps[i].zeros = UnsafePointer(zeros) }
    return steps
  }

  private func backward(_ layer: Layer, inputPitch: Int) -> wf_step {
    let panels = inputPitch / Int(WF_PANEL)
    // Each part is an image; chunks of the input's panels where there are fewer of them than threads.
    let wanted = max(threads == 1 ? 1 : (2 * threads + images - 1) / images, (panels + 23) / 24)
    let block = max(1, (panels + wanted - 1) / wanted)
    var step = layer.step(WF_BACKWARD_POINTWISE, tasks: images * chunks(panels, block))
    step.parts = images
    step.blockPanels = block
    step.blockRows = max(98, min(192, 65536 / (layer.pitch + inputPitch)))
    step.inputPitch = inputPitch
    return step
  }
}
