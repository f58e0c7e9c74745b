import CWhyFakeTensor

/// Room for the gradients that a backward pass is asked for.
struct TrainingGradients {
  private(set) var tensors: [String: Tensor] = [:]
  private(set) var input: Tensor?
  /// Whether it only serves to see what a pass that computes everything needs.
  let isPlan: Bool

  /// - Parameter wanted: parameters by name; nil plans for all, without room.
  init(_ run: TrainingRun, wanted: Set<String>?, input wantsInput: Bool = false) {
    isPlan = wanted == nil
    func room(_ name: String, _ shape: [Int]) -> UnsafeMutablePointer<Float>? {
      guard let wanted, wanted.contains(name) else { return nil }
      let tensor = Tensor(shape: shape, storage: Storage(count: shape.reduce(1, *)))
      tensors[name] = tensor
      return tensor.storage.pointer
    }
    for layer in run.layers {
      let c = layer.convolution
      _ = room("\(c.name).conv.weight", layer.weights.shape)
      layer.pointer.pointee.gammaGradient = room("\(c.name).norm.weight", [c.output])
      layer.pointer.pointee.betaGradient = room("\(c.name).norm.bias", [c.output])
    }
    guard wanted != nil else { return }
    for block in run.bottlenecks {
      let (gate, channels) = (block.gate, block.depthwise.convolution.output)
      gate.pointer.pointee.reduceWeightsGradient = room("\(gate.reduce).weight", [gate.squeezed, channels])
      gate.pointer.pointee.reduceBiasGradient = room("\(gate.reduce).bias", [gate.squeezed])
      gate.pointer.pointee.expandWeightsGradient = room("\(gate.squeeze).weight", [channels, gate.squeezed])
      gate.pointer.pointee.expandBiasGradient = room("\(gate.squeeze).bias", [channels])
    }
    if wantsInput { input = Tensor(shape: run.input.shape, storage: Storage(count: run.input.count)) }
  }

  /// Where the gradient of a layer's filter goes.
  func filter(_ layer: TrainingLayer) -> UnsafeMutablePointer<Float>? {
    tensors["\(layer.convolution.name).conv.weight"]?.storage.pointer
  }
}
