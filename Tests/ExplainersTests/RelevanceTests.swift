import Detector
import Explainers
import FaceCrop
import Tensor
import TestSupport
import Testing
import VideoIO

private func map(_ values: [Float], side: Int, frames: Int = 1, size: Int, _ target: Target = .fake)
  -> ExplanationMap
{
  ExplanationMap(
    explainer: "test", model: "toy", target: target, values: Tensor(shape: [frames, side, side], values),
    size: size,
    cost: .init(framePasses: 0, seconds: 0))
}

@Suite("Relevance")
struct RelevanceTests {
  @Test("is the positive part for fake and the negative part for real, over the clip's peak")
  func sides() {
    let values: [Float] = [4, -2, 0, 1, -8, 2, 0, 0]
    let fake = map(values, side: 2, frames: 2, size: 2).relevance()
    #expect(fake.values.elements == [1, 0, 0, 0.25, 0, 0.5, 0, 0])
    let real = map(values, side: 2, frames: 2, size: 2, .real).relevance()
    #expect(real.values.elements == [0, 0.25, 0, 0, 1, 0, 0, 0])
  }

  @Test("of a small map is cut at zero before it is enlarged")
  func order() {
    let low = map([1, -1, -1, -1], side: 2, size: 4)
    // Enlarging first would leave zero half way to the neighbour; cutting first leaves half.
    let expected: [Float] = [1, 0.75, 0.25, 0]
    for (x, value) in expected.enumerated() { #expect(abs(low.relevance().values[0, 0, x] - value) < 1e-6) }
    #expect(low.signed()![0, 0, 2] == -0.5)
  }

  @Test("of nothing stays zero and says that it is empty")
  func empty() {
    let nothing = map([-1, -2, -3, 0], side: 2, size: 6).relevance()
    #expect(nothing.isEmpty && nothing.values == Tensor(shape: [1, 6, 6], repeating: 0))
    #expect(!map([-1, 2, -3, 0], side: 2, size: 6).relevance().isEmpty)
  }

  @Test("does not depend on the map's scale")
  func scale() {
    let values = Tensor.random([3 * 5 * 5], seed: 4).elements
    let one = map(values, side: 5, frames: 3, size: 20).relevance().values
    let other = map(values.map { $0 * 37 }, side: 5, frames: 3, size: 20).relevance().values
    #expect(one.largestDifference(to: other) < 1e-6)
  }

  @Test("attention has no sign and is taken as it is, whatever class is explained")
  func attention() {
    var attention = map([0.1, 0.2, 0.3, 0.4], side: 2, size: 2, .real)
    attention.kind = .attention
    #expect(attention.signed() == nil)
    #expect(
      attention.relevance().values.largestDifference(to: Tensor(shape: [1, 2, 2], [0.25, 0.5, 0.75, 1]))
        < 1e-6)
  }
}

/// A detector whose block is the crop's red and green, and whose logit is 3·mean(red) − 2·mean(green): GradCAM has a
/// closed form.
private struct Toy: GradientClassifier {
  let info = ModelInfo(name: "toy", architecture: "Toy", inputSize: 4)
  let blocks = [Block(name: "only", channels: 2, stride: 1)]

  func logits(_ crops: Tensor) throws -> Tensor { try activations(at: blocks[0], crops).logits }

  func activations(at block: Block, _ crops: Tensor) throws -> BlockActivations {
    let n = crops.shape[0]
    let a = crops.convolved(with: Tensor(shape: [2, 3, 1, 1], [1, 0, 0, 0, 1, 0])).tracked()
    let z = a.globalAveragePooled().linear(weight: Tensor(shape: [1, 2], [3, -2])).reshaped([n])
    return BlockActivations(
      logits: z.detached(), activations: a.detached(), gradients: z.gradients(of: [a])[0])
  }

  func inputGradients(_ crops: Tensor) throws -> (logits: Tensor, gradients: Tensor) {
    let weights = Tensor(shape: [1, 3], [3, -2, 0])
    let leaf = crops.tracked()
    let z = leaf.globalAveragePooled().linear(weight: weights)
    return (z.detached().reshaped([crops.shape[0]]), z.gradients(of: [leaf])[0])
  }
}

@Suite("GradCAM")
struct GradCAMTests {
  private let clip: Clip = {
    var red = RGBImage(width: 4, height: 4)
    red[1, 2] = (255, 0, 0)
    red[3, 0] = (0, 255, 0)
    return Clip(
      frames: [.init(index: 0), .init(index: 7)], crops: [red, RGBImage(width: 4, height: 4, red: 51)])
  }()

  @Test("of a linear network is its weights times its activations over the number of positions")
  func closedForm() throws {
    let map = try GradCAM(Toy()).explain(clip, for: .fake)
    #expect(abs(map.values[0, 2, 1] - 3.0 / 16) < 1e-6)
    #expect(abs(map.values[0, 0, 3] + 2.0 / 16) < 1e-6)
    #expect(abs(map.values[1, 3, 3] - 0.2 * 3 / 16) < 1e-6)
    #expect(map.values[0, 1, 1] == 0)
    #expect(map.cost.framePasses == 2 && map.explainer == "gradcam" && map.kind == .signed)
    #expect(abs(map.logits[1] - 0.6) < 1e-5)
  }

  @Test("adds up to the logit of a network that is linear from the block on")
  func completeness() throws {
    let map = try GradCAM(Toy()).explain(clip, for: .fake)
    for t in 0..<2 { #expect(abs(map.values.rows(t..<t + 1).sum().scalar - map.logits[t]) < 1e-5) }
  }

  @Test("has one sign convention for both classes")
  func target() throws {
    let (fake, real) = try (
      GradCAM(Toy()).explain(clip, for: .fake), GradCAM(Toy()).explain(clip, for: .real)
    )
    #expect(fake.values == real.values)
    #expect(fake.relevance().values[0, 2, 1] == 1 && real.relevance().values[0, 0, 3] == 1)
  }

  @Test("at another block gives another map, and the batch size changes nothing")
  func parameters() throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let crops = (0..<3).map { i in
      let noise = Tensor.random([64 * 64 * 3], seed: UInt64(i + 1)).elements
      return RGBImage(width: 64, height: 64, pixels: noise.map { UInt8(127 + 100 * $0) })
    }
    let clip = Clip(frames: (0..<3).map { .init(index: $0) }, crops: crops)
    let last = try GradCAM(detector).explain(clip, for: .fake)
    let early = try GradCAM(detector, block: detector.blocks[6]).explain(clip, for: .fake)
    #expect(last.values.shape == [3, 2, 2] && early.values.shape == [3, 4, 4])
    let single = try GradCAM(detector).explain(clip, for: .fake, context: ExplanationContext(batchSize: 1))
    #expect(single.values.largestDifference(to: last.values) < 1e-4 * last.values.largestMagnitude)
  }

  @Test("reports progress to the end and stops when it is told to")
  func cancellation() throws {
    struct Stop: Error {}
    nonisolated(unsafe) var done: [Double] = []
    _ = try GradCAM(Toy()).explain(
      clip, for: .fake, context: ExplanationContext(batchSize: 1, progress: { done.append($0) }))
    #expect(done == [0, 0.5, 1])
    #expect(throws: Stop.self) {
      try GradCAM(Toy()).explain(
        clip, for: .fake, context: ExplanationContext(batchSize: 1, checkCancellation: { throw Stop() }))
    }
  }
}
