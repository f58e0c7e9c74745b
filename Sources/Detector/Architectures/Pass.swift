import Tensor

/// What BatchNorm normalises with.
public enum BatchStatistics: Sendable {
  /// The running mean and variance, as at inference.
  case running
  /// The mean and variance of the batch, as in training.
  case batch
}

/// How a description of a network becomes numbers, or a graph of operations: the same description serves inference,
/// training and planning.
protocol Pass {
  /// The output of a layer.
  associatedtype Map
  /// Convolution, BatchNorm, activation.
  func convolve(_ x: Map, _ layer: ConvolutionLayer, _ activation: Tensor.Activation) -> Map
  /// A linear layer with bias.
  func linear(_ x: Map, _ name: String, _ activation: Tensor.Activation) -> Map
  /// The mean over the plane: a vector.
  func pool(_ x: Map) -> Map
  /// Each channel times its value in `gate`, a vector.
  func gate(_ x: Map, by gate: Map) -> Map
  /// The sum of two maps.
  func sum(_ x: Map, _ y: Map) -> Map
  /// In training, zeros in place of some images' residual branches; `depth` in [0, 1) is how deep in the network.
  func dropPath(_ x: Map, depth: Double) -> Map
}

/// A pass that computes.
protocol TensorPass: Pass where Map == Tensor {
  /// A convolution with bias and an odd filter that keeps the size of the plane.
  func convolve(_ x: Tensor, _ name: String, dilation: Int, _ activation: Tensor.Activation) -> Tensor
  /// BatchNorm by itself, on `[N, C, H, W]`; with an ε of its own where that is not the network's.
  func normalize(_ x: Tensor, _ name: String, epsilon: Float?) -> Tensor
  /// The parameter `name`.
  func parameter(_ name: String) -> Tensor
  /// In training, zeros in place of a share of the values, the others enlarged to make up for it.
  func dropout(_ x: Tensor) -> Tensor
}

extension TensorPass {
  func convolve(_ x: Tensor, _ name: String, dilation: Int, _ activation: Tensor.Activation) -> Tensor {
    let filter = parameter("\(name).weight").dilated(by: dilation)
    return x.convolved(
      with: filter, bias: parameter("\(name).bias"), padding: Tensor.Padding((filter.shape[2] - 1) / 2),
      activation: activation)
  }

  func linear(_ x: Tensor, _ name: String, _ activation: Tensor.Activation) -> Tensor {
    x.linear(weight: parameter("\(name).weight"), bias: parameter("\(name).bias"), activation: activation)
  }

  func pool(_ x: Tensor) -> Tensor { x.globalAveragePooled() }
  func gate(_ x: Tensor, by gate: Tensor) -> Tensor { x.multipliedPerChannel(by: gate) }
  func sum(_ x: Tensor, _ y: Tensor) -> Tensor { x + y }

  /// Running mean and variance in place.
  fileprivate func normalizeByRunning(_ x: Tensor, _ name: String, _ epsilon: Float) -> Tensor {
    x.batchNormalized(
      scale: parameter("\(name).weight"), offset: parameter("\(name).bias"),
      mean: parameter("\(name).running_mean"), variance: parameter("\(name).running_var"), epsilon: epsilon)
  }
}

/// A convolution with its BatchNorm folded in: filter · γ/√(σ² + ε), bias β − μ · γ/√(σ² + ε).
struct FoldedConvolution: Sendable {
  let filter: Tensor
  let bias: Tensor

  init(_ layer: ConvolutionLayer, _ parameters: [String: Tensor], epsilon: Float) {
    func norm(_ part: String) -> [Float] { parameters["\(layer.name).norm.\(part)"]!.elements }
    let (gamma, beta, mean, variance) = (
      norm("weight"), norm("bias"), norm("running_mean"), norm("running_var")
    )
    // In Double: the quotient of large and small statistics should cost no digits.
    let factors = zip(gamma, variance).map { Double($0) / (Double($1) + Double(epsilon)).squareRoot() }
    var filter = parameters["\(layer.name).conv.weight"]!
    let perChannel = filter.count / layer.output
    filter.withUnsafeMutableBufferPointer { f in
      for i in f.indices { f[i] = Float(Double(f[i]) * factors[i / perChannel]) }
    }
    self.filter = filter
    bias = Tensor(
      shape: [layer.output],
      (0..<layer.output).map { Float(Double(beta[$0]) - Double(mean[$0]) * factors[$0]) })
  }
}

/// Inference: folded convolutions, nothing recorded unless the input is tracked.
struct InferencePass: TensorPass {
  let padding: [String: Tensor.Padding]
  let parameters: [String: Tensor]
  let filters: InferenceFilters
  let epsilon: Float

  func convolve(_ x: Tensor, _ layer: ConvolutionLayer, _ activation: Tensor.Activation) -> Tensor {
    let folded = filters.folded(layer)
    return x.convolved(
      with: folded.filter, bias: folded.bias, stride: layer.stride, padding: padding[layer.name]!,
      groups: layer.groups, activation: activation)
  }

  func normalize(_ x: Tensor, _ name: String, epsilon: Float?) -> Tensor {
    normalizeByRunning(x, name, epsilon ?? self.epsilon)
  }

  func parameter(_ name: String) -> Tensor { parameters[name]! }
  func dropout(_ x: Tensor) -> Tensor { x }
  func dropPath(_ x: Tensor, depth: Double) -> Tensor { x }
}

/// Training: every parameter as it is, so that gradients reach it; the batch's statistics are kept for the running
/// averages.
final class LearningPass: TensorPass {
  let padding: [String: Tensor.Padding]
  let parameters: [String: Tensor]
  let epsilon: Float
  let statistics: BatchStatistics
  private var regularization: Regularization?
  private(set) var batchStatistics: [String: (mean: Tensor, variance: Tensor)] = [:]

  init(
    padding: [String: Tensor.Padding], parameters: [String: Tensor], epsilon: Float,
    statistics: BatchStatistics, regularization: Regularization? = nil
  ) {
    self.padding = padding
    self.parameters = parameters
    self.epsilon = epsilon
    self.statistics = statistics
    self.regularization = regularization
  }

  func convolve(_ x: Tensor, _ layer: ConvolutionLayer, _ activation: Tensor.Activation) -> Tensor {
    let y = x.convolved(
      with: parameter("\(layer.name).conv.weight"), stride: layer.stride, padding: padding[layer.name]!,
      groups: layer.groups)
    return normalize(y, "\(layer.name).norm", epsilon: nil).activated(activation)
  }

  func normalize(_ x: Tensor, _ name: String, epsilon: Float?) -> Tensor {
    let epsilon = epsilon ?? self.epsilon
    switch statistics {
    case .running: return normalizeByRunning(x, name, epsilon)
    case .batch:
      let (result, mean, variance) = x.batchNormalizedByBatch(
        scale: parameter("\(name).weight"), offset: parameter("\(name).bias"), epsilon: epsilon)
      batchStatistics[name] = (mean, variance)
      return result
    }
  }

  func parameter(_ name: String) -> Tensor { parameters[name]! }
  func dropout(_ x: Tensor) -> Tensor { regularization?.dropout(x) ?? x }
  func dropPath(_ x: Tensor, depth: Double) -> Tensor { regularization?.dropPath(x, depth: depth) ?? x }
}
