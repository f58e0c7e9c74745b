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
  /// The real video that a fake was made from, frame by frame; for a picture the real picture, for a clip the real clip.
  /// Its crops of the same places go along as `Clip.paired`. Frames past its end are left out of everything, with a note.
  public var paired: String?
  /// The greatest width of the thumbnails that are kept of the sampled frames, in pixels; 0 keeps none.
  public var thumbnailWidth: Int
  /// Crops in one pass at the most where what the network computes between its layers is kept; bounds memory.
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
    target: Target? = nil, paired: String? = nil, thumbnailWidth: Int = 0, batchSize: Int = 2
  ) {
    precondition(frames > 0, "AnalysisOptions: \(frames) frames")
    self.frames = frames
    self.explainers = explainers
    self.explainerCrops = explainerCrops
    self.target = target
    self.paired = paired
    self.thumbnailWidth = thumbnailWidth
    self.batchSize = max(1, batchSize)
  }
}

/// How an analysis tells how far it is, and learns that it is no longer wanted.
public struct AnalysisContext: Sendable {
  /// Called with how far the work is, on the thread that works.
  public var progress: @Sendable (Analysis.Progress) -> Void
  /// Throws when the work is to end; by default when the current task is cancelled.
  public var checkCancellation: @Sendable () throws -> Void

  /// A context; everything has a default.
  public init(
    progress: @escaping @Sendable (Analysis.Progress) -> Void = { _ in },
    checkCancellation: @escaping @Sendable () throws -> Void = { try Task.checkCancellation() }
  ) {
    self.progress = progress
    self.checkCancellation = checkCancellation
  }

  /// Reports the done share of a stage, in [0, 1]; throws when the work is cancelled.
  func report(_ stage: Analysis.Stage, _ done: Double) throws {
    try checkCancellation()
    progress(Analysis.Progress(stage: stage, done: done))
  }
}
