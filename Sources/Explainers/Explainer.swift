public import Detector
public import FaceCrop

/// A method that says which parts of a clip a detector relied on.
///
/// A method of one's own is a struct that holds its detector and has these two members; see
/// `Examples/mirror` for one that fits on a screen.
public protocol Explainer: Sendable {
  /// The method's name as it appears in file names: lower case, such as `gradcam`.
  var name: String { get }

  /// Explains why `clip` was taken for `target`.
  ///
  /// - Parameters:
  ///   - clip: the crops of one face.
  ///   - target: the class that is explained. The map's sign does not depend on it.
  ///   - context: progress and cancellation. Call ``ExplanationContext/report(_:)`` now and then: it throws when
  ///     the work is cancelled.
  func explain(_ clip: Clip, for target: Target, context: ExplanationContext) throws -> ExplanationMap
}

/// An explainer whose pass through the network also scores: who wants both pays once.
public protocol ScoringExplainer: Explainer {
  /// The detector that is explained. A map's logits are what it says of each crop, and a map's values are the same for
  /// either class.
  var scoringDetector: any Classifier { get }
}

extension Explainer {
  /// Explains without progress and with cancellation of the current task.
  public func explain(_ clip: Clip, for target: Target) throws -> ExplanationMap {
    try explain(clip, for: target, context: ExplanationContext())
  }
}

/// The class that is explained.
public enum Target: String, Sendable, Codable, CaseIterable {
  /// Why is it fake? Relevance is what speaks for fake.
  case fake
  /// Why is it real? Relevance is what speaks for real.
  case real

  /// +1 for fake, −1 for real.
  public var sign: Float { self == .fake ? 1 : -1 }

  /// The class that `logit` speaks for: fake above 0.
  public init(predictedBy logit: Float) { self = logit > 0 ? .fake : .real }
}

/// How an explainer tells how far it is, and learns that it is no longer wanted.
public struct ExplanationContext: Sendable {
  /// Called with the done share in [0, 1], on the thread that explains.
  public var progress: @Sendable (Double) -> Void
  /// Throws when the work is to end; by default when the current task is cancelled.
  public var checkCancellation: @Sendable () throws -> Void
  /// Crops in one pass at the most where a method keeps what the network computes between its layers; bounds memory.
  /// Methods that only ask for logits make batches of some megabytes of crops.
  public var batchSize: Int

  /// A context; everything has a default.
  public init(
    batchSize: Int = 2,
    progress: @escaping @Sendable (Double) -> Void = { _ in },
    checkCancellation: @escaping @Sendable () throws -> Void = { try Task.checkCancellation() }
  ) {
    self.batchSize = max(1, batchSize)
    self.progress = progress
    self.checkCancellation = checkCancellation
  }

  /// Reports the done share in [0, 1]; throws when the work is cancelled.
  public func report(_ done: Double) throws {
    try checkCancellation()
    progress(done)
  }
}
