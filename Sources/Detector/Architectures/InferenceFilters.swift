import Foundation
import Tensor

/// A network's filters as inference reads them: with BatchNorm folded in, and packed for the engine. Each is made when
/// it is first needed: a model that is loaded to be looked at or converted takes no more memory than its file.
final class InferenceFilters: @unchecked Sendable {
  // Safe to share: what changes is touched only under the lock.
  private let lock = NSLock()
  private var foldedConvolutions: [String: FoldedConvolution] = [:]
  private var packedFilters: [String: PackedFilter] = [:]
  private let memory = FilterMemory()
  private let parameters: [String: Tensor]
  private let epsilon: Float

  init(_ parameters: [String: Tensor], epsilon: Float) {
    self.parameters = parameters
    self.epsilon = epsilon
  }

  /// A convolution for tensor operations, which gradients flow through.
  func folded(_ layer: ConvolutionLayer) -> FoldedConvolution {
    lock.withLock {
      if let folded = foldedConvolutions[layer.name] { return folded }
      let folded = FoldedConvolution(layer, parameters, epsilon: epsilon)
      foldedConvolutions[layer.name] = folded
      return folded
    }
  }

  /// A convolution for the engine.
  func packed(_ layer: ConvolutionLayer) -> PackedFilter {
    packed(layer.name) {
      let folded = FoldedConvolution(layer, parameters, epsilon: epsilon)
      return PackedFilter(folded.filter, bias: folded.bias, isDepthwise: layer.isDepthwise, in: memory)
    }
  }

  /// A linear layer for the engine.
  func packed(linear name: String) -> PackedFilter {
    packed(name) {
      PackedFilter(parameters["\(name).weight"]!, bias: parameters["\(name).bias"]!, in: memory)
    }
  }

  private func packed(_ name: String, _ make: () -> PackedFilter) -> PackedFilter {
    lock.withLock {
      if let packed = packedFilters[name] { return packed }
      let packed = make()
      packedFilters[name] = packed
      return packed
    }
  }
}
