import Datasets
import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import Training
import WhyFake

/// Explains a video and measures the explanations, as far as it was not done before.
struct ComparisonBench {
  let settings: Comparison.Settings
  private let analyzer: Analyzer
  private let chosen: [(choice: ExplainerChoice, explainer: ChosenExplainer)]
  private let metrics: [MetricChoice]
  private let options: CompareRunCommand
  private let deciding: String

  init(_ options: CompareRunCommand) throws {
    let classifier = try options.common.classifier()
    self.options = options
    analyzer = try Analyzer(detector: classifier)
    chosen = try options.explainers.map {
      ($0, try ChosenExplainer($0, main: classifier, common: options.common, options: options.explaining))
    }
    metrics = options.metrics
    deciding = try classifier.digest()
    var methods: [String: String] = [:]
    for (choice, chosen) in chosen {
      methods[choice.rawValue] = try ResultStore.key(
        [deciding, chosen.model.digest()] + options.explaining.identity)
    }
    settings = Comparison.Settings(
      explainers: options.explainers.map(\.rawValue), metrics: metrics, target: options.target.rawValue,
      label: options.label?.rawValue, frames: options.frames,
      replacement: options.explaining.chosenReplacement.rawValue, seed: options.common.seed, methods: methods)
  }

  /// The name of each explainer's result on the video at `path`, all of which are in `store` then.
  ///
  /// - Parameter original: the real video that a fake was made from; read only where a metric compares with a mask.
  func measure(
    _ path: String, original: String?, into store: ResultStore,
    progress: @escaping @Sendable (String, Double) -> Void
  ) throws -> [String: String] {
    let digest = try SHA256.digest(ofFile: path)
    let original = metrics.contains(where: \.needsMask) ? original : nil
    let originalDigest = try original.map { try SHA256.digest(ofFile: $0) } ?? ""
    var keys: [String: String] = [:]
    for (choice, _) in chosen {
      let name = choice.rawValue
      keys[name] = ResultStore.key(
        [
          "1", settings.whyfake, digest, originalDigest, name, settings.methods[name]!, settings.target,
          "\(settings.frames)",
        ]
          + ["\(settings.seed)", settings.replacement] + metrics.map(\.rawValue))
    }
    let missing = chosen.filter { store.read(keys[$0.choice.rawValue]!) == nil }
    guard !missing.isEmpty else { return keys }

    var analysing = AnalysisOptions.explain(
      missing.map(\.explainer.explainer), target: Target(rawValue: settings.target))
    analysing.frames = settings.frames
    analysing.thumbnailWidth = 0
    analysing.paired = original
    for (_, chosen) in missing {
      analysing.explainerCrops[chosen.explainer.name] = CropRecipe(
        policy: chosen.model.info.cropPolicy, size: chosen.model.info.inputSize)
    }
    let analysis = try analyzer.analyze(
      path, options: analysing,
      context: AnalysisContext { progress($0.explainer ?? $0.stage.words, 0.5 * $0.done) })
    for (number, (choice, chosen)) in missing.enumerated() {
      let result = try result(choice, chosen, analysis, digest) { done in
        progress("measuring \(choice.rawValue)", 0.5 + 0.5 * (Double(number) + done) / Double(missing.count))
      }
      try store.write(result, keys[choice.rawValue]!)
    }
    return keys
  }

  private func result(
    _ choice: ExplainerChoice, _ chosen: ChosenExplainer, _ analysis: Analysis, _ digest: String,
    progress: @escaping @Sendable (Double) -> Void
  ) throws -> ComparedExplanation {
    var result = ComparedExplanation(
      input: digest, explainer: choice.rawValue, model: chosen.model.info.name,
      outcome: analysis.tracks.isEmpty ? .noFace : .undecided, frames: 0, isEmpty: false, metrics: [:])
    guard let track = analysis.decidingTrack,
      let explanation = track.explanations.first(where: { $0.map.explainer == chosen.explainer.name })
    else { return result }
    let subject = try MetricSubject(
      explanation.map, clip: explanation.clip, classifier: chosen.model, explainer: chosen.explainer,
      mask: mask(of: explanation.clip))
    result.outcome = .explained
    result.verdict = analysis.verdict.rawValue
    result.probability = track.opinion.probability
    result.logit = track.opinion.logit
    result.target = explanation.map.target
    result.frames = explanation.clip.frames.count
    result.isEmpty = subject.relevance.isEmpty
    let replacement = options.explaining.chosenReplacement.replacement
    let (explaining, seed) = (options.explaining, options.common.seed)
    for (number, metric) in metrics.enumerated() {
      if metric.needsMask, subject.mask == nil {
        result.metrics[metric.rawValue] = MetricValue(undefined: "there is no original to compare with")
        continue
      }
      let measured = metric.metric(replacement) { try choice.explainer($0, explaining, seed: seed) }
      result.metrics[metric.rawValue] = try measured.measure(
        subject,
        context: ExplanationContext { progress((Double(number) + $0) / Double(metrics.count)) })
    }
    return result
  }
}

/// What was manipulated of a clip with its original beside it: nothing of crops that do not show the same scene. Nil without an
/// original.
private func mask(of clip: Clip) throws -> ManipulationMask? {
  guard let paired = clip.paired else { return nil }
  let mask = try ManipulationMask(pairOf: clip)
  let aligned = ComputeRuntime.map(paired.count) { PairAlignment(clip.crops[$0], paired[$0]).isAligned }
  let area = clip.size * clip.size
  return try ManipulationMask(
    mask.values.enumerated().map { $1 && aligned[$0 / area] }, frames: mask.frames, size: mask.size)
}

extension Classifier {
  /// A digest of what the model computes.
  fileprivate func digest() throws -> String {
    if let ensemble = self as? Ensemble {
      return ResultStore.key(try ensemble.members.map { try $0.digest() })
    }
    let detector = (self as? AttentiveDetector)?.detector ?? self as? DeepfakeDetector
    guard let detector else { throw Failure("\(info.name) is no model that can be compared") }
    var hash = SHA256()
    hash.update("\(detector.description)".utf8)
    for (name, values) in detector.network.parameters.sorted(by: { $0.key < $1.key }) {
      hash.update("\(name) \(values.shape)\n".utf8)
      values.withUnsafeBufferPointer { hash.update(UnsafeRawBufferPointer($0)) }
    }
    return hash.finish()
  }
}

extension ExplainerOptions {
  /// What decides a map beside the model and the seed.
  fileprivate var identity: [String] {
    [
      segments, segmentCount.map(String.init) ?? "", chosenReplacement.rawValue,
      budget.map(String.init) ?? "",
      precision.map { "\($0)" } ?? "",
    ]
  }
}
