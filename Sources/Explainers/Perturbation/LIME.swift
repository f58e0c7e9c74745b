public import Detector
public import FaceCrop
import Tensor

/// LIME (Ribeiro, Singh and Guestrin 2016) on the segments of a clip: a linear model of the logit in which segments are
/// there, fitted to random samples, of which those count most that are near the whole clip.
///
/// As in the authors' `lime` package a sample keeps each segment with probability 1/2, the first keeps all, a sample at
/// distance d (one minus the cosine to the whole clip) weighs exp(−d²/(2·width²)), and the model is a ridge regression with
/// an intercept, which is not shrunk. Differences: all segments get a value, none is selected; the logit is explained, not
/// the probability; a sample that was drawn before is not asked again, and counts again; where segments are so few that all
/// samples can be had for the asking, each is taken, and counts as often as it would be drawn on average.
///
/// For a detector that scores frames one by one each frame has a model of its own, of the segments that it holds, and a
/// segment's value is the mean over the clip's frames. A clip-wise classifier gets one model of the whole clip.
public struct LIME: Explainer {
  /// `lime`.
  public let name = "lime"
  /// The detector that is explained.
  public let detector: any Classifier
  /// How the clip is cut into segments.
  public var segmentation: any Segmentation
  /// What is seen where a segment is taken away.
  public var replacement: Replacement
  /// Samples for each segment of a model: of a frame, or of the clip.
  public var samplesPerSegment: Int
  /// Width of the kernel, in units of the distance, which goes from 0 (the whole clip) to 1 (nothing is left).
  public var kernelWidth: Double
  /// Strength of the ridge, as scikit-learn's `alpha`: λ in Σ w·(z − model)² + λ·Σ β². It draws values to 0, the more the
  /// fewer samples there are. 0 for none: then too few samples are an error.
  public var ridge: Double
  /// Seed of the samples.
  public var seed: UInt64

  /// LIME of `detector`; everything else has a default.
  public init(
    _ detector: any Classifier, segmentation: any Segmentation = SLIC(), replacement: Replacement = .mean,
    samplesPerSegment: Int = 8, kernelWidth: Double = 0.25, ridge: Double = 1, seed: UInt64 = 0
  ) {
    self.detector = detector
    self.segmentation = segmentation
    self.replacement = replacement
    self.samplesPerSegment = samplesPerSegment
    self.kernelWidth = kernelWidth
    self.ridge = ridge
    self.seed = seed
  }

  /// Explains `clip`; ``ExplanationMap/segments`` has the values, ``ExplanationMap/values`` the value of its segment at each
  /// pixel.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    try check()
    try context.report(0)
    let supervoxels = try segmentation.segments(of: clip)
    let masked = try MaskedClip(
      clip, supervoxels, replacement: replacement, classifier: detector, method: name)
    let games = SegmentGame.games(of: supervoxels, splitsFrames: detector.info.scoresFrameByFrame)
    var seeds = SplitMix(seed: seed)
    let samples = games.map { LimeSamples($0, perSegment: samplesPerSegment, seed: seeds.next()) }
    let planned = zip(games, samples).reduce(0) { $0 + $1.0.frames.count * $1.1.distinct.count }
    var values = [Double](repeating: 0, count: supervoxels.count)
    var (logits, evaluations, passes) = ([Float](), 0, 0)
    for (game, drawn) in zip(games, samples) {
      var known: [Double] = []
      for first in stride(from: 0, to: drawn.distinct.count, by: Self.slice) {
        let slice = drawn.distinct[first..<min(first + Self.slice, drawn.distinct.count)]
        let requests = slice.flatMap { sample in
          let keeps = game.keeps(sample, of: supervoxels.count)
          return game.frames.map { MaskedClip.Request(frame: $0, keeps: keeps) }
        }
        let before = passes
        let scores = try masked.logits(requests) { try context.report(Double(before + $0) / Double(planned)) }
        if first == 0 { logits += scores.prefix(game.frames.count) }
        passes += requests.count
        known += slice.indices.map { i in
          let k = (i - first) * game.frames.count
          return scores[k..<k + game.frames.count].reduce(0) { $0 + Double($1) } / Double(game.frames.count)
        }
      }
      evaluations += drawn.distinct.count
      let model = LocalModel(kernelWidth: kernelWidth, ridge: ridge, repeats: drawn.repeats)
      guard let weights = model.coefficients(drawn.all, drawn.places.map { known[$0] }) else {
        throw ExplanationError(
          "\(name): \(drawn.all.count) samples do not determine \(game.players.count) segments; take more samples, a "
            + "wider kernel or a ridge above 0")
      }
      for (player, segment) in game.players.enumerated() { values[segment] += game.share * weights[player] }
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target, values: supervoxels.painted(values),
      size: clip.size, logits: logits,
      cost: .init(
        evaluations: evaluations, framePasses: passes,
        seconds: (ContinuousClock.now - start) / .seconds(1)),
      segments: SegmentAttributions(supervoxels: supervoxels, values: values))
  }

  /// Samples that are turned into requests at once; bounds memory.
  private static let slice = 256

  private func check() throws(ExplanationError) {
    guard samplesPerSegment > 0, samplesPerSegment <= 1_000_000 else {
      throw ExplanationError("\(name): \(samplesPerSegment) samples for each segment; take 1 to 1000000")
    }
    guard kernelWidth > 0, kernelWidth.isFinite else {
      throw ExplanationError("\(name): the kernel's width is above 0, not \(kernelWidth)")
    }
    guard ridge >= 0, ridge.isFinite else {
      throw ExplanationError("\(name): the ridge is 0 or more, not \(ridge)")
    }
  }
}

/// The samples of one game.
private struct LimeSamples {
  /// All that were drawn; the first keeps every segment.
  var all: [[Bool]]
  /// Each that differs, once, in the order in which it was drawn first.
  var distinct: [[Bool]] = []
  /// Where each of `all` stands in `distinct`.
  var places: [Int] = []

  /// How often each of `all` counts.
  var repeats = 1.0

  init(_ game: SegmentGame, perSegment: Int, seed: UInt64) {
    let count = game.players.count
    if count < 30, 1 << count <= perSegment * count {
      let patterns = 1 << count
      all = (0..<patterns).map { missing in (0..<count).map { missing >> $0 & 1 == 0 } }
      distinct = all
      places = Array(all.indices)
      repeats = Double(perSegment * count + 1) / Double(patterns)
      return
    }
    var generator = SplitMix(seed: seed)
    all = [Array(repeating: true, count: count)]
    for _ in 0..<perSegment * count {
      all.append((0..<count).map { _ in generator.next() >> 63 == 1 })
    }
    var seen: [[Bool]: Int] = [:]
    for sample in all {
      if let place = seen[sample] {
        places.append(place)
      } else {
        seen[sample] = distinct.count
        places.append(distinct.count)
        distinct.append(sample)
      }
    }
  }
}

extension SegmentGame {
  /// A pattern of the players as one of all segments of the clip: what does not play stays.
  func keeps(_ pattern: [Bool], of segments: Int) -> [Bool] {
    var keeps = [Bool](repeating: true, count: segments)
    for (player, segment) in players.enumerated() { keeps[segment] = pattern[player] }
    return keeps
  }
}
