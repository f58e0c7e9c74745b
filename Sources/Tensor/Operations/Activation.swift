import CWhyFakeTensor

extension Tensor {
  /// A function of one element; convolutions and linear layers take one as their last step.
  public enum Activation: Sendable, CaseIterable {
    /// x.
    case identity
    /// max(0, x).
    case relu
    /// 1 / (1 + e^−x).
    case sigmoid
    /// x · sigmoid(x), also called swish.
    case silu

    var kind: wf_activation_kind {
      switch self {
      case .identity: WF_IDENTITY
      case .relu: WF_RELU
      case .sigmoid: WF_SIGMOID
      case .silu: WF_SILU
      }
    }
  }

  /// `function` of every element; the exponential is good to two units in the last place.
  public func activated(_ function: Activation) -> Tensor {
    if function == .identity { return self }
    let before = detached()
    var after = before
    after.withUnsafeMutableBufferPointer { x in
      ComputeRuntime.split(x.count, grain: 16384) { r in
        wf_activate(x.baseAddress! + r.lowerBound, r.count, function.kind)
      }
    }
    let result = after
    return result.recorded(from: self) { gradient in
      [
        Tensor(shape: gradient.shape) { out in
          before.withUnsafeBufferPointer { x in
            result.withUnsafeBufferPointer { y in
              gradient.withUnsafeBufferPointer { g in
                ComputeRuntime.split(out.count, grain: 16384) { r in
                  let i = r.lowerBound
                  wf_activate_backward(
                    x.baseAddress! + i, y.baseAddress! + i, g.baseAddress! + i, out.baseAddress! + i, r.count,
                    function.kind)
                }
              }
            }
          }
        }
      ]
    }
  }

  /// max(0, x).
  public func relu() -> Tensor { activated(.relu) }
  /// 1 / (1 + e^−x).
  public func sigmoid() -> Tensor { activated(.sigmoid) }
  /// x · sigmoid(x).
  public func silu() -> Tensor { activated(.silu) }

  /// Softmax over the last dimension.
  public func softmax() -> Tensor {
    precondition(!shape.isEmpty && shape[shape.count - 1] > 0, "softmax: shape \(shape)")
    let columns = shape[shape.count - 1]
    let rows = count / columns
    let result = Tensor(shape: shape) { out in
      withUnsafeBufferPointer { wf_softmax($0.baseAddress!, out.baseAddress!, rows, columns) }
    }
    return result.recorded(from: self) { gradient in
      [
        Tensor(shape: gradient.shape) { out in
          result.withUnsafeBufferPointer { y in
            gradient.withUnsafeBufferPointer { g in
              wf_softmax_backward(y.baseAddress!, g.baseAddress!, out.baseAddress!, rows, columns)
            }
          }
        }
      ]
    }
  }
}
