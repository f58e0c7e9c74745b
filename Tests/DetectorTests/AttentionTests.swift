import Detector
import Tensor
import TestSupport
import Testing

/// Attention and training from their definitions: sums of maps, gradients by finite differences, shares that are dropped.
@Suite("Attention and training")
struct AttentionTests {
  /// Normalised pictures of a face, for which the seeded network's statistics are made.
  private static let crops = (try? Portrait.tensor(size: 96).rows(0..<2)).map { ($0 + -0.45) * (1 / 0.225) }!

  private static func network(
    _ attention: EfficientNet.Attention, scale: Float = 1
  ) throws -> Network {
    let layout = EfficientNet(b: 0, attention: attention)
    var extra: [String: Tensor] = [:]
    for (name, shape) in Architecture.efficientNet(layout).parameterShapes where name.hasPrefix("attention") {
      extra[name] = Tensor.seededParameter(name, shape) * scale
    }
    for (name, shape) in Architecture.efficientNet(layout).parameterShapes where name.hasPrefix("classifier")
    {
      extra[name] = .seededParameter(name, shape)
    }
    return try GoldenNetwork.seededB0.seeded(layout, .init(.same), extra: extra).network
  }

  @Test("maps stand at strides 8, 16 and 32; softmax maps add up to 1, sigmoid maps lie between 0 and 1")
  func maps() throws {
    let ltpa = try Self.network(.ltpa(.dotProduct), scale: 0.03)
    #expect(ltpa.architecture.attentionLevels.map(\.stride) == [8, 16, 32])
    let maps = ltpa.attention(Self.crops).maps
    #expect(maps.map(\.shape) == [[2, 12, 12], [2, 6, 6], [2, 3, 3]])
    for map in maps {
      for i in 0..<2 { #expect(abs(map.rows(i..<i + 1).elements.reduce(0, +) - 1) < 1e-5) }
      #expect(map.elements.allSatisfy { $0 >= 0 } && map.elements.max()! > map.elements.min()!)
    }
    let autoAtt = try Self.network(.autoAtt(width: 0), scale: 0.25).attention(Self.crops).maps
    #expect(autoAtt.map(\.shape) == [[2, 12, 12]])
    #expect(autoAtt[0].elements.allSatisfy { $0 > 0 && $0 < 1 })
  }

  @Test(
    "the levels of B4 and B7 are the blocks of the slides",
    arguments: [(4, [9, 21, 31], [56, 160, 448]), (7, [17, 37, 54], [80, 224, 640])])
  func levels(index: Int, blocks: [Int], channels: [Int]) {
    let levels = Architecture.efficientNet(EfficientNet(b: index, attention: .ltpa(.dotProduct)))
      .attentionLevels
    #expect(levels.map(\.name) == blocks.map { "blocks.\($0)" } && levels.map(\.channels) == channels)
    let gate = Architecture.efficientNet(EfficientNet(b: index, attention: .autoAtt(width: 0)))
      .attentionLevels
    #expect(gate == [levels[0]])
  }

  @Test("explainers look at the head by default, with Learn To Pay Attention at the coarsest level")
  func defaultBlocks() throws {
    for (attention, block) in [
      (EfficientNet.Attention.none, "head"), (.autoAtt(width: 0), "head"), (.ltpa(.dotProduct), "blocks.15"),
    ] {
      let detector = try GoldenNetwork.seededB0.seeded(EfficientNet(b: 0, attention: attention), .init(.same))
      #expect(detector.defaultBlock?.name == block)
    }
  }

  @Test("only the parametrised form is warned of")
  func warnings() {
    for (attention, warns) in [
      (EfficientNet.Attention.none, false), (.autoAtt(width: 0), false), (.ltpa(.dotProduct), false),
      (.ltpa(.parametrised), true),
    ] {
      #expect((Architecture.efficientNet(EfficientNet(b: 4, attention: attention)).warning != nil) == warns)
    }
  }

  @Test("with the parametrised form, the map does not depend on the pooled features")
  func parametrised() throws {
    // The head convolution changes g and nothing else of the levels.
    for (compatibility, moves) in [(Compatibility.parametrised, false), (.dotProduct, true)] {
      let network = try Self.network(.ltpa(compatibility), scale: 0.03)
      var parameters = network.parameters
      parameters["head.norm.bias"] = parameters["head.norm.bias"]! + 0.5
      let changed = try Network(
        network.architecture, padding: network.padding, epsilon: network.epsilon, parameters: parameters)
      let (a, b) = (network.attention(Self.crops).maps[0], changed.attention(Self.crops).maps[0])
      #expect((a != b) == moves)
    }
  }

  @Test(
    "gradients of attention's own parameters agree with finite differences",
    arguments: [
      (EfficientNet.Attention.autoAtt(width: 1), Float(0.3)), (.ltpa(.dotProduct), 0.03),
      (.ltpa(.parametrised), 0.03),
    ])
  func gradients(attention: EfficientNet.Attention, scale: Float) throws {
    let network = try Self.network(attention, scale: scale)
    let names = network.parameters.keys.filter { $0.hasPrefix("attention") }.sorted()
    var parameters = network.parameters
    for name in names { parameters[name] = parameters[name]!.tracked() }
    let seed = Tensor(shape: [2], [1, -0.7])
    let logits = network.trainingPass(Self.crops, parameters: parameters, statistics: .running).logits
    let gradients = logits.gradients(of: names.map { parameters[$0]! }, seed: seed)
    for (name, gradient) in zip(names, gradients) {
      // Along the gradient itself the derivative is its squared length: nothing hides in a small element.
      let length = gradient.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(length > 0, "\(name)")
      func moved(_ by: Double) -> Double {
        var changed = network.parameters
        changed[name] = changed[name]! + gradient * Float(by / length)
        let z = network.trainingPass(Self.crops, parameters: changed, statistics: .running).logits.elements
        return Double(z[0]) - 0.7 * Double(z[1])
      }
      // Smaller steps drown in the rounding of logits, larger ones cross ReLU's corners: hence 5 %.
      let size = network.parameters[name]!.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let step = max(size / 200, 1e-3)
      let slope = (moved(step) - moved(-step)) / (2 * step)
      #expect(abs(slope - length) < 0.05 * length, "\(name): \(slope), \(length)")
    }
  }

  @Test(
    "a level's own gradients reach the logit on both ways: through the classifier and through what follows")
  func tapGradients() throws {
    let network = try Self.network(.ltpa(.dotProduct), scale: 0.03)
    let info = ModelInfo(name: "x", architecture: network.architecture.name, inputSize: 96)
    let detector = try DeepfakeDetector(
      description: ModelDescription(
        info: info, padding: network.padding, epsilon: 1e-3, normalization: .none), network: network)
    let crops = Self.crops.rows(0..<1)
    // A constant in every channel of the last level: its slope is the sum of the gradients.
    let level = detector.blocks[network.architecture.blocks.count - 2]
    let result = try detector.activations(at: level, crops)
    let sum = result.gradients.elements.reduce(0) { $0 + Double($1) }
    #expect(level.name == "blocks.15")
    func logit(_ by: Float) throws -> Double {
      var parameters = network.parameters
      parameters["blocks.15.project.norm.bias"] = parameters["blocks.15.project.norm.bias"]! + by
      let moved = try Network(
        network.architecture, padding: network.padding, epsilon: 1e-3, parameters: parameters)
      return Double(moved.logits(crops).scalar)
    }
    let slope = try (logit(0.05) - logit(-0.05)) / 0.1
    #expect(abs(slope - sum) < 0.02 * abs(sum), "\(slope), \(sum)")
  }

  @Test("dropout and stochastic depth: nothing at 0, repeated by a seed, right on average")
  func regularization() throws {
    let network = try Self.network(.none)
    func logits(_ regularization: Regularization?) -> Tensor {
      network.trainingPass(
        Self.crops, parameters: network.parameters, statistics: .running, regularization: regularization
      ).logits
    }
    let plain = logits(nil)
    #expect(logits(Regularization(dropout: 0, dropPath: 0, seed: 1)) == plain)
    let published = Regularization(publishedFor: network.architecture, seed: 1)
    #expect(published.dropout == 0.2 && published.dropPath == 0.2)
    #expect(logits(published) == logits(published) && logits(published) != plain)
    #expect(logits(Regularization(publishedFor: network.architecture, seed: 2)) != logits(published))
    #expect(logits(Regularization(dropout: 0, dropPath: 0.5, seed: 1)) != plain)
    // The logit is linear in the dropped features, so that its mean over seeds is the plain one.
    let count = 60
    let samples = (0..<count).map {
      logits(Regularization(dropout: 0.5, dropPath: 0, seed: UInt64($0))).elements.map(Double.init)
    }
    for i in 0..<2 {
      let values = samples.map { $0[i] }
      let mean = values.reduce(0, +) / Double(count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
      #expect(variance > 0)
      #expect(abs(mean - Double(plain.elements[i])) < 4 * (variance / Double(count)).squareRoot())
    }
  }

  @Test(
    "published shares of dropout",
    arguments: zip(EfficientNet.indices, [0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5]))
  func dropout(index: Int, share: Double) {
    #expect(Regularization(publishedFor: .efficientNet(EfficientNet(b: index)), seed: 0).dropout == share)
  }
}
