import CWhyFakeTensor

extension [String: Tensor] {
  /// The length of all tensors taken as one vector, √Σx²; not a bit depends on the number of threads.
  public var globalNorm: Float {
    let tensors = sorted { $0.key < $1.key }.map(\.value)
    // Each tensor's sum is made by one thread, and they are added in the order of their names.
    let squares = ComputeRuntime.map(tensors.count) { i in
      tensors[i].withUnsafeBufferPointer { x in
        x.isEmpty ? 0 : Double(wf_dot(x.baseAddress!, x.baseAddress!, x.count))
      }
    }
    return Float(squares.reduce(0, +).squareRoot())
  }

  /// Makes gradients shorter where they are longer than `length` together, as `torch.nn.utils.clip_grad_norm_` does: all
  /// times `length` / (norm + 1e-6).
  ///
  /// - Returns: the norm as it was. Where that is not finite nothing is changed: such a step is better left out.
  @discardableResult
  public mutating func clip(toGlobalNorm length: Float) -> Float {
    precondition(length > 0, "clip(toGlobalNorm:): \(length)")
    let norm = globalNorm
    let factor = length / (norm + 1e-6)
    guard norm.isFinite, factor < 1 else { return norm }
    for name in keys {
      self[name]!.withUnsafeMutableBufferPointer { x in
        ComputeRuntime.split(x.count, grain: 65536) { r in
          let values = x.baseAddress! + r.lowerBound
          wf_scale_shift(values, factor, 0, values, r.count)
        }
      }
    }
    return norm
  }
}
