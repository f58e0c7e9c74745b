public import Tensor
public import VideoIO

/// Scores crops of faces: the only thing that every explainer needs.
public protocol Classifier: Sendable {
  /// What the model is and what it wants to be fed.
  var info: ModelInfo { get }

  /// One logit for each crop.
  ///
  /// - Parameter crops: `[N, 3, S, S]`, RGB in [0, 1]; normalisation is the model's and happens inside.
  /// - Returns: `[N]`; above 0 means fake.
  func logits(_ crops: Tensor) throws -> Tensor
}

/// A classifier that shows what happens inside, for explainers that follow gradients.
public protocol GradientClassifier: Classifier {
  /// The places where activations can be asked for, from the input to the last one before pooling.
  var blocks: [Block] { get }

  /// The place where an explainer looks if nobody says otherwise: the last of ``blocks`` unless a model knows better.
  var defaultBlock: Block? { get }

  /// The activations at `block` and how the logits depend on them.
  ///
  /// - Parameters:
  ///   - block: one of ``blocks``.
  ///   - crops: `[N, 3, S, S]`, RGB in [0, 1].
  func activations(at block: Block, _ crops: Tensor) throws -> BlockActivations

  /// The same at several blocks, in their order; by default each is asked for by itself.
  ///
  /// - Parameter blocks: at least one of ``blocks``.
  func activations(at blocks: [Block], _ crops: Tensor) throws -> [BlockActivations]

  /// The gradient of each crop's logit with respect to the crop, `[N, 3, S, S]`, per unit of RGB in [0, 1].
  func inputGradients(_ crops: Tensor) throws -> (logits: Tensor, gradients: Tensor)
}

extension GradientClassifier {
  /// The last of ``blocks``.
  public var defaultBlock: Block? { blocks.last }

  /// Each block by itself.
  public func activations(at blocks: [Block], _ crops: Tensor) throws -> [BlockActivations] {
    try blocks.map { try activations(at: $0, crops) }
  }
}

/// A place in a network: its output is an activation map.
public struct Block: Sendable, Hashable, Codable {
  /// Its name, such as `stem`, `blocks.5` or `head`.
  public let name: String
  /// Channels of its output.
  public let channels: Int
  /// Input pixels for each position of its output, in each direction.
  public let stride: Int

  /// A block from its parts.
  public init(name: String, channels: Int, stride: Int) {
    self.name = name
    self.channels = channels
    self.stride = stride
  }
}

/// What ``GradientClassifier/activations(at:_:)`` gives.
public struct BlockActivations: Sendable {
  /// `[N]`; above 0 means fake.
  public let logits: Tensor
  /// The block's output, `[N, C, h, w]`.
  public let activations: Tensor
  /// ∂logit/∂activation of each crop's own logit, `[N, C, h, w]`.
  public let gradients: Tensor

  /// A result from its parts.
  public init(logits: Tensor, activations: Tensor, gradients: Tensor) {
    self.logits = logits
    self.activations = activations
    self.gradients = gradients
  }
}

/// A classifier that carries attention maps of its own.
public protocol AttentionClassifier: Classifier {
  /// The attention levels it has, from fine to coarse.
  var attentionLevels: [Block] { get }

  /// The logits and, for each level, the attention map `[N, h, w]` at its own resolution.
  func attention(_ crops: Tensor) throws -> (logits: Tensor, maps: [Tensor])
}

/// What a model is and what it wants to be fed.
public struct ModelInfo: Sendable, Equatable, Codable {
  /// A short name, such as `efficientnet-b0-dfdc-224`.
  public var name: String
  /// The architecture, such as `EfficientNetB0`.
  public var architecture: String
  /// Side of its input in pixels.
  public var inputSize: Int
  /// How a face's box becomes its input.
  public var cropPolicy: CropPolicy
  /// Whether each crop is scored by itself, so that a clip's logit is the mean of its crops'.
  public var scoresFrameByFrame: Bool
  /// What it was trained on, in words; nil if unknown.
  public var trainingData: String?
  /// Where it comes from; nil if unknown.
  public var source: String?
  /// The terms it is under; nil if unknown.
  public var licence: String?
  /// Balanced accuracy, ROC AUC and whatever else its model card reports, in words; nil if unknown.
  public var performance: String?

  /// A record from its parts.
  public init(
    name: String, architecture: String, inputSize: Int, cropPolicy: CropPolicy = .scale,
    scoresFrameByFrame: Bool = true, trainingData: String? = nil, source: String? = nil,
    licence: String? = nil,
    performance: String? = nil
  ) {
    self.name = name
    self.architecture = architecture
    self.inputSize = inputSize
    self.cropPolicy = cropPolicy
    self.scoresFrameByFrame = scoresFrameByFrame
    self.trainingData = trainingData
    self.source = source
    self.licence = licence
    self.performance = performance
  }
}
