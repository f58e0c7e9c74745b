import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing

@testable import Explainers

/// What captum's Occlusion and lime's regression say of small cases; made by the script beside it.
struct PerturbationGolden: Decodable {
  struct Windows: Decodable {
    var model: String
    var window: Int
    var stride: Int
    var frames: Int
    var frameStride: Int
    var values: [Float]
  }
  struct Model: Decodable {
    var samples: [String]
    var values: [Double]
    var kernelWidth: Double
    var ridge: Double
    var coefficients: [Double]
  }
  var frames: Int
  var size: Int
  var pixels: [UInt8]
  var linear: [Float]
  var square: [Float]
  var occlusion: [Windows]
  var models: [Model]

  static func load() throws -> Self {
    let data = try Data(contentsOf: URL(fileURLWithPath: Golden.path("perturbation/perturbation.json")))
    return try JSONDecoder().decode(Self.self, from: data)
  }
}

@Suite("Occlusion")
struct OcclusionTests {
  typealias Toys = BlackBoxToys

  @Test("is captum's, in the plane and over frames, frame-wise and clip-wise")
  func captum() throws {
    let golden = try PerturbationGolden.load()
    let clip = Clip(bytes: golden.pixels, count: golden.frames, side: golden.size, size: golden.size)
    let frameLogits: @Sendable (Tensor) -> [Double] = { crops in
      zip(Toys.products(crops, golden.linear), Toys.products(crops, golden.square)).map { $0 + $1 * $1 }
    }
    let byFrame = Toys.Classifier { frameLogits($0).map { Float($0) } }
    let byClip = Toys.Classifier(clipWise: true) { frameLogits($0).map { Float($0) } }
    let joint = Toys.Classifier(clipWise: true) { crops in
      let logits = frameLogits(crops)
      let mean = logits.reduce(0, +) / Double(logits.count)
      return logits.map { _ in Float(mean * mean) }
    }
    for windows in golden.occlusion {
      for toy in windows.model == "joint" ? [joint] : [byFrame, byClip] {
        let map = try Occlusion(
          toy, window: .pixels(windows.window), stride: .pixels(windows.stride), frames: windows.frames,
          frameStride: windows.frameStride, replacement: .grey(0.5)
        ).explain(clip, for: .fake)
        expectClose(
          map.values.elements, windows.values, within: 1e-5,
          "occlusion \(windows.model) \(windows.window) every \(windows.stride), \(windows.frames) frames")
      }
    }
  }

  @Test("of an additive detector, by windows that tile, is the sum of the window's parts")
  func closedForm() throws {
    let clip = Toys.clip(frames: 3, size: 7)
    let parts = Toys.parts(clip)
    for clipWise in [false, true] {
      let map = try Occlusion(
        Toys.additive(7, clipWise: clipWise), window: .pixels(3), stride: .pixels(3), replacement: .grey()
      ).explain(clip, for: .fake)
      let expected: [Float] = (0..<3 * 49).map { i in
        let (t, y, x) = (i / 49, i / 7 % 7, i % 7)
        var sum = 0.0
        for row in 0..<7 where row / 3 == y / 3 {
          for column in 0..<7 where column / 3 == x / 3 { sum += parts[t * 49 + row * 7 + column] }
        }
        return Float(sum)
      }
      expectClose(map.values.elements, expected, within: 1e-5, "occlusion, clip-wise: \(clipWise)")
    }
  }

  @Test("sees each frame once with each window, however many frames a window lasts")
  func cost() throws {
    let clip = Toys.clip(frames: 4, size: 8)
    // Windows start at 0, 2, 4: nine in a plane; in time at 0, 1.
    let toy = Toys.interacting(8)
    let map = try Occlusion(toy, window: .pixels(4), stride: .pixels(2), frames: 3).explain(clip, for: .fake)
    #expect(map.cost.framePasses == 4 * (1 + 9) && map.cost.evaluations == 40)
    #expect(toy.batches.reduce(0, +) == 40)
    #expect(try map.logits == toy.logits(clip.tensor()).elements)
    let joint = Toys.interacting(8, clipWise: true)
    let other = try Occlusion(joint, window: .pixels(4), stride: .pixels(2), frames: 3)
      .explain(clip, for: .fake)
    #expect(other.cost.evaluations == 1 + 2 * 9 && other.cost.framePasses == 4 * 19)
    #expect(joint.batches == Array(repeating: 4, count: 19))
    #expect(map.values.largestDifference(to: other.values) < 1e-5 * map.values.largestMagnitude)
  }

