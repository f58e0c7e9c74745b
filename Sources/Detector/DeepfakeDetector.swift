public import Tensor
public import VideoIO

/// A detector of fake faces, from a model file.
///
/// A model file is a safetensors file whose metadata says everything (``write(to:precision:)`` makes one), or a
/// checkpoint of a project that is recognised by its keys, with that project's padding, ε, normalisation, input size and
/// crop (`Documentation/Checkpoints.md` lists them).
///
/// ```swift
/// let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
/// let logits = try detector.logits(crops)  // [N], above 0: fake
/// ```
public struct DeepfakeDetector: GradientClassifier {
  /// What differs from what a file says or its format implies; nil leaves it.
  public struct Overrides: Sendable {
    /// The model's name.
    public var name: String?
    /// The architecture that is expected, such as `EfficientNetB4`; another one is an error.
    public var architecture: String?
    /// How convolutions are padded.
    public var padding: PaddingScheme?
    /// BatchNorm's ε.
    public var epsilon: Float?
    /// What is done to crops before the network sees them.
    public var normalization: Normalization?
    /// What the checkpoint's last layer means.
    public var classConvention: ClassConvention?
    /// Whether only the trunk is wanted, to train from: the classifier, whatever it tells apart, becomes zeros.
    public var isTrunkOnly = false
    /// Side of the crops in pixels.
    public var inputSize: Int?
    /// How a face's box becomes a crop.
    public var cropPolicy: CropPolicy?
    /// What it was trained on.
    public var trainingData: String?
    /// Where it comes from.
    public var source: String?
    /// The terms it is under.
    public var licence: String?
    /// What its model card reports.
    public var performance: String?

    /// No overrides.
    public init() {}

    /// These, and where they say nothing of the provenance of a published file, what is known of it.
    func filled(from record: ModelRecord?) -> Overrides {
      guard let record, !record.isShipped else { return self }
      var filled = self
      filled.trainingData = trainingData ?? record.trainingData
      filled.source = source ?? record.source
      filled.licence = licence ?? record.licence
      filled.performance = performance ?? record.performance
      return filled
    }
  }

  /// Everything but the tensors.
  public let description: ModelDescription
  /// The network.
  public let network: Network

  /// A detector from its parts; throws if the description makes no sense.
  public init(description: ModelDescription, network: Network) throws(DetectorError) {
    try description.validate()
    if network.architecture.hasFixedSize, description.info.inputSize != network.architecture.nativeSize {
      throw DetectorError(
        .badRequest,
        "\(network.architecture.name) takes crops of \(network.architecture.nativeSize) pixels, not of "
          + "\(description.info.inputSize)")
    }
    self.description = description
    self.network = network
  }

  /// Loads a model file or a checkpoint.
  ///
  /// - Parameters:
  ///   - path: safetensors or a PyTorch zip checkpoint. A checkpoint is read, never executed.
  ///   - overrides: what differs from what the file says.
  public init(contentsOf path: String, overrides: Overrides = Overrides()) throws {
    let weights = try Checkpoint.load(path)
    do {
      try self.init(weights, fileName: path, overrides: overrides)
    } catch {
      var error = error
      error.path = path
      throw error
    }
  }

  /// Loads a model by its name; see ``ModelZoo``.
  public init(named name: String, overrides: Overrides = Overrides()) throws {
    try self.init(contentsOf: ModelZoo.locate(name), overrides: overrides)
  }

  private init(_ weights: Weights, fileName: String, overrides: Overrides) throws(DetectorError) {
    let file = fileName.split(separator: "/").last.map(String.init) ?? fileName
    let stem = file.split(separator: ".").first.map(String.init) ?? file
    let record = ModelZoo.record(ofFile: file)
    let model = try ImportedModel(
      weights, name: record?.name ?? stem, overrides: overrides.filled(from: record))
    try self.init(description: model.description, network: model.network)
  }

  /// Writes a model file that says everything needed to run it; whole or not at all.
  public func write(to path: String, precision: Weights.Precision = .float16) throws {
    let weights = Weights(network.parameters, metadata: try description.metadata())
    try weights.writeSafetensors(to: path, precision: precision)
  }

