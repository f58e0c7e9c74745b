import FaceCrop
import Tensor
import TestSupport
import Testing

@testable import Explainers

@Suite("RISE")
struct RISETests {
  typealias Toys = BlackBoxToys

  @Test("is the slope of the logit on each pixel's mask, and the paper's mean if asked")
  func definition() throws {
    let (clip, count, size) = (Toys.clip(frames: 2, size: 6), 40, 6)
    for clipWise in [false, true] {
      let toy = Toys.interacting(size, clipWise: clipWise)
      let rise = RISE(
        toy, masks: count, cells: 3, framesPerCell: 2, probability: 0.6, replacement: .grey(0.25), seed: 9)
      let masks = RandomMasks(rise, size: size)
      let planes = (0..<count).map { i in (0..<2).map { masks.plane(mask: i, frame: $0) } }
      let logits = try planes.map { pair in
        try toy.logits(
          Tensor(
            shape: [2, 3, size, size],
            (0..<2).flatMap { t in
              clip.tensor(t..<t + 1).elements.enumerated().map { i, value in
                0.25 + pair[t][i % (size * size)] * (value - 0.25)
              }
            })
        ).elements.map(Double.init)
      }
      var paper = rise
      paper.estimator = .paper
      let (slope, mean) = try (
        rise.explain(clip, for: .fake).values.elements, paper.explain(clip, for: .fake).values.elements
      )
      var (slopes, means) = ([Float](), [Float]())
      for t in 0..<2 {
        let z = logits.map { clipWise ? ($0[0] + $0[1]) / 2 : $0[t] }
        let (share, average) = (clipWise ? 1 : 0.5, z.reduce(0, +) / Double(count))
        for i in 0..<size * size {
          let m = planes.map { Double($0[t][i]) }
          let middle = m.reduce(0, +) / Double(count)
          let variance = m.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
          slopes.append(
            Float(share * zip(z, m).reduce(0) { $0 + ($1.0 - average) * ($1.1 - middle) } / variance))
          means.append(Float(share * zip(z, m).reduce(0) { $0 + $1.0 * $1.1 } / Double(count) / 0.6))
        }
      }
      expectClose(slope, slopes, within: 1e-4, "RISE slope, clip-wise: \(clipWise)")
      expectClose(mean, means, within: 1e-4, "RISE paper, clip-wise: \(clipWise)")
    }
  }

  @Test("gives the one pixel that the logit depends on its whole part, and no other pixel more")
  func onePixel() throws {
    let (clip, size, pixel) = (Toys.clip(frames: 3, size: 8), 8, 3 * 8 + 5)
    let toy = Toys.Classifier { crops in
      let values = crops.elements
      return (0..<crops.shape[0]).map { 6 * values[$0 * 3 * size * size + pixel] - 2 }
    }
    let map = try RISE(toy, masks: 300, replacement: .grey(0)).explain(clip, for: .fake)
    for t in 0..<3 {
      let part = 6 * clip.tensor(t..<t + 1).elements[pixel] / 3
      let frame = map.values.rows(t..<t + 1)
      #expect(abs(frame.elements[pixel] - part) < 1e-4 * part && frame.largestMagnitude <= part * 1.0001)
      // A corner far from it: only chance.
      #expect(abs(frame.elements[size * size - size]) < 0.25 * part)
    }
  }

  @Test("has masks that keep p on average, alike in the corners and in the middle, from 0 to 1")
  func law() throws {
    let toy = Toys.additive(14)
    let rise = RISE(toy, masks: 4000, cells: 5, framesPerCell: 3, probability: 0.3, seed: 4)
    let masks = RandomMasks(rise, size: 14)
    var (sums, squares) = ([Double](repeating: 0, count: 196), [Double](repeating: 0, count: 196))
    var (least, most): (Float, Float) = (1, 0)
    for i in 0..<4000 {
      for (k, m) in masks.plane(mask: i, frame: i % 5).enumerated() {
        (least, most) = (min(least, m), max(most, m))
        sums[k] += Double(m) / 4000
        squares[k] += Double(m * m) / 4000
      }
    }
    #expect(least == 0 && most == 1)
    // Half way between two cells the variance is half of a cell's, on average over shifts 2/3 of it, in each direction of
    // the plane; in time, whose shifts are whole frames, the mean at 0, 1/3 and 2/3 of the way.
    let time = (1.0 + 5.0 / 9 + 5.0 / 9) / 3
    let variance = 0.3 * 0.7 * 4 / 9 * time
    for k in sums.indices {
      #expect(abs(sums[k] - 0.3) < 0.02)
      #expect(abs(squares[k] - sums[k] * sums[k] - variance) < 0.012)
    }
  }

  @Test("has masks that last as long as they should")
  func time() {
    let toy = Toys.additive(8)
    let still = RandomMasks(RISE(toy), size: 8)
    #expect(still.plane(mask: 3, frame: 0) == still.plane(mask: 3, frame: 9))
    #expect(still.plane(mask: 3, frame: 0) != still.plane(mask: 4, frame: 0))
    func correlation(_ framesPerCell: Int) -> Float {
      let masks = RandomMasks(RISE(toy, framesPerCell: framesPerCell), size: 8)
      var sum: Float = 0
      for i in 0..<200 {
        let (a, b) = (masks.plane(mask: i, frame: 2), masks.plane(mask: i, frame: 3))
        for k in a.indices { sum += (a[k] - 0.5) * (b[k] - 0.5) / Float(200 * a.count) }
      }
      return sum
    }
    #expect(abs(correlation(1)) < 0.01 && correlation(2) > 0.02 && correlation(8) > correlation(2))
  }

