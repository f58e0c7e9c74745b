public import Explainers
import FaceCrop
import Tensor

/// Random sets of patches that are taken away from all frames alike: what the map says of each set, and what the detector.
///
/// Metrics that draw the same sets share the detector's answers.
public struct RandomSubsets: Sendable, Equatable {
  /// Side of a patch as a share of the crop's side: the crop is cut into so many columns and rows as fit.
  public var patch: Double
  /// Shares of the patches in a set, in (0, 1): of each share as many sets.
  public var shares: [Double]
  /// Sets of each share.
  public var samples: Int
  /// What is seen where something was taken away.
  public var replacement: Replacement
  /// Seed of the draws.
  public var seed: UInt64

  /// Sets; everything has a default.
  public init(
    patch: Double = 1 / 14, shares: [Double] = [0.05, 0.1, 0.2, 0.4, 0.6], samples: Int = 20,
    replacement: Replacement = .mean, seed: UInt64 = 0
  ) {
    precondition(
      patch > 0 && patch <= 1 && samples > 1 && !shares.isEmpty && shares.allSatisfy { $0 > 0 && $0 < 1 },
      "RandomSubsets: patches of \(patch), \(samples) samples of shares \(shares)")
    self.patch = patch
    self.shares = shares
    self.samples = samples
    self.replacement = replacement
    self.seed = seed
  }

  /// For each share, set by set: the sum of the map over what is taken away, and by how much the logit of the explained
  /// class falls.
  func effects(
    of subject: MetricSubject, metric: String, _ context: ExplanationContext
  ) throws -> [(sums: [Double], drops: [Double])] {
    let scorer = try ClipScorer(subject, replacement: replacement, metric: metric)
    let (size, frames) = (subject.size, subject.frames)
    let grid = PatchGrid(frames: frames, size: size, side: max(1, Int((patch * Double(size)).rounded())))
    let count = grid.columns * grid.columns
    // Each patch's pixels, and the sum of the map over them in all frames.
    let labels = grid.tubes.labels.prefix(size * size)
    var pixels = [[Int]](repeating: [], count: count)
    for (pixel, label) in labels.enumerated() { pixels[Int(label)].append(pixel) }
    var sums = [Double](repeating: 0, count: count)
    subject.evidence.withUnsafeBufferPointer { values in
      for t in 0..<frames {
        for (pixel, label) in labels.enumerated() {
          sums[Int(label)] += Double(values[t * size * size + pixel])
        }
      }
    }
    var generator = SplitMix(seed: seed)
    var numbers = Array(0..<count)
    let sets = shares.map { share in
      (0..<samples).map { _ -> [Int] in
        let wanted = min(count, max(1, Int((share * Double(count)).rounded())))
        for i in 0..<wanted { numbers.swapAt(i, i + Int(generator.uniform() * Double(count - i))) }
        return Array(numbers.prefix(wanted))
      }
    }
    let changes = sets.joined().map { set in
      var removal = Removal(area: size * size)
      for patch in set { for pixel in pixels[patch] { removal.insert(pixel) } }
      return [Removal](repeating: removal, count: frames)
    }
    let logits = try scorer.logits([scorer.untouched] + changes) { try context.report($0) }
    let sign = Double(subject.target.sign)
    return sets.enumerated().map { i, sets in
      (
        sets.map { $0.reduce(0) { $0 + sums[$1] } },
        sets.indices.map { sign * (logits[0] - logits[1 + i * samples + $0]) }
      )
    }
  }
}
