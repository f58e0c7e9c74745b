import Tensor

/// What BatchNorm normalises with.
public enum BatchStatistics: Sendable {
  /// The running mean and variance, as at inference.
  case running
  /// The mean and variance of the batch, as in training.
  case batch
}

/// How a description of a network becomes numbers: the same description serves inference and training.
protocol Pass {
  /// Convolution, BatchNorm, activation.
  func convolve(_ x: Tensor, _ layer: ConvolutionLayer, _ activation: Tensor.Activation) -> Tensor
  /// A linear layer with bias.
  func linear(_ x: Tensor, _ name: String, _ activation: Tensor.Activation) -> Tensor
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
struct InferencePass: Pass {
  let padding: [String: Tensor.Padding]
  let parameters: [String: Tensor]
  let convolutions: [String: FoldedConvolution]

  func convolve(_ x: Tensor, _ layer: ConvolutionLayer, _ activation: Tensor.Activation) -> Tensor {
    let folded = convolutions[layer.name]!
    return x.convolved(
      with: folded.filter, bias: folded.bias, stride: layer.stride, padding: padding[layer.name]!,
      groups: layer.groups, activation: activation)
  }

  func linear(_ x: Tensor, _ name: String, _ activation: Tensor.Activation) -> Tensor {
    x.linear(weight: parameters["\(name).weight"]!, bias: parameters["\(name).bias"]!, activation: activation)
  }
}

/// Training: every parameter as it is, so that gradients reach it; the batch's statistics are kept for the running
/// averages.
final class LearningPass: Pass {
  let padding: [String: Tensor.Padding]
  let parameters: [String: Tensor]
  let epsilon: Float
  let statistics: BatchStatistics
  private(set) var batchStatistics: [String: (mean: Tensor, variance: Tensor)] = [:]

  init(
    padding: [String: Tensor.Padding], parameters: [String: Tensor], epsilon: Float,
    statistics: BatchStatistics
  ) {
    self.padding = padding
    self.parameters = parameters
    self.epsilon = epsilon
    self.statistics = statistics
  }

  func convolve(_ x: Tensor, _ layer: ConvolutionLayer, _ activation: Tensor.Activation) -> Tensor {
    func norm(_ part: String) -> Tensor { parameters["\(layer.name).norm.\(part)"]! }
    let y = x.convolved(
      with: parameters["\(layer.name).conv.weight"]!, stride: layer.stride, padding: padding[layer.name]!,
      groups: layer.groups)
    switch statistics {
    case .running:
      return y.batchNormalized(
        scale: norm("weight"), offset: norm("bias"), mean: norm("running_mean"),
        variance: norm("running_var"),
        epsilon: epsilon
      ).activated(activation)
    case .batch:
      let (result, mean, variance) = y.batchNormalizedByBatch(
        scale: norm("weight"), offset: norm("bias"), epsilon: epsilon)
      batchStatistics["\(layer.name).norm"] = (mean, variance)
      return result.activated(activation)
    }
  }

  func linear(_ x: Tensor, _ name: String, _ activation: Tensor.Activation) -> Tensor {
    x.linear(weight: parameters["\(name).weight"]!, bias: parameters["\(name).bias"]!, activation: activation)
  }
}
