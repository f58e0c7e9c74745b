import Detector
import Explainers
import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

/// Kernel SHAP on clips; the estimator by itself is in `ShapleyGameTests`.
@Suite("Kernel SHAP")
struct KernelSHAPTests {
  /// Cells that help and hinder each other.
  private static let interacting: @Sendable ([Double]) -> Double = { cells in
    let weights = toyWeights(cells.count)
    let sum = zip(cells, weights).reduce(0) { $0 + $1.0 * $1.1 }
    return 3 * tanh(sum) + 2 * cells[0] * cells[1] - cells[2] * cells[cells.count - 1] * cells[0]
  }
  private static let additive: @Sendable ([Double]) -> Double = { cells in
    zip(cells, toyWeights(cells.count)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func values(_ map: ExplanationMap) throws -> [Double] { try #require(map.segments).values }

  @Test("12 segments are enumerated and agree with the definition to 1e-5, for any replacement")
  func bruteForced() throws {
    let clip = toyClip(frames: 1, size: 12, paired: true)
    let fixed = Fixed(frames: 1, size: 12) { _, y, x in y / 4 * 4 + x / 3 }
    let original = clip.tensor()
    for replacement in [Replacement.mean, .grey(0.25), .blur(deviation: 0.1), .paired] {
      let detector = CellClassifier(grid: 4, logit: Self.interacting)
      let map = try KernelSHAP(
        detector, segmentation: fixed, replacement: replacement, budget: .framePasses(4096)
      ).explain(clip, for: .fake)
      // What is seen where everything is taken away is what the coalition of nobody was shown.
      let shown = detector.batches.flatMap { batch in (0..<batch.shape[0]).map { batch.rows($0..<$0 + 1) } }
      let changes = shown.map { crop in zip(crop.elements, original.elements).count { $0 != $1 } }
      let away = shown[try #require(changes.indices.max { changes[$0] < changes[$1] })]
      let labels = fixed.supervoxels.labels
      let expected = try bruteForce(players: 12) { coalition in
        let crop = Tensor(
          shape: original.shape,
          original.elements.indices.map { i in
            coalition >> Int(labels[i % 144]) & 1 == 1 ? original.elements[i] : away.elements[i]
          })
        return Double(try CellClassifier(grid: 4, logit: Self.interacting).logits(crop).scalar)
      }
      let found = try values(map)
      let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? 1
      print("\(replacement): largest difference to brute force \(largest)")
      #expect(largest < 1e-5)
      #expect(map.segments?.standardErrors == [Double](repeating: 0, count: 12))
      #expect(map.cost.framePasses == 4096 && map.cost.evaluations == 4096)
    }
  }

  @Test("frames as games of their own give the values of the joint game")
  func split() throws {
    let clip = toyClip(frames: 3, size: 12)
    // Some segments live in one frame, some in all.
    let fixed = Fixed(frames: 3, size: 12) { t, y, x in
      x < 6 ? y / 4 : 3 + (t == 2 ? 3 : 0) + y / 4
    }
    let detector = CellClassifier(grid: 3, logit: Self.interacting)
    let each = try KernelSHAP(detector, segmentation: fixed, budget: .perSegment(500))
      .explain(clip, for: .fake)
    let joint = try KernelSHAP(
      detector, segmentation: fixed, budget: .perSegment(500), splitsFrames: false
    ).explain(clip, for: .fake)
    let largest = zip(try values(each), try values(joint)).map { abs($0 - $1) }.max() ?? 1
    print("largest difference between the split and the joint game: \(largest)")
    #expect(largest < 1e-5)
    let logits = try detector.logits(clip.tensor()).elements
    #expect(each.logits == joint.logits && each.logits == logits)
    #expect(each.cost.framePasses == 3 * 64)
    // 2^9 coalitions; a frame holds six segments, so that it has 64 patterns, each of which ran once.
    #expect(joint.cost.evaluations == 512 && joint.cost.framePasses == 3 * 64)
    let clipwise = CellClassifier(grid: 3, scoresFrameByFrame: false, logit: Self.interacting)
    let whole = try KernelSHAP(clipwise, segmentation: fixed, budget: .perSegment(500))
      .explain(clip, for: .fake)
    #expect(try values(whole) == values(joint))
    #expect(whole.cost.framePasses == 3 * 512)
    #expect(clipwise.batches.allSatisfy { $0.shape[0] == 3 })
  }

  @Test("no pattern of a frame runs twice, and each pixel is the crop's or the replacement's")
  func patterns() throws {
    let clip = toyClip(frames: 2, size: 12)
    let fixed = Fixed.grid(4, frames: 2, size: 12)
    let detector = CellClassifier(grid: 4, logit: Self.interacting)
    let map = try KernelSHAP(detector, segmentation: fixed, replacement: .grey(0.5))
      .explain(clip, for: .real)
    let crops = detector.batches.flatMap { batch in
      (0..<batch.shape[0]).map { batch.rows($0..<$0 + 1).elements }
    }
    #expect(crops.count == map.cost.framePasses && map.cost.framePasses == 2 * 8 * 16)
    // Without any segment both frames are all grey.
    #expect(Set(crops).count == crops.count - 1)
    let frames = (0..<2).map { clip.tensor($0..<$0 + 1).elements }
    #expect(
      crops.allSatisfy { crop in
        frames.contains { frame in zip(crop, frame).allSatisfy { $0 == $1 || $0 == 0.5 } }
      })
  }

  @Test("sampled values add up to the difference of the logits, additive detectors are exact")
  func completeness() throws {
    let clip = toyClip(frames: 2, size: 20)
    let fixed = Fixed.grid(5, frames: 2, size: 20)
    for (logit, isAdditive) in [(Self.interacting, false), (Self.additive, true)] {
      let detector = CellClassifier(grid: 5, logit: logit)
      let map = try KernelSHAP(detector, segmentation: fixed, replacement: .grey(0)).explain(clip, for: .fake)
      let none = try detector.logits(Tensor(shape: [1, 3, 20, 20], repeating: 0)).scalar
      let all = map.logits.reduce(0) { $0 + Double($1) } / 2
      let sum = try values(map).reduce(0, +)
      #expect(abs(sum - (all - Double(none))) < 1e-5)
      #expect(try abs(#require(map.completenessGap)) < 1e-9)
      guard isAdditive else { continue }
      // Logits are Float: what is left is their rounding.
      let means = (0..<2).map { t in cellMeans(clip.tensor(t..<t + 1), 5) }
      let weights = toyWeights(25)
      let expected = (0..<25).map { j in weights[j] * (means[0][j] + means[1][j]) / 2 }
      #expect(zip(try values(map), expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  private func cellMeans(_ crop: Tensor, _ grid: Int) -> [Double] {
    let size = crop.shape[2]
    let values = crop.elements
    var means = [Double](repeating: 0, count: grid * grid)
    for y in 0..<size {
      for x in 0..<size { means[y * grid / size * grid + x * grid / size] += Double(values[y * size + x]) }
    }
    return means.map { $0 / Double(size * size / (grid * grid)) }
  }

  @Test("how segments are called, and the order of frames, change nothing")
  func invariance() throws {
    let clip = toyClip(frames: 3, size: 12)
    let detector = CellClassifier(grid: 4, logit: Self.interacting)
    let plain = Fixed.grid(4, frames: 3, size: 12)
    let renamed = Fixed(frames: 3, size: 12) { _, y, x in 900 - 7 * (y / 3 * 4 + x / 3) }
    let map = try KernelSHAP(detector, segmentation: plain).explain(clip, for: .fake)
    let other = try KernelSHAP(detector, segmentation: renamed).explain(clip, for: .fake)
    #expect(map.values == other.values)
    // Segments of one frame each, few enough to be enumerated: then the order of frames is the map's.
    let few = Fixed(frames: 3, size: 12) { t, y, x in t * 4 + y / 6 * 2 + x / 6 }
    let order = [2, 0, 1]
    let turned = Clip(frames: clip.frames, crops: order.map { clip.crops[$0] })
    let before = try KernelSHAP(detector, segmentation: few, budget: .perSegment(50)).explain(
      clip, for: .fake)
    let after = try KernelSHAP(detector, segmentation: few, budget: .perSegment(50)).explain(
      turned, for: .fake)
    for (t, from) in order.enumerated() {
      #expect(
        zip(after.values.rows(t..<t + 1).elements, before.values.rows(from..<from + 1).elements)
          .allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  @Test("a segment that looks like its replacement gets nothing, and twins share equally")
  func nullAndTwins() throws {
    var clip = toyClip(frames: 1, size: 12)
    var crop = clip.crops[0]
    for y in 0..<12 {
      for x in 0..<12 where y < 3 && x < 3 { crop[x, y] = (51, 51, 51) }
    }
    clip = Clip(frames: clip.frames, crops: [crop])
    // Twins: the detector asks only whether cell 5 or cell 6 is there.
    let detector = CellClassifier(grid: 4) { cells in
      3 * max(cells[5] > 0.21 ? 1 : 0, cells[6] > 0.21 ? 1 : 0)
        + Self.interacting(
          cells.enumerated().map {
            $0.offset == 5 || $0.offset == 6 ? 0 : $0.element
          })
    }
    let enumerated = try KernelSHAP(
      detector, segmentation: Fixed.grid(4, frames: 1, size: 12), replacement: .grey(0.2),
      budget: .framePasses(1 << 16)
    ).explain(clip, for: .fake)
    let exact = try values(enumerated)
    #expect(abs(exact[0]) < 1e-6)
    #expect(abs(exact[5] - exact[6]) < 1e-6 && exact[5] > 1)
    let sampled = try KernelSHAP(
      detector, segmentation: Fixed.grid(4, frames: 1, size: 12), replacement: .grey(0.2),
      budget: .perSegment(32)
    ).explain(clip, for: .fake)
    let (found, errors) = (try values(sampled), try #require(sampled.segments?.standardErrors))
    #expect(abs(found[0]) <= 4 * errors[0] + 1e-6)
    #expect(abs(found[5] - found[6]) <= 4 * (errors[5] + errors[6]))
  }

  @Test("scaled logits scale values and errors; equal seeds repeat, others differ")
  func scaleAndSeed() throws {
    let clip = toyClip(frames: 2, size: 20)
    let fixed = Fixed.grid(5, frames: 2, size: 20)
    func explain(_ factor: Double, seed: UInt64) throws -> SegmentAttributions {
      let detector = CellClassifier(grid: 5) { factor * Self.interacting($0) }
      return try #require(
        KernelSHAP(detector, segmentation: fixed, seed: seed).explain(clip, for: .fake).segments)
    }
    let (one, four, other) = (try explain(1, seed: 3), try explain(4, seed: 3), try explain(1, seed: 4))
    #expect(zip(one.values, four.values).allSatisfy { abs(4 * $0 - $1) < 1e-5 })
    let errors = zip(one.standardErrors ?? [], four.standardErrors ?? [])
    #expect(errors.allSatisfy { abs(4 * $0 - $1) < 1e-4 && $0 > 0 })
    #expect(try explain(1, seed: 3).values == one.values)
    #expect(other.values != one.values)
  }

  @Test("a stated precision ends the work before the budget does, a budget in passes is kept")
  func precision() throws {
    let clip = toyClip(frames: 2, size: 20)
    let fixed = Fixed.grid(5, frames: 2, size: 20)
    let detector = CellClassifier(grid: 5, logit: Self.interacting)
    let full = try KernelSHAP(detector, segmentation: fixed, budget: .perSegment(64)).explain(
      clip, for: .fake)
    let early = try KernelSHAP(
      detector, segmentation: fixed, budget: .perSegment(64), precision: 0.2
    ).explain(clip, for: .fake)
    #expect(full.cost.framePasses == 2 * 64 * 25)
    #expect(early.cost.framePasses < full.cost.framePasses)
    let segments = try #require(early.segments)
    let largest = segments.values.map(abs).max() ?? 0
    #expect((segments.standardErrors ?? [.infinity]).allSatisfy { $0 <= 0.2 * largest })
    for passes in [100, 333, 1000] {
      let map = try KernelSHAP(detector, segmentation: fixed, budget: .framePasses(passes))
        .explain(clip, for: .fake)
      #expect(map.cost.framePasses <= passes && map.cost.framePasses >= passes - 6)
    }
  }

  @Test("replacement and segments change the map")
  func parameters() throws {
    let clip = toyClip(frames: 1, size: 12, paired: true)
    let detector = CellClassifier(grid: 4, logit: Self.interacting)
    let grid = Fixed.grid(3, frames: 1, size: 12)
    let maps = try [
      Replacement.mean, .grey(0.1), .grey(0.9), .blur(deviation: 0.05), .blur(deviation: 0.3), .paired,
    ]
    .map { try KernelSHAP(detector, segmentation: grid, replacement: $0).explain(clip, for: .fake).values }
    for (i, map) in maps.enumerated() { #expect(!maps[..<i].contains(map)) }
    let finer = try KernelSHAP(detector, segmentation: Fixed.grid(4, frames: 1, size: 12))
      .explain(clip, for: .fake)
    #expect(finer.values != maps[0])
  }

  @Test("what cannot be done is said in a line")
  func refusals() throws {
    let clip = toyClip(frames: 2, size: 12)
    let detector = CellClassifier(grid: 4, logit: Self.interacting)
    let grid = Fixed.grid(4, frames: 2, size: 12)
    func refuses(_ method: KernelSHAP, _ word: String) {
      #expect { try method.explain(clip, for: .fake) } throws: { error in
        let line = "\(error)"
        return error is ExplanationError && line.contains(word) && !line.contains("\n")
      }
    }
    refuses(KernelSHAP(detector, segmentation: grid, budget: .perSegment(1)), "budget")
    refuses(KernelSHAP(detector, segmentation: grid, budget: .perSegment(0)), "budget")
    refuses(KernelSHAP(detector, segmentation: grid, budget: .framePasses(33)), "34")
    refuses(KernelSHAP(detector, segmentation: grid, replacement: .paired), "paired")
    refuses(KernelSHAP(detector, segmentation: grid, replacement: .grey(2)), "grey")
    refuses(KernelSHAP(detector, segmentation: grid, replacement: .blur(deviation: 0)), "blur")
    refuses(KernelSHAP(detector, segmentation: Fixed.grid(4, frames: 1, size: 12)), "fit")
    let broken = CellClassifier(grid: 4) { $0[0] < 0.4 ? .nan : 1 }
    refuses(KernelSHAP(broken, segmentation: grid, replacement: .grey(0)), "finite")
  }

  @Test("progress grows to 1, and cancelling ends the work")
  func progress() throws {
    let clip = toyClip(frames: 2, size: 20)
    let method = KernelSHAP(
      CellClassifier(grid: 5, logit: Self.interacting), segmentation: Fixed.grid(5, frames: 2, size: 20))
    let done = Reports()
    _ = try method.explain(clip, for: .fake, context: ExplanationContext(progress: { done.add($0) }))
    #expect(done.all == done.all.sorted() && done.all.last == 1 && done.all.count > 4)
    #expect(throws: CancellationError.self) {
      try method.explain(
        clip, for: .fake,
        context: ExplanationContext(
          progress: { done.add($0) },
          checkCancellation: { if done.all.count > 6 { throw CancellationError() } }))
    }
  }
}
