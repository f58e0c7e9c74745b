public import Detector
import Explainers
public import FaceCrop
import Tensor
public import VideoIO

/// The whole path as one call: from a video, a picture or a clip to tracks, clips, a verdict and maps.
///
/// ```swift
/// let analysis = try Analyzer().analyze("video.mp4")
/// print(analysis.verdict, analysis.opinion?.probability ?? .nan)
/// ```
///
/// Sampled frames are read once, one after the other. Faces are sought in eight of them together, or in as many as first
/// make 32 MB; then these are let go. Memory is that of those frames, of the crops, of the thumbnails if they are asked
/// for, and of one batch in the network, however long the video is. It works on the calling thread and may be shared
/// between threads.
public struct Analyzer: Sendable {
  /// The version of this library.
  public static let version = "0.1.0"

  /// The model that decides.
  public let detector: any Classifier
  /// Finds the faces.
  public let faceDetector: any FaceDetector

  /// An analyzer with the default model and the default face detector.
  public init() throws { try self.init(detector: DeepfakeDetector(named: ModelZoo.defaultModel)) }

  /// An analyzer with a model and the default face detector.
  public init(detector: any Classifier) throws {
    self.init(detector: detector, faceDetector: try BlazeFace())
  }

  /// An analyzer from its parts.
  public init(detector: any Classifier, faceDetector: any FaceDetector) {
    self.detector = detector
    self.faceDetector = faceDetector
  }

  /// Analyses a file.
  ///
  /// - Parameters:
  ///   - path: a video, a JPEG or PNG picture, or a `.npy` clip (uint8 T×S×S×3).
  ///   - options: what is to be done.
  ///   - context: progress and cancellation.
  /// - Throws: an error whose description names the file, what is wrong and what to do; what an explainer
  ///   throws; what the context throws on cancellation.
  public func analyze(
    _ path: String, options: AnalysisOptions = .detect, context: AnalysisContext = AnalysisContext()
  ) throws -> Analysis {
    var stopwatch = Stopwatch()
    let material = try source(options, context).read(path, &stopwatch)
    return try analyze(material, options, context, &stopwatch)
  }

  /// Analyses crops of one face that are at hand, taken as they are, as a `.npy` clip is.
  ///
  /// - Parameters:
  ///   - crops: one or more squares; scaled where the model's input has another size.
  ///   - paired: for a fake, the same places of its original, as many and of the same sizes; takes the place of
  ///     `options.paired`.
  ///   - name: what the crops are called, in results and errors.
  ///   - options: what is to be done.
  ///   - context: progress and cancellation.
  /// - Throws: ``AnalysisError`` for crops that are none, or do not fit the paired ones; else as ``analyze(_:options:context:)``.
  public func analyze(
    crops: [RGBImage], paired: [RGBImage]? = nil, name: String, options: AnalysisOptions = .detect,
    context: AnalysisContext = AnalysisContext()
  ) throws -> Analysis {
    guard let first = crops.first, crops.allSatisfy({ $0.width == first.width && $0.height == first.width })
    else { throw AnalysisError(path: name, message: "a clip is of one or more square crops of one size") }
    if let paired, paired.map(\.width) != crops.map(\.width) || paired.map(\.height) != crops.map(\.height) {
      throw AnalysisError(
        path: name, message: "the paired crops are not as many as its own, or of other sizes")
    }
    var stopwatch = Stopwatch()
    let material = source(options, context).material(crops, paired: paired, path: name)
    return try analyze(material, options, context, &stopwatch)
  }

  /// The crops that the detector wants.
  private var recipe: CropRecipe {
    CropRecipe(policy: detector.info.cropPolicy, size: detector.info.inputSize)
  }

  /// The crops that the detector and the explainers want, each once; the detector's first.
  private func recipes(_ options: AnalysisOptions) -> [CropRecipe] {
    options.explainers.reduce(into: [recipe]) { recipes, explainer in
      if let own = options.explainerCrops[explainer.name], !recipes.contains(own) { recipes.append(own) }
    }
  }

  private func source(_ options: AnalysisOptions, _ context: AnalysisContext) -> Source {
    Source(faceDetector: faceDetector, recipes: recipes(options), options: options, context: context)
  }

