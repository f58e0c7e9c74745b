import FaceCrop
import Tensor
import TestSupport
import Testing

@testable import Explainers

@Suite("LIME")
struct LIMETests {
  typealias Toys = BlackBoxToys
  private let blocks = Toys.Blocks(side: 3, frames: 2)

  @Test("fits as the lime package does")
  func golden() throws {
    for golden in try PerturbationGolden.load().models {
      let model = LocalModel(kernelWidth: golden.kernelWidth, ridge: golden.ridge)
      let samples = golden.samples.map { $0.map { $0 == "1" } }
      let values = try #require(model.coefficients(samples, golden.values))
      let largest = golden.coefficients.map(abs).max()!
      let difference = zip(values, golden.coefficients).map { abs($0 - $1) }.max()!
      print("LIME, \(values.count) segments: largest difference \(difference / largest) of the peak")
      #expect(difference < 1e-9 * largest)
    }
  }

  @Test("of an additive detector without a ridge is each segment's part, frame-wise and clip-wise")
  func additive() throws {
    let clip = Toys.clip(frames: 4, size: 9)
    let parts = Toys.parts(clip)
    let segments = try blocks.segments(of: clip)
    var expected = [Double](repeating: 0, count: segments.count)
    for (label, part) in zip(segments.labels, parts) { expected[Int(label)] += part }
    for clipWise in [false, true] {
      let map = try LIME(
        Toys.additive(9, clipWise: clipWise), segmentation: blocks, replacement: .grey(), ridge: 0
      ).explain(clip, for: .fake)
      let found = try #require(map.segments)
      expectClose(
        found.values.map { Float($0) }, expected.map { Float($0) }, within: 1e-4,
        "LIME, clip-wise: \(clipWise)")
      #expect(found.standardErrors == nil && map.completenessGap == nil)
      #expect(map.values == segments.painted(found.values))
    }
  }

