import Detector
import Explainers
import FaceCrop
import Tensor
import TestSupport
import Testing

/// Levels of which level k looks at the k-th channel, in planes of 8, 4 and 2 positions a side, as shares.
private struct Toy: AttentionClassifier {
  var info = ModelInfo(name: "toy", architecture: "Toy", inputSize: 8)
  var count = 3

  var attentionLevels: [Block] {
    (0..<count).map { Block(name: "level\($0)", channels: 1, stride: 1 << $0) }
  }

  func logits(_ crops: Tensor) throws -> Tensor {
    Tensor(shape: [crops.shape[0]], (0..<crops.shape[0]).map { crops.rows($0..<$0 + 1).sum().scalar })
  }

  func attention(_ crops: Tensor) throws -> (logits: Tensor, maps: [Tensor]) {
    let maps = (0..<count).map { level in
      let selection = Tensor(shape: [1, 3, 1, 1], (0..<3).map { $0 == level ? 1 : 0 })
      let side = 8 >> level
      let map = crops.convolved(with: selection).averagePooled(size: 1 << level, stride: 1 << level)
      let shares = (0..<crops.shape[0]).map { n -> Tensor in
        let row = map.rows(n..<n + 1)
        return row * (1 / row.sum().scalar)
      }
      return Tensor.concatenated(shares).reshaped([crops.shape[0], side, side])
    }
    return (try logits(crops), maps)
  }
}

@Suite("Attention maps")
struct AttentionMapTests {
  private let clip = randomClip(frames: 3, size: 8)

  @Test("have the names of the study, and the middle level is the default")
  func names() {
    let toy = Toy()
    #expect(AttentionMap(toy).name == "ltpa" && AttentionMap(toy).level == .index(1))
    #expect((0..<3).map { AttentionMap(toy, level: .index($0)).name } == ["ltpa1", "ltpa", "ltpa3"])
    #expect(AttentionMap(toy, level: .product).name == "ltpa-product")
    #expect(AttentionMap(Toy(count: 1)).name == "attention")
    #expect(AttentionMap(Toy(count: 1), level: .product).name == "attention")
    #expect(AttentionMap(toy, name: "mine").name == "mine")
  }

  @Test("are the network's own, with its logits, whatever class and batch")
  func levels() throws {
    let toy = Toy()
    let (logits, maps) = try toy.attention(clip.tensor())
    for level in 0..<3 {
      for target in Target.allCases {
        let map = try AttentionMap(toy, level: .index(level)).explain(
          clip, for: target, context: ExplanationContext(batchSize: 2 - level % 2))
        #expect(map.values == maps[level] && map.logits == logits.elements && map.kind == .attention)
        #expect(map.signed() == nil && map.cost.framePasses == 3)
      }
    }
    let turned = try AttentionMap(toy).explain(clip.permuted([1, 2, 0]), for: .fake).values
    #expect(turned == Tensor.concatenated([1, 2, 0].map { maps[1].rows($0..<$0 + 1) }))
  }

  @Test("the product is that of enlarged levels, scaled to add up to 1 in each frame")
  func product() throws {
    let toy = Toy()
    let maps = try toy.attention(clip.tensor()).maps.map { map in
      map.reshaped([3, 1, map.shape[1], map.shape[2]]).resizedBilinear(height: 8, width: 8).reshaped([3, 64])
    }
    let raw = maps[0] * maps[1] * maps[2]
    let product = try AttentionMap(toy, level: .product).explain(clip, for: .fake).values
    #expect(product.shape == [3, 8, 8])
    for t in 0..<3 {
      let row = raw.rows(t..<t + 1)
      expectClose(
        product.rows(t..<t + 1).elements, (row * (1 / row.sum().scalar)).elements, within: 1e-5, "frame \(t)")
      #expect(abs(product.rows(t..<t + 1).sum().scalar - 1) < 1e-5)
    }
    let single = try AttentionMap(Toy(count: 1), level: .product).explain(clip, for: .fake).values
    let own = try Toy(count: 1).attention(clip.tensor()).maps[0]
    #expect(single == own)
  }

  @Test(
    "are PyTorch's of Bonettini's network and of Learn To Pay Attention",
    arguments: [
      ("autoatt", EfficientNet(b: 0, attention: .autoAtt(width: 0)), ["attention"]),
      ("ltpa", EfficientNet(b: 0, attention: .ltpa(.dotProduct)), ["ltpa1", "ltpa", "ltpa3"]),
    ])
  func golden(variant: String, network: EfficientNet, names: [String]) throws {
    let golden = try Golden.tensors("checkpoints/variants.safetensors")
    let detector = try AttentiveDetector(GoldenVariant.detector(variant, network, golden))
    let crops = try Portrait.crops(size: 224).prefix(2)
    let clip = Clip(frames: crops.indices.map { Clip.Frame(index: $0) }, crops: Array(crops))
    var levels: [Tensor] = []
    for (level, name) in names.enumerated() {
      let map = try AttentionMap(detector, level: .index(level)).explain(clip, for: .fake)
      let expected = try #require(golden["\(variant).attention.\(level + 1).224"])
      #expect(map.explainer == name && map.values.shape == expected.shape)
      expectClose(map.values.elements, expected.elements, within: 1e-4, name)
      expectClose(
        map.logits, try #require(golden["\(variant).logits.224"]).elements, within: 1e-4, "\(name), logits")
      levels.append(expected)
    }
    guard levels.count > 1 else { return }
    for level in levels {
      for t in 0..<2 { #expect(abs(level.rows(t..<t + 1).sum().scalar - 1) < 1e-4) }
    }
    let product = try AttentionMap(detector, level: .product).explain(clip, for: .fake).values
    #expect(product.shape == [2, 28, 28])
    let side = 28
    var expected = Tensor(shape: [2, side, side], repeating: 1)
    for level in levels {
      let plane = level.reshaped([2, 1, level.shape[1], level.shape[2]])
      expected = expected * plane.resizedBilinear(height: side, width: side).reshaped([2, side, side])
    }
    for t in 0..<2 {
      let row = expected.rows(t..<t + 1)
      expectClose(
        product.rows(t..<t + 1).elements, (row * (1 / row.sum().scalar)).elements, within: 1e-3,
        "product, frame \(t)")
    }
  }
}
