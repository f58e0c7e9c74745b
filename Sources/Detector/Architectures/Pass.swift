import Foundation
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
  /// A convolution with bias and an odd filter that keeps the size of the plane.
  func convolve(_ x: Tensor, _ name: String, dilation: Int, _ activation: Tensor.Activation) -> Tensor
  /// BatchNorm by itself, on `[N, C, H, W]`; with an ε of its own where that is not the network's.
  func normalize(_ x: Tensor, _ name: String, epsilon: Float?) -> Tensor
  /// A linear layer with bias.
  func linear(_ x: Tensor, _ name: String, _ activation: Tensor.Activation) -> Tensor
  /// The parameter `name`.
  func parameter(_ name: String) -> Tensor
  /// In training, zeros in place of a share of the values, the others enlarged to make up for it.
  func dropout(_ x: Tensor) -> Tensor
  /// In training, zeros in place of some images' residual branches; `depth` in [0, 1) is how deep in the network.
  func dropPath(_ x: Tensor, depth: Double) -> Tensor
}

extension Pass {
  func convolve(_ x: Tensor, _ name: String, dilation: Int, _ activation: Tensor.Activation) -> Tensor {
    let filter = parameter("\(name).weight").dilated(by: dilation)
    return x.convolved(
      with: filter, bias: parameter("\(name).bias"), padding: Tensor.Padding((filter.shape[2] - 1) / 2),
      activation: activation)
  }

  func linear(_ x: Tensor, _ name: String, _ activation: Tensor.Activation) -> Tensor {
    x.linear(weight: parameter("\(name).weight"), bias: parameter("\(name).bias"), activation: activation)
  }

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

/// The folded convolutions of a network, made when they are first needed: a model that is loaded to be looked at or
/// converted takes no more memory than its file.
final class FoldedConvolutions: @unchecked Sendable {
  // Safe to share: `made` is touched only under the lock.
  private let lock = NSLock()
  private var made: [String: FoldedConvolution]?
  private let layers: [ConvolutionLayer]
  private let parameters: [String: Tensor]
  private let epsilon: Float

  init(_ layers: [ConvolutionLayer], _ parameters: [String: Tensor], epsilon: Float) {
    self.layers = layers
    self.parameters = parameters
    self.epsilon = epsilon
  }

  /// Each by its layer's name.
  var all: [String: FoldedConvolution] {
    lock.withLock {
      if let made { return made }
      let folded = Dictionary(
        uniqueKeysWithValues: layers.map { ($0.name, FoldedConvolution($0, parameters, epsilon: epsilon)) })
      made = folded
      return folded
    }
  }
}

/// Inference: folded convolutions, nothing recorded unless the input is tracked.
struct InferencePass: Pass {
  let padding: [String: Tensor.Padding]
  let parameters: [String: Tensor]
  let convolutions: [String: FoldedConvolution]
  let epsilon: Float

  func convolve(_ x: Tensor, _ layer: ConvolutionLayer, _ activation: Tensor.Activation) -> Tensor {
    let folded = convolutions[layer.name]!
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
final class LearningPass: Pass {
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