  @Test("takes all samples of few segments, and counts them as often as they would be drawn")
  func few() throws {
    let samples = (0..<8).map { missing in (0..<3).map { missing >> $0 & 1 == 0 } }
    let values = samples.map { ($0[0] ? 2.0 : 0) + ($0[1] && $0[2] ? -1 : 0) }
    let once = LocalModel(kernelWidth: 0.25, ridge: 1, repeats: 3).coefficients(samples, values)!
    let again = LocalModel(kernelWidth: 0.25, ridge: 1)
      .coefficients(samples + samples + samples, values + values + values)!
    for (a, b) in zip(once, again) { #expect(abs(a - b) < 1e-12) }
    let clip = Toys.clip(frames: 2, size: 6)
    let maps = try (0..<2).map {
      try LIME(Toys.interacting(6), segmentation: Toys.Blocks(side: 3), samplesPerSegment: 4, seed: $0)
        .explain(clip, for: .fake).values
    }
    #expect(maps[0] == maps[1])
  }

  @Test("is drawn to 0 by the ridge")
  func ridge() throws {
    let clip = Toys.clip(frames: 2, size: 9)
    let sums = try [0.0, 1, 10, 100].map { ridge in
      try LIME(Toys.additive(9), segmentation: blocks, ridge: ridge).explain(clip, for: .fake).segments!
        .values
        .reduce(0) { $0 + $1 * $1 }
    }
    #expect(sums == sums.sorted(by: >) && sums[3] < 0.1 * sums[0])
  }

  @Test("does not depend on the segments' labels, follows frames and the logits' scale but not their level")
  func invariants() throws {
    let clip = Toys.clip(frames: 4, size: 9)
    func map(_ toy: Toys.Classifier, _ clip: Clip, _ blocks: Toys.Blocks) throws -> Tensor {
      try LIME(toy, segmentation: blocks, samplesPerSegment: 30).explain(clip, for: .real).values
    }
    let one = try map(Toys.interacting(9), clip, blocks)
    #expect(try map(Toys.interacting(9), clip, Toys.Blocks(side: 3, frames: 2, relabels: true)) == one)
    #expect(
      try map(Toys.interacting(9, scale: 4), clip, blocks).largestDifference(to: one * 4)
        < 1e-4 * 4 * one.largestMagnitude)
    let level = try map(Toys.additive(9), clip, blocks)
    #expect(
      try map(Toys.additive(9, bias: 20), clip, blocks).largestDifference(to: level)
        < 1e-4 * level.largestMagnitude)
    // Each frame draws samples of its own: without a ridge an additive detector leaves nothing to chance.
    let order = [2, 3, 0, 1]
    let (straight, permuted) = try (
      LIME(Toys.additive(9), segmentation: blocks, ridge: 0).explain(clip, for: .fake).values,
      LIME(Toys.additive(9), segmentation: blocks, ridge: 0).explain(Toys.permuted(clip, order), for: .fake)
        .values
    )
    for (t, from) in order.enumerated() {
      #expect(
        permuted.rows(t..<t + 1).largestDifference(to: straight.rows(from..<from + 1))
          < 1e-4 * straight.largestMagnitude)
    }
  }

  @Test("asks for no sample of a frame twice, and counts what it asks")
  func cost() throws {
    let clip = Toys.clip(frames: 3, size: 6)
    let toy = Toys.interacting(6)
    // Four segments in a frame: sixteen samples at the most.
    let map = try LIME(toy, segmentation: Toys.Blocks(side: 3), samplesPerSegment: 50).explain(
      clip, for: .fake)
    #expect(map.cost.framePasses == 48 && map.cost.evaluations == 48 && toy.batches.reduce(0, +) == 48)
    #expect(try map.logits == toy.logits(clip.tensor()).elements)
    let joint = Toys.interacting(6, clipWise: true)
    let other = try LIME(joint, segmentation: Toys.Blocks(side: 3, frames: 3), samplesPerSegment: 50)
      .explain(clip, for: .fake)
    #expect(other.cost.framePasses == 48 && other.cost.evaluations == 16)
    #expect(joint.batches == Array(repeating: 3, count: 16))
    // Five draws for each of nine segments, of 512 that there are: hardly one comes again.
    let large = Toys.interacting(9)
    let drawn = try LIME(large, segmentation: blocks, samplesPerSegment: 5)
      .explain(Toys.clip(frames: 1, size: 9), for: .fake)
    #expect(
      (38...46).contains(drawn.cost.framePasses) && drawn.cost.framePasses == large.batches.reduce(0, +))
    #expect(try other.logits == joint.logits(clip.tensor()).elements)
  }

  @Test("changes with each of its parameters, and repeats with its seed")
  func parameters() throws {
    let clip = Toys.clip(frames: 3, size: 10, paired: true)
    let toy = Toys.interacting(10)
    func lime(_ change: (inout LIME) -> Void = { _ in }) throws -> Tensor {
      var lime = LIME(toy, segmentation: blocks)
      change(&lime)
      return try lime.explain(clip, for: .fake).values
    }
    let maps = try [
      lime(), lime { $0.segmentation = Toys.Blocks(side: 5) }, lime { $0.replacement = .grey() },
      lime { $0.replacement = .blur() }, lime { $0.replacement = .paired }, lime { $0.samplesPerSegment = 9 },
      lime { $0.kernelWidth = 0.5 }, lime { $0.ridge = 0.1 }, lime { $0.seed = 1 },
    ]
    for i in maps.indices {
      for j in 0..<i { #expect(maps[i] != maps[j], "\(i) and \(j)") }
    }
    #expect(try lime() == maps[0])
  }

  @Test("refuses what makes no sense, in one line")
  func refusals() throws {
    let clip = Toys.clip(frames: 2, size: 9)
    let toy = Toys.additive(9)
    struct Misfit: Segmentation {
      func segments(of clip: Clip) throws -> Supervoxels {
        Supervoxels(labels: [0, 1, 2, 3], frames: 1, size: 2)
      }
    }
    let cases: [(LIME, String)] = [
      (LIME(toy, segmentation: blocks, samplesPerSegment: 0), "samples"),
      (LIME(toy, segmentation: blocks, samplesPerSegment: .max), "samples"),
      (LIME(toy, segmentation: blocks, kernelWidth: 0), "width"),
      (LIME(toy, segmentation: blocks, kernelWidth: .nan), "width"),
      (LIME(toy, segmentation: blocks, ridge: -1), "ridge"),
      (LIME(toy, segmentation: blocks, ridge: .infinity), "ridge"),
      (LIME(toy, segmentation: blocks, replacement: .paired), "paired"),
      (LIME(toy, segmentation: Misfit()), "do not fit"),
      // Nine draws for nine segments: almost surely too few.
      (LIME(toy, segmentation: blocks, samplesPerSegment: 1, ridge: 0), "more samples"),
      // A kernel in which only the whole clip counts.
      (LIME(toy, segmentation: blocks, kernelWidth: 1e-3), "wider kernel"),
      (
        LIME(
          Toys.Classifier { crops in Array(repeating: .nan, count: crops.shape[0]) }, segmentation: blocks),
        "finite"
      ),
    ]
    for (lime, words) in cases {
      let message = try #require(Toys.message { _ = try lime.explain(clip, for: .fake) }, "\(words)")
      #expect(message.contains(words) && !message.contains("\n"), "\(message)")
    }
  }

  @Test("reports progress once a batch, to the end")
  func progress() throws {
    nonisolated(unsafe) var done: [Double] = []
    let toy = Toys.additive(9)
    _ = try LIME(toy, segmentation: blocks).explain(
      Toys.clip(frames: 4, size: 9), for: .fake, context: ExplanationContext(progress: { done.append($0) }))
    #expect(done.count >= toy.batches.count && done == done.sorted() && done.first == 0 && done.last == 1)
  }
}