  private func analyze(
    _ material: Source.Material, _ options: AnalysisOptions, _ context: AnalysisContext,
    _ stopwatch: inout Stopwatch
  ) throws -> Analysis {
    let (recipe, recipes, path) = (recipe, recipes(options), material.input.path)
    let total = material.tracks.reduce(0) { $0 + $1.clips[0].frames.count }
    let scoring = options.explainers.firstIndex { scores($0, recipe, options) }
    var done = 0
    var shared: [Int: ExplanationMap] = [:]
    var tracks = try material.tracks.enumerated().map { i, track in
      let clip = track.clips[0]
      var logits: [Float]
      if let scoring, track.judged {
        let map = try stopwatch.measure(.explaining) {
          let (before, share) = (Double(done) / Double(total), Double(clip.frames.count) / Double(total))
          return try explainAndScore(clip, options.explainers[scoring], options, path, context) { done in
            context.progress(.init(stage: .scoring, done: before + done * share))
          }
        }
        shared[i] = map
        logits = map.logits
      } else {
        logits = try stopwatch.measure(.scoring) {
          try score(clip, options, path) { count in
            try context.report(.scoring, Double(done + count) / Double(total))
          }
        }
      }
      done += logits.count
      return Analysis.Track(clip: clip, judged: track.judged, logits: logits)
    }

    let judged = tracks.indices.filter { tracks[$0].judged }
    for (e, explainer) in options.explainers.enumerated() {
      for (n, i) in judged.enumerated() {
        let target = options.target ?? Target(predictedBy: tracks[i].opinion.logit)
        let own = options.explainerCrops[explainer.name] ?? recipe
        let clip = material.tracks[i].clips[recipes.firstIndex(of: own) ?? 0]
        if e == scoring, var map = shared[i] {
          map.target = target
          tracks[i].explanations.append(Analysis.Explanation(map: map, clip: clip))
          continue
        }
        let map = try stopwatch.measure(.explaining) {
          try explainer.explain(
            clip, for: target,
            context: ExplanationContext(
              batchSize: options.batchSize,
              progress: { done in
                context.progress(
                  Analysis.Progress(
                    stage: .explaining, explainer: explainer.name,
                    done: (Double(n) + done) / Double(judged.count)))
              }, checkCancellation: context.checkCancellation))
        }
        tracks[i].explanations.append(Analysis.Explanation(map: map, clip: clip))
      }
    }
    return Analysis(
      input: material.input, model: detector.info, frames: material.frames, tracks: tracks,
      timings: stopwatch.timings, notes: material.notes)
  }

  /// Whether `explainer` scores the crops that the detector scores, as the detector does.
  private func scores(_ explainer: any Explainer, _ recipe: CropRecipe, _ options: AnalysisOptions) -> Bool {
    guard let explainer = explainer as? any ScoringExplainer else { return false }
    return DeepfakeDetector.areSame(explainer.scoringDetector, detector)
      && (options.explainerCrops[explainer.name] ?? recipe) == recipe
  }

  /// The map of a clip from the pass that scores it; its target is to be set.
  private func explainAndScore(
    _ clip: Clip, _ explainer: any Explainer, _ options: AnalysisOptions, _ path: String,
    _ context: AnalysisContext, _ progress: @escaping @Sendable (Double) -> Void
  ) throws -> ExplanationMap {
    do {
      let map = try explainer.explain(
        clip, for: options.target ?? .fake,
        context: ExplanationContext(
          batchSize: options.batchSize, progress: progress, checkCancellation: context.checkCancellation))
      try check(map.logits, clip, path)
      return map
    } catch let error as ExplanationError {
      // A model that cannot even score is the model's fault, not the explainer's.
      _ = try score(clip, options, path) { _ in try context.checkCancellation() }
      throw error
    }
  }

  /// The logits of a clip's crops, batch by batch.
  private func score(
    _ clip: Clip, _ options: AnalysisOptions, _ path: String, _ report: (Int) throws -> Void
  ) throws -> [Float] {
    var logits: [Float] = []
    for first in stride(from: 0, to: clip.frames.count, by: options.batchSize) {
      try report(first)
      let batch = first..<min(first + options.batchSize, clip.frames.count)
      logits += try detector.logits(clip.tensor(batch)).elements
    }
    try check(logits, clip, path)
    try report(logits.count)
    return logits
  }

  private func check(_ logits: [Float], _ clip: Clip, _ path: String) throws {
    guard logits.count == clip.frames.count, logits.allSatisfy(\.isFinite) else {
      throw AnalysisError(
        path: path,
        message: "the model \(detector.info.name) gives no finite logit for each crop; check its file")
    }
  }
}

/// Why an input could not be analysed.
public struct AnalysisError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The input.
  public let path: String
  /// What is wrong and what to do, on one line.
  public let message: String

  /// An error from its parts.
  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }

  /// The input and the message, on one line.
  public var description: String { "\(path): \(message)" }
}

/// Adds up wall time by stage.
struct Stopwatch {
  private var durations: [Analysis.Stage: Duration] = [:]

  mutating func measure<R: ~Copyable>(_ stage: Analysis.Stage, _ body: () throws -> R) rethrows -> R {
    let start = ContinuousClock.now
    defer { add(stage, ContinuousClock.now - start) }
    return try body()
  }

  mutating func add(_ stage: Analysis.Stage, _ duration: Duration) {
    durations[stage, default: .zero] += duration
  }

  var timings: [Analysis.Timing] {
    Analysis.Stage.allCases.compactMap { stage in
      durations[stage].map { Analysis.Timing(stage: stage, seconds: max(0, $0 / .seconds(1))) }
    }
  }
}
