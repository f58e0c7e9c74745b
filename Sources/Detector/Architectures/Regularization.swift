import Tensor

/// What is dropped at random in training: values before the classifier (dropout, Srivastava et al. 2014) and whole
/// residual branches (stochastic depth, Huang et al. 2016).
///
/// What stays is divided by the share that stays, so that expectations do not move and inference needs nothing. Equal
/// seeds drop the same; take another for every step.
public struct Regularization: Sendable {
  /// The share of values that is dropped before a linear layer, in [0, 1).
  public var dropout: Double
  /// The share of residual branches that is dropped at the end of the network, in [0, 1); it grows linearly from 0 at
  /// the first block.
  public var dropPath: Double
  private var generator: SplitMix

  /// A regularisation from its parts.
  public init(dropout: Double, dropPath: Double, seed: UInt64) {
    precondition(
      (0..<1).contains(dropout) && (0..<1).contains(dropPath), "Regularization: \(dropout), \(dropPath)")
    self.dropout = dropout
    self.dropPath = dropPath
    generator = SplitMix(seed: seed)
  }

  /// The shares that `architecture` was published with.
  public init(publishedFor architecture: Architecture, seed: UInt64) {
    switch architecture {
    case .efficientNet(let network): self.init(dropout: network.dropout, dropPath: 0.2, seed: seed)
    case .mesoNet: self.init(dropout: 0.5, dropPath: 0, seed: seed)
    }
  }

  mutating func dropout(_ x: Tensor) -> Tensor {
    guard dropout > 0 else { return x }
    return x * mask(x.shape, dropping: dropout)
  }

  mutating func dropPath(_ x: Tensor, depth: Double) -> Tensor {
    guard let kept = pathFactors(x.shape[0], depth: depth) else { return x }
    let channels = x.shape[1]
    let factors = kept.flatMap { [Float](repeating: $0, count: channels) }
    return x.multipliedPerChannel(by: Tensor(shape: [kept.count, channels], factors))
  }

  /// What each of `images` residual branches is multiplied with; nil where none is dropped.
  mutating func pathFactors(_ images: Int, depth: Double) -> [Float]? {
    let share = dropPath * depth
    return share > 0 ? mask([images], dropping: share).elements : nil
  }

  /// 0 with probability `share`, else 1 / (1 − share).
  private mutating func mask(_ shape: [Int], dropping share: Double) -> Tensor {
    let kept = Float(1 / (1 - share))
    return Tensor(shape: shape) { out in
      for i in out.indices { out[i] = generator.uniform() < share ? 0 : kept }
    }
  }
}