  /// Whether `a` and `b` are known to say the same of every crop: copies of one loaded detector.
  package static func areSame(_ a: any Classifier, _ b: any Classifier) -> Bool {
    func plain(_ classifier: any Classifier) -> DeepfakeDetector? {
      classifier as? DeepfakeDetector ?? (classifier as? AttentiveDetector)?.detector
    }
    guard let a = plain(a), let b = plain(b) else { return false }
    return a.network.isSame(as: b.network) && a.description == b.description
  }

  // MARK: Classifier

  /// What the model is and what it wants to be fed.
  public var info: ModelInfo { description.info }

  /// Logits `[N]` of crops `[N, 3, S, S]`, RGB in [0, 1]; above 0 means fake.
  public func logits(_ crops: Tensor) throws -> Tensor {
    network.logits(try normalised(crops))
  }

  /// `stem`, `blocks.0` …, `head`.
  public var blocks: [Block] { network.architecture.blocks }

  /// The head's output; with Learn To Pay Attention the last bottleneck, which the logit is a weighted sum of.
  public var defaultBlock: Block? {
    if case .efficientNet(let network) = network.architecture, case .ltpa = network.attention {
      return network.attentionLevels.last
    }
    return blocks.last
  }

  /// The activations at `block` and the gradients of the logits there; only what comes after `block` is recorded.
  public func activations(at block: Block, _ crops: Tensor) throws -> BlockActivations {
    try activations(at: [block], crops)[0]
  }

  /// The same at several blocks, in one pass: only what comes after the first of them is recorded.
  public func activations(at blocks: [Block], _ crops: Tensor) throws -> [BlockActivations] {
    let stages = try blocks.map { block in
      guard let stage = self.blocks.firstIndex(of: block) else {
        throw DetectorError(.badRequest, "\(info.name) has no block \(block.name)")
      }
      return stage
    }
    guard !stages.isEmpty else { throw DetectorError(.badRequest, "no block was asked for") }
    let (activations, logits) = network.split(try normalised(crops), at: stages)
    let gradients = logits.gradients(of: activations)
    return zip(activations, gradients).map {
      BlockActivations(logits: logits.detached(), activations: $0.detached(), gradients: $1)
    }
  }

  /// The gradient of each crop's logit with respect to the crop.
  public func inputGradients(_ crops: Tensor) throws -> (logits: Tensor, gradients: Tensor) {
    let (logits, gradients) = network.inputGradients(try normalised(crops.detached()))
    // Back through the normalisation, which divides by the standard deviation.
    let factors = [[Float]](
      repeating: description.normalization.standardDeviation.map { 1 / $0 }, count: crops.shape[0])
    return (
      logits, gradients.multipliedPerChannel(by: Tensor(shape: [crops.shape[0], 3], factors.flatMap { $0 }))
    )
  }

  /// Crops as the network sees them: `[N, 3, S, S]`, each channel less its mean, by its standard deviation.
  package func normalised(_ crops: Tensor) throws(DetectorError) -> Tensor {
    let size = network.architecture.hasFixedSize ? network.architecture.nativeSize : nil
    guard crops.shape.count == 4, crops.shape[1] == 3, min(crops.shape[2], crops.shape[3]) >= 16,
      size == nil || crops.shape[2] == size && crops.shape[3] == size
    else {
      throw DetectorError(
        .badRequest,
        "crops \(crops.shape) are not [N, 3, H, W] with \(size.map { "\($0)" } ?? "at least 16") pixels a side"
      )
    }
    let normalization = description.normalization
    return crops.batchNormalized(
      scale: Tensor(shape: [3], repeating: 1), offset: Tensor(shape: [3], repeating: 0),
      mean: Tensor(shape: [3], normalization.mean),
      variance: Tensor(shape: [3], normalization.standardDeviation.map { $0 * $0 }), epsilon: 0)
  }
}

extension ModelDescription {
  mutating func apply(_ overrides: DeepfakeDetector.Overrides) {
    info.name = overrides.name ?? info.name
    info.inputSize = overrides.inputSize ?? info.inputSize
    info.cropPolicy = overrides.cropPolicy ?? info.cropPolicy
    info.trainingData = overrides.trainingData ?? info.trainingData
    info.source = overrides.source ?? info.source
    info.licence = overrides.licence ?? info.licence
    info.performance = overrides.performance ?? info.performance
    padding.scheme = overrides.padding ?? padding.scheme
    epsilon = overrides.epsilon ?? epsilon
    normalization = overrides.normalization ?? normalization
  }
}
