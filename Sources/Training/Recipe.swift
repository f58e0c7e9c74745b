/// Everything that decides what a training run gives, beside the faces and the weights that it starts from. Two runs with
/// equal recipes, faces and starts give equal weights, to the bit, on one machine.
public struct Recipe: Sendable, Hashable {
  /// One part of a run: a size of picture, and what is done at it.
  public struct Stage: Sendable, Hashable, Codable {
    /// Which parameters learn.
    public enum Scope: String, Sendable, Hashable, Codable, CaseIterable {
      /// The classifier and attention; the trunk stays as it is, its statistics too.
      case head
      /// All of them.
      case all
    }

    /// What BatchNorm uses.
    public enum Statistics: String, Sendable, Hashable, Codable, CaseIterable {
      /// Mean and variance of the batch; running statistics follow.
      case batch
      /// The running statistics that it starts from, which stay.
      case frozen
    }

    /// How the rate moves after the warm-up.
    public enum Schedule: String, Sendable, Hashable, Codable, CaseIterable {
      /// It stays.
      case constant
      /// Down half a cosine, to a hundredth at the end of the stage (Loshchilov & Hutter 2017, without restarts).
      case cosine
      /// Times ``Recipe/plateauFactor`` whenever the loss on *select* has not fallen for ``Recipe/plateauPatience`` looks.
      case plateau
    }

    /// Side of the pictures in pixels.
    public var size: Int
    /// How often all fakes of the training split are gone through; need not be whole.
    public var epochs: Double
    /// The rate after warm-up.
    public var rate: Float
    /// Steps over which the rate rises from 0, in a straight line.
    public var warmup: Int
    /// How it moves then.
    public var schedule: Schedule
    /// Which parameters learn.
    public var scope: Scope
    /// What BatchNorm uses.
    public var statistics: Statistics

    /// A stage from its parts.
    public init(
      size: Int, epochs: Double, rate: Float, warmup: Int = 100, schedule: Schedule = .cosine,
      scope: Scope = .all, statistics: Statistics = .batch
    ) {
      (self.size, self.epochs, self.rate, self.warmup) = (size, epochs, rate, warmup)
      (self.schedule, self.scope, self.statistics) = (schedule, scope, statistics)
    }
  }

  /// How gradients become steps.
  public enum Optimizer: Sendable, Hashable, Codable {
    /// Adam; with a decay, AdamW's. The decay leaves biases and normalisations alone.
    case adam(decay: Float)
    /// Gradient descent with momentum.
    case sgd(momentum: Float, nesterov: Bool, decay: Float)
  }

  /// What the network is, such as `EfficientNetB0`, `EfficientNetAutoAttB0`, `EfficientNetLTPAB0`.
  public var architecture: String
  /// The parts of the run, one after the other.
  public var stages: [Stage]
  /// Pictures of a step, half of them real; even.
  public var batch: Int
  /// How gradients become steps.
  public var optimizer: Optimizer
  /// Where the gradient of all parameters together is longer, it is cut to this length.
  public var clipNorm: Float?
  /// Share of the weights' running average that stays at each step (EMA): what is judged and kept. 0 keeps none.
  public var averaging: Float
  /// What BatchNorm's running statistics move by at each step, in (0, 1].
  public var momentum: Float
  /// Labels are this far from 0 and 1.
  public var labelSmoothing: Float
  /// Share of values dropped before the classifier.
  public var dropout: Double
  /// Share of residual branches dropped at the network's end (stochastic depth).
  public var dropPath: Double
  /// How often a fake's real neighbour in the batch is its own original, where that is here.
  public var pairing: Double
  /// How often such a pair gets the same geometry.
  public var sharedGeometry: Double
  /// Share of the fakes that are self-blended from the batch's real pictures instead.
  public var selfBlended: Double
  /// What is done to pictures.
  public var augmentation: Augmentation
  /// How fakes are made of real pictures.
  public var selfBlending: SelfBlending
  /// Weight of the loss between attention and the pair's difference, beside cross-entropy; 0 teaches it nothing.
  public var attentionWeight: Float
  /// What a plateau multiplies the rate with.
  public var plateauFactor: Float
  /// Looks without a lower loss that make a plateau.
  public var plateauPatience: Int
  /// Looks without a better detector after which the run ends; nil never ends it early.
  public var patience: Int?
  /// Looks at *select* in an epoch.
  public var looksPerEpoch: Double
  /// Decides everything that is drawn at random.
  public var seed: UInt64

  /// The recipe that the shipped detectors were trained by (`Documentation/TrainingDetectors.md` says why).
  public init(architecture: String = "EfficientNetB0") {
    self.architecture = architecture
    stages = [
      Stage(size: 128, epochs: 5, rate: 1e-3, warmup: 200),
      Stage(size: 160, epochs: 5, rate: 5e-4),
      Stage(size: 224, epochs: 4, rate: 3e-4),
    ]
    batch = 32
    optimizer = .adam(decay: 1e-2)
    clipNorm = 5
    averaging = 0.998
    momentum = 0.1
    labelSmoothing = 0.01
    dropout = 0.2
    dropPath = 0.1
    pairing = 0.5
    sharedGeometry = 0.5
    selfBlended = 0
    augmentation = .standard
    selfBlending = SelfBlending()
    attentionWeight = 0
    plateauFactor = 0.3
    plateauPatience = 2
    patience = nil
    looksPerEpoch = 1
    seed = 0
  }
}