  @Test("does not depend on the level of the logits, follows their scale, and repeats with its seed")
  func invariants() throws {
    let clip = Toys.clip(frames: 3, size: 8)
    func map(_ toy: Toys.Classifier, _ clip: Clip, target: Target = .fake) throws -> Tensor {
      try RISE(toy, masks: 50).explain(clip, for: target).values
    }
    let one = try map(Toys.additive(8), clip)
    #expect(
      one.largestDifference(to: try map(Toys.additive(8, bias: 20), clip)) < 1e-3 * one.largestMagnitude)
    let scaled = try map(Toys.additive(8, scale: 4), clip, target: .real)
    #expect(scaled.largestDifference(to: one * 4) < 1e-4 * scaled.largestMagnitude)
    #expect(try map(Toys.additive(8), clip) == one)
    let order = [1, 2, 0]
    let permuted = try map(Toys.additive(8), Toys.permuted(clip, order))
    for (t, from) in order.enumerated() {
      #expect(permuted.rows(t..<t + 1) == one.rows(from..<from + 1))
    }
  }

  @Test("says the same clip-wise and frame-wise of one frame, and of several up to chance")
  func clipWise() throws {
    let single = Toys.clip(frames: 1, size: 6)
    let maps = try [false, true].map {
      try RISE(Toys.additive(6, clipWise: $0), masks: 60, cells: 3).explain(single, for: .fake).values
    }
    #expect(maps[0] == maps[1])
    let clip = Toys.clip(frames: 2, size: 6)
    let (apart, together) = try (
      RISE(Toys.additive(6), masks: 3000, cells: 2, framesPerCell: 1).explain(clip, for: .fake).values,
      RISE(Toys.additive(6, clipWise: true), masks: 3000, cells: 2, framesPerCell: 1)
        .explain(clip, for: .fake).values
    )
    #expect(apart.largestDifference(to: together) < 0.15 * apart.largestMagnitude)
  }

  @Test("does not depend on the size of batches, and counts what it asks")
  func batches() throws {
    let clip = Toys.clip(frames: 3, size: 8)
    let whole = try RISE(Toys.interacting(8), masks: 31, framesPerCell: 2).explain(clip, for: .fake)
    let toy = Toys.interacting(8)
    var rise = RISE(toy, masks: 31, framesPerCell: 2)
    rise.batchBytes = 4 * 3 * 64 * 4
    let map = try rise.explain(clip, for: .fake)
    #expect(map.values == whole.values && toy.batches.max() == 4)
    #expect(toy.batches.reduce(0, +) == 3 * 32)
    #expect(map.cost.framePasses == 96 && map.cost.evaluations == 96)
    #expect(try map.logits == toy.logits(clip.tensor()).elements)
    let joint = Toys.interacting(8, clipWise: true)
    let clipMap = try RISE(joint, masks: 31).explain(clip, for: .fake)
    #expect(clipMap.cost.framePasses == 96 && clipMap.cost.evaluations == 32)
    #expect(joint.batches == Array(repeating: 3, count: 32))
  }

  @Test("changes with each of its parameters")
  func parameters() throws {
    let clip = Toys.clip(frames: 4, size: 10, paired: true)
    let toy = Toys.interacting(10)
    let maps = try [
      RISE(toy, masks: 20), RISE(toy, masks: 21), RISE(toy, masks: 20, cells: 3),
      RISE(toy, masks: 20, framesPerCell: 1), RISE(toy, masks: 20, framesPerCell: 3),
      RISE(toy, masks: 20, probability: 0.3), RISE(toy, masks: 20, estimator: .paper),
      RISE(toy, masks: 20, replacement: .grey()), RISE(toy, masks: 20, replacement: .blur()),
      RISE(toy, masks: 20, replacement: .paired), RISE(toy, masks: 20, seed: 1),
      RISE(toy, masks: 20, framesPerCell: .max),
    ].map { try $0.explain(clip, for: .fake).values }
    for i in maps.indices {
      for j in 0..<i { #expect(maps[i] != maps[j], "\(i) and \(j)") }
    }
  }

  @Test("refuses what makes no sense, in one line")
  func refusals() throws {
    let clip = Toys.clip(frames: 2, size: 8)
    let toy = Toys.additive(8)
    let cases: [(RISE, String)] = [
      (RISE(toy, masks: 1), "masks"), (RISE(toy, masks: -5), "masks"), (RISE(toy, masks: .max), "masks"),
      (RISE(toy, cells: 0), "cells"), (RISE(toy, cells: 9), "cells"), (RISE(toy, framesPerCell: 0), "frame"),
      (RISE(toy, probability: 0), "probability"), (RISE(toy, probability: 1), "probability"),
      (RISE(toy, probability: .nan), "probability"), (RISE(toy, replacement: .paired), "paired"),
      (RISE(toy, replacement: .grey(-1)), "grey"),
      (RISE(Toys.Classifier { crops in Array(repeating: .infinity, count: crops.shape[0]) }), "finite"),
    ]
    for (rise, words) in cases {
      let message = try #require(Toys.message { _ = try rise.explain(clip, for: .fake) })
      #expect(message.contains(words) && !message.contains("\n"), "\(message)")
    }
  }

  @Test("reports progress once a batch, to the end")
  func progress() throws {
    nonisolated(unsafe) var done: [Double] = []
    let toy = Toys.additive(8)
    var rise = RISE(toy, masks: 20)
    rise.batchBytes = 4 * 3 * 64 * 4
    _ = try rise.explain(
      Toys.clip(frames: 3, size: 8), for: .fake, context: ExplanationContext(progress: { done.append($0) }))
    #expect(done.count >= toy.batches.count && done == done.sorted() && done.first == 0 && done.last == 1)
  }
}
