public import Explainers
public import FaceCrop

/// What is to be done with an input; everything has a default.
public struct AnalysisOptions: Sendable {
  /// Frames to look at, evenly spaced over the whole video; a shorter video gives all of its frames.
  public var frames: Int
  /// The methods that explain each judged face; none if empty.
  public var explainers: [any Explainer]
  /// The crops that an explainer's model wants, by the explainer's name, where another model decides.
  public var explainerCrops: [String: CropRecipe]
  /// The class that is explained; nil for the one that the model predicts for the face at hand.
  public var target: Target?
  /// The greatest width of the thumbnails that are kept of the sampled frames, in pixels; 0 keeps none.
  public var thumbnailWidth: Int
  /// Crops in one forward pass at the most; bounds memory.
  public var batchSize: Int

  /// Options to detect: 32 frames and no explanation.
  public static var detect: AnalysisOptions { AnalysisOptions(frames: 32) }

  /// Options to explain: 16 frames, with thumbnails to show what the faces were cut from.
  public static func explain(_ explainers: [any Explainer], target: Target? = nil) -> AnalysisOptions {
    AnalysisOptions(frames: 16, explainers: explainers, target: target, thumbnailWidth: 640)
  }

  /// Options from their parts.
  public init(
    frames: Int = 32, explainers: [any Explainer] = [], explainerCrops: [String: CropRecipe] = [:],
    target: Target? = nil, thumbnailWidth: Int = 0, batchSize: Int = 2
  ) {
    precondition(frames > 0, "AnalysisOptions: \(frames) frames")
    self.frames = frames
    self.explainers = explainers
    self.explainerCrops = explainerCrops
    self.target = target
    self.thumbnailWidth = thumbnailWidth
    self.batchSize = max(1, batchSize)
  }
}

/// How an analysis tells how far it is, and learns that it is no longer wanted.
public struct AnalysisContext: Sendable {
  /// Called with the stage and its done share in [0, 1], on the thread that works.
  public var progress: @Sendable (Analysis.Stage, Double) -> Void
  /// Throws when the work is to end; by default when the current task is cancelled.
  public var checkCancellation: @Sendable () throws -> Void

  /// A context; everything has a default.
  public init(
    progress: @escaping @Sendable (Analysis.Stage, Double) -> Void = { _, _ in },
    checkCancellation: @escaping @Sendable () throws -> Void = { try Task.checkCancellation() }
  ) {
    self.progress = progress
    self.checkCancellation = checkCancellation
  }

  /// Reports the done share of a stage, in [0, 1]; throws when the work is cancelled.
  func report(_ stage: Analysis.Stage, _ done: Double) throws {
    try checkCancellation()
    progress(stage, done)
  }
}
