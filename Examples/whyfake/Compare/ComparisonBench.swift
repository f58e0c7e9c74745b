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

  init(_ options: CompareRunCommand) throws {
    let classifier = try options.common.classifier()
    self.options = options
    analyzer = try Analyzer(detector: classifier)
    chosen = try options.explainers.map {
      ($0, try ChosenExplainer($0, main: classifier, common: options.common, options: options.explaining))
    }
    metrics = options.metrics
    let deciding = try classifier.digest()
    var methods: [String: String] = [:]
    for (choice, chosen) in chosen {
      let own =
        DeepfakeDetector.areSame(chosen.model, classifier) ? deciding : try chosen.model.digest()
      methods[choice.rawValue] = ResultStore.key([deciding, own] + options.explaining.identity)
    }
    settings = Comparison.Settings(
      explainers: options.explainers.map(\.rawValue), metrics: metrics, target: options.target.rawValue,
      label: options.selection.label?.rawValue, frames: options.frames,
      replacement: options.explaining.chosenReplacement.rawValue, unit: options.unit,
      seed: options.common.seed,
      methods: methods)
  }

  /// The name of each explainer's result on `input`, all of which are in `store` then.
  func measure(
    _ input: ComparedInput, into store: ResultStore, progress: @escaping @Sendable (String, Double) -> Void
  ) throws -> [String: String] {
    let digest = try input.material.digest()
    let replaces = options.explaining.replacement == .paired
    let companion = replaces || metrics.contains(where: \.needsMask) ? input.companion : nil
    if replaces, companion == nil {
      throw Failure("there is no original that could take the place of what is taken away")
    }
    let beside = try companion.map { ($0.isMask ? "mask " : "") + (try $0.material.digest()) } ?? ""
    var keys: [String: String] = [:]
    for (choice, _) in chosen {
      let name = choice.rawValue
      keys[name] = ResultStore.key(
        ["1", settings.whyfake, digest, beside, name, settings.methods[name]!, settings.target]
          + ["\(settings.frames)", "\(settings.seed)", settings.replacement]
          + (settings.unit == .pixels ? [] : [settings.unit.rawValue]) + metrics.map(\.rawValue))
    }
    let missing = chosen.filter { store.read(keys[$0.choice.rawValue]!) == nil }
    guard !missing.isEmpty else { return keys }

    var analysing = AnalysisOptions.explain(
      missing.map(\.explainer.explainer), target: Target(rawValue: settings.target))
    analysing.frames = settings.frames
    analysing.thumbnailWidth = 0
    for (_, chosen) in missing {
      analysing.explainerCrops[chosen.explainer.name] = CropRecipe(
        policy: chosen.model.info.cropPolicy, size: chosen.model.info.inputSize)
    }
    let analysis = try input.analyze(
      analyzer, analysing, with: companion,
      context: AnalysisContext { progress($0.explainer ?? $0.stage.words, 0.5 * $0.done) })
    // Each is measured by itself: what shares a batch with what changes last digits, and a run that goes on must give what one
    // run gives.
    for (number, (choice, chosen)) in missing.enumerated() {
      let result = try result(choice, chosen, analysis, digest, companion) { done in
        progress("measuring \(choice.rawValue)", 0.5 + 0.5 * (Double(number) + done) / Double(missing.count))
      }
      try store.write(result, keys[choice.rawValue]!)
    }
    return keys
  }

  private func result(
    _ choice: ExplainerChoice, _ chosen: ChosenExplainer, _ analysis: Analysis, _ digest: String,
    _ companion: ComparedInput.Companion?, progress: @escaping @Sendable (Double) -> Void
  ) throws -> ComparedExplanation {
    var result = ComparedExplanation(
      input: digest, explainer: choice.rawValue, model: chosen.model.info.name,
      outcome: analysis.tracks.isEmpty ? .noFace : .undecided, frames: 0, isEmpty: false, metrics: [:])
    guard let track = analysis.decidingTrack,
      let explanation = track.explanations.first(where: { $0.map.explainer == chosen.explainer.name })
    else { return result }
    let subject = try MetricSubject(
      explanation.map, clip: explanation.clip, classifier: chosen.model, explainer: chosen.explainer,
      mask: companion == nil ? nil : mask(of: explanation.clip, isPainted: companion?.isMask == true))
    result.outcome = .explained
    result.verdict = analysis.verdict.rawValue
    // From the model alone: GradCAM scores as it explains, rounds otherwise, and may be there already.
    let count = track.clip.frames.count
    let logits = try stride(from: 0, to: count, by: 16).flatMap { first in
      try analyzer.detector.logits(track.clip.tensor(first..<min(first + 16, count))).elements
    }
    let opinion = Opinion(meanOf: logits)
    result.probability = opinion?.probability
    result.logit = opinion?.logit
    result.target = explanation.map.target
    result.frames = explanation.clip.frames.count
    result.isEmpty = subject.relevance.isEmpty
    var plan = RemovalPlan(replacement: options.explaining.chosenReplacement.replacement)
    if options.unit == .segments {
      plan.unit = .segments(try options.explaining.segmentation().segments(of: explanation.clip))
    }
    let (explaining, seed) = (options.explaining, options.common.seed)
    for (number, metric) in metrics.enumerated() {
      if metric.needsMask, subject.mask == nil {
        result.metrics[metric.rawValue] = MetricValue(
          undefined: "there is no original or mask to compare with")
        continue
      }
      let measured = metric.metric(plan) { try choice.explainer($0, explaining, seed: seed) }
      result.metrics[metric.rawValue] = try measured.measure(
        subject,
        context: ExplanationContext { progress((Double(number) + $0) / Double(metrics.count)) })
    }
    return result
  }
}

/// What was manipulated of a clip with its mask or its original beside it: nothing of crops that do not show the same scene.
/// Nil without either.
private func mask(of clip: Clip, isPainted: Bool) throws -> ManipulationMask? {
  guard let paired = clip.paired else { return nil }
  if isPainted { return try ManipulationMask(paintedBeside: clip) }
  let mask = try ManipulationMask(pairOf: clip)
  let aligned = ComputeRuntime.map(paired.count) { PairAlignment(clip.crops[$0], paired[$0]).isAligned }
  let area = clip.size * clip.size
  return try ManipulationMask(
    mask.values.enumerated().map { $1 && aligned[$0 / area] }, frames: mask.frames, size: mask.size)
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