  @Test("follows a permutation of the frames, and the scale of the logits but not their level")
  func invariants() throws {
    let clip = Toys.clip(frames: 4, size: 8)
    let map = try Occlusion(Toys.interacting(8)).explain(clip, for: .fake)
    let order = [2, 0, 3, 1]
    let permuted = try Occlusion(Toys.interacting(8)).explain(Toys.permuted(clip, order), for: .fake)
    for (t, from) in order.enumerated() {
      #expect(permuted.values.rows(t..<t + 1) == map.values.rows(from..<from + 1))
    }
    let scaled = try Occlusion(Toys.interacting(8, scale: 4)).explain(clip, for: .fake)
    #expect(scaled.values.largestDifference(to: map.values * 4) < 1e-5 * scaled.values.largestMagnitude)
    let (low, high) = try (
      Occlusion(Toys.additive(8)).explain(clip, for: .fake),
      Occlusion(Toys.additive(8, bias: 5)).explain(clip, for: .real)
    )
    #expect(low.values.largestDifference(to: high.values) < 1e-5 * low.values.largestMagnitude)
  }

  @Test("does not depend on the size of batches")
  func batches() throws {
    let clip = Toys.clip(frames: 3, size: 8)
    var occlusion = Occlusion(Toys.interacting(8), frames: 2)
    let map = try occlusion.explain(clip, for: .fake)
    let toy = Toys.interacting(8)
    occlusion = Occlusion(toy, frames: 2)
    occlusion.batchBytes = 5 * 3 * 64 * 4
    #expect(try occlusion.explain(clip, for: .fake).values == map.values)
    #expect(toy.batches.max() == 5)
  }

  @Test("changes with each of its parameters")
  func parameters() throws {
    let clip = Toys.clip(frames: 4, size: 10, paired: true)
    let toy = Toys.interacting(10)
    let maps = try [
      Occlusion(toy), Occlusion(toy, window: .share(0.4)), Occlusion(toy, window: .pixels(3)),
      Occlusion(toy, stride: .pixels(2)), Occlusion(toy, stride: .share(0.2), frames: 2),
      Occlusion(toy, stride: .share(0.2), frames: 2, frameStride: 2), Occlusion(toy, replacement: .grey(0.5)),
      Occlusion(toy, replacement: .grey(0.1)), Occlusion(toy, replacement: .blur()),
      Occlusion(toy, replacement: .blur(deviation: 0.3)), Occlusion(toy, replacement: .paired),
    ].map { try $0.explain(clip, for: .fake).values }
    for i in maps.indices {
      #expect(maps[i].shape == [4, 10, 10])
      for j in 0..<i { #expect(maps[i] != maps[j], "\(i) and \(j)") }
    }
    // The same length in two ways.
    #expect(
      try Occlusion(toy, window: .share(0.4)).explain(clip, for: .fake).values
        == Occlusion(toy, window: .pixels(4)).explain(clip, for: .fake).values)
  }

  @Test("refuses what makes no sense, in one line")
  func refusals() throws {
    let clip = Toys.clip(frames: 2, size: 8)
    let toy = Toys.additive(8)
    let cases: [(Occlusion, String)] = [
      (Occlusion(toy, window: .pixels(0)), "covers nothing"),
      (Occlusion(toy, stride: .pixels(-1)), "covers nothing"),
      (Occlusion(toy, window: .share(1.2)), "share"), (Occlusion(toy, window: .share(.nan)), "share"),
      (Occlusion(toy, stride: .share(0)), "share"), (Occlusion(toy, frames: 0), "covers nothing"),
      (Occlusion(toy, frameStride: 0), "covers nothing"), (Occlusion(toy, frameStride: 2), "gaps"),
      (Occlusion(toy, window: .pixels(2), stride: .pixels(3)), "gaps"),
      (Occlusion(toy, replacement: .paired), "paired"), (Occlusion(toy, replacement: .grey(2)), "grey"),
      (Occlusion(toy, replacement: .blur(deviation: 0)), "blur"),
      (Occlusion(Toys.Classifier { crops in Array(repeating: .nan, count: crops.shape[0]) }), "finite"),
      (Occlusion(Toys.Classifier { _ in [1] }), "each crop"),
    ]
    for (occlusion, words) in cases {
      let message = try #require(Toys.message { _ = try occlusion.explain(clip, for: .fake) })
      #expect(message.contains(words) && !message.contains("\n"), "\(message)")
    }
    #expect(Toys.message { _ = try Occlusion(toy, window: .pixels(99)).explain(clip, for: .fake) } == nil)
  }

  @Test("reports progress once a batch, to the end, and stops when it is told to")
  func progress() throws {
    struct Stop: Error {}
    let clip = Toys.clip(frames: 3, size: 8)
    nonisolated(unsafe) var done: [Double] = []
    let toy = Toys.additive(8)
    var occlusion = Occlusion(toy)
    occlusion.batchBytes = 4 * 3 * 64 * 4
    _ = try occlusion.explain(clip, for: .fake, context: ExplanationContext(progress: { done.append($0) }))
    #expect(done.count >= toy.batches.count && done == done.sorted() && done.first == 0 && done.last == 1)
    nonisolated(unsafe) var left = 5
    #expect(throws: Stop.self) {
      try occlusion.explain(
        clip, for: .fake,
        context: ExplanationContext(checkCancellation: {
          left -= 1
          if left == 0 { throw Stop() }
        }))
    }
  }
}
