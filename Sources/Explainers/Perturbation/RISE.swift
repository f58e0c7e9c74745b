public import Detector
public import FaceCrop
import Tensor

/// RISE (Petsiuk, Das and Saenko 2018) of a clip's logit, with masks in space and time: random soft masks are laid over
/// the clip, and the map says how the logit goes with each pixel's share that stays.
///
/// A mask is a grid of cells that stay with probability p, enlarged linearly with a random shift. Differences from the
/// paper: a class's probability is at least 0, so that the paper's E[z·m]/E[m] ranks pixels; of a logit it holds, in every
/// pixel, a constant that is the mean masked logit. The default ``Estimator/slope`` is free of it. The grid goes on
/// beyond the crop, so that all pixels have the same law, also at the edges; it may last several frames; and what
/// is seen under a mask is a choice (the paper: black, that is ``Replacement/grey(_:)`` of 0).
///
/// For a detector that scores frames one by one the clip's logit is a mean, and each frame is explained by its own masked
/// logits; else the clip's logit explains all of its frames. Masks are made anew from the seed where they are needed:
/// memory does not grow with their number.
public struct RISE: Explainer {
  /// What a pixel's value is.
  public enum Estimator: Sendable, Hashable, CaseIterable {
    /// cov(z, m) / var(m) over the masks: by how much the clip's logit grows from a pixel (and what masks take away with
    /// it) gone to there, by least squares. A constant added to the logit changes nothing.
    case slope
    /// mean(z·m) / p, as in the paper: the mean logit of those masks that leave the pixel. Its sign is that of the logit, not
    /// of the pixel's part in it.
    case paper
  }

  /// `rise`.
  public let name = "rise"
  /// The detector that is explained.
  public let detector: any Classifier
  /// Number of masks, at least 2; the paper takes 4000 to 8000.
  public var masks: Int
  /// Cells along the crop's side; the paper takes 7.
  public var cells: Int
  /// Frames that a cell lasts. 1: each frame has masks of its own; nil: a mask is the same in all frames. Between, masks go
  /// from one grid to the next linearly.
  public var framesPerCell: Int?
  /// Probability p that a cell stays, in (0, 1).
  public var probability: Double
  /// What a pixel's value is.
  public var estimator: Estimator
  /// What is seen under a mask; ``Replacement/mean`` is the mean colour of the frame.
  public var replacement: Replacement
  /// Seed of the masks.
  public var seed: UInt64
  /// Bytes of crops in one call of the detector.
  var batchBytes = PerturbedClip.defaultBatchBytes

  /// RISE of `detector`; everything else has a default.
  public init(
    _ detector: any Classifier, masks: Int = 1000, cells: Int = 7, framesPerCell: Int? = nil,
    probability: Double = 0.5, estimator: Estimator = .slope, replacement: Replacement = .mean,
    seed: UInt64 = 0
  ) {
    self.detector = detector
    self.masks = masks
    self.cells = cells
    self.framesPerCell = framesPerCell
    self.probability = probability
    self.estimator = estimator
    self.replacement = replacement
    self.seed = seed
  }

  /// Explains `clip`: a map at the clip's resolution.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    try check(clip)
    let source = RandomMasks(self, size: clip.size)
    let (count, area) = (clip.frames.count, clip.size * clip.size)
    let passes = count * (1 + masks)
    var perturbed = try PerturbedClip(
      clip, replacement: replacement, classifier: detector, method: name, batchBytes: batchBytes)
    try context.report(0)
    let whole = try perturbed.wholeLogits { try context.report(Double($0) / Double(passes)) }
    var done = count
    var maps: [Tensor] = []
    for frames in perturbed.games {
      let base = frames.reduce(0) { $0 + Double(whole[$1]) } / Double(frames.count)
      var moments = frames.map { _ in MaskMoments(count: area) }
      // As many masks at once as crops in a call, and at least one clip.
      let step = max(1, perturbed.batchSize / frames.count)
      for first in stride(from: 0, to: masks, by: step) {
        let batch = first..<min(first + step, masks)
        let stays = batch.flatMap { mask in frames.map { (mask, $0) } }
        let planes = ComputeRuntime.map(stays.count) { source.plane(mask: stays[$0].0, frame: stays[$0].1) }
        let before = done
        let logits = try perturbed.logits(
          stays.count, frame: { stays[$0].1 },
          report: { try context.report(Double(before + $0) / Double(passes)) },
          write: { n, pair, out in RISE.blend(pair, planes[n], out) })
        done += stays.count
        let changes = batch.indices.map { i -> Double in
          let k = (i - first) * frames.count
          return logits[k..<k + frames.count].reduce(0) { $0 + Double($1) } / Double(frames.count) - base
        }
        for f in frames.indices {
          let own = changes.indices.map { planes[$0 * frames.count + f - frames.lowerBound] }
          moments[f - frames.lowerBound].add(changes, own)
        }
      }
      // The share of these frames in the clip's logit.
      let share = Double(frames.count) / Double(count)
      for moment in moments {
        let values = moment.values(estimator, base: base, probability: probability)
        maps.append(Tensor(shape: [1, clip.size, clip.size], values.map { Float($0 * share) }))
      }
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target, values: Tensor.concatenated(maps),
      size: clip.size, logits: whole,
      cost: .init(
        evaluations: perturbed.isFrameWise ? done : 1 + masks, framePasses: done,
        seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  private func check(_ clip: Clip) throws(ExplanationError) {
    guard masks >= 2, masks <= Int(Int32.max) else {
      throw ExplanationError("\(name): \(masks) masks are too few or too many; take some thousands")
    }
    guard cells > 0, cells <= clip.size else {
      throw ExplanationError("\(name): a side of \(clip.size) pixels has no \(cells) cells")
    }
    guard framesPerCell ?? 1 > 0 else {
      throw ExplanationError("\(name): a cell lasts at least one frame, not \(framesPerCell ?? 1)")
    }
    guard probability > 0, probability < 1 else {
      throw ExplanationError("\(name): the probability that a cell stays is in (0, 1), not \(probability)")
    }
  }

  /// The crop where the mask is 1, the replacement where it is 0.
  private static func blend(
    _ planes: PerturbedClip.Planes, _ mask: [Float], _ out: UnsafeMutablePointer<Float>
  ) {
    mask.withUnsafeBufferPointer { mask in
      for channel in 0..<3 {
        let base = channel * planes.area
        let (crop, away, out) = (planes.crop + base, planes.away + base, out + base)
        for i in 0..<planes.area { out[i] = away[i] + mask[i] * (crop[i] - away[i]) }
      }
    }
  }
}
