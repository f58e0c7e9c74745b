import Detector
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Training passes of whole networks", .serialized)
struct TrainingPassTests {
  /// The trained B0 with seeded attention and, where it has another number of inputs, a seeded classifier. (Values and
  /// rounding grow from layer to layer in an untrained network with fixed statistics.)
  private static func network(_ layout: EfficientNet) throws -> Network {
    let trained = try GoldenNetwork.trainedB0.detector(.symmetric).network
    let architecture = Architecture.efficientNet(layout)
    var parameters: [String: Tensor] = [:]
    for (name, shape) in architecture.parameterShapes {
      let own = trained.parameters[name].flatMap { $0.shape == shape ? $0 : nil }
      // Small, so that neither gates nor softmax are saturated: there would be no gradient.
      parameters[name] = own ?? .seededParameter(name, shape) * (name.hasPrefix("attention") ? 0.1 : 1)
    }
    return try Network(
      architecture, padding: trained.padding, epsilon: trained.epsilon, parameters: parameters)
  }

  /// Normalised pictures of a face, `[4, 3, size, size]`.
  private static func pictures(_ size: Int) throws -> Tensor {
    try GoldenNetwork.trainedB0.detector(.symmetric).normalised(Portrait.tensor(size: size))
  }

  private static func tracked(_ network: Network, _ isWanted: (String) -> Bool = { _ in true }) -> (
    names: [String], parameters: [String: Tensor]
  ) {
    let names = network.parameters.keys.filter { !$0.contains(".running_") && isWanted($0) }.sorted()
    var parameters = network.parameters
    for name in names { parameters[name] = parameters[name]!.tracked() }
    return (names, parameters)
  }

  /// Σ seeds · logits and of each level's scores.
  private static func loss(_ pass: TrainingOutput) -> Tensor {
    pass.attentionScores.enumerated().reduce((pass.logits * .random(pass.logits.shape, seed: 1)).sum()) {
      $0 + ($1.element * .random($1.element.shape, seed: UInt64(2 + $1.offset))).sum() * 0.02
    }
  }

  private static func length(_ x: Tensor) -> Double {
    x.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// The largest ‖Δ‖ / ‖reference‖ of the gradients.
  private static func largest(_ found: [Tensor], _ expected: [Tensor], _ names: [String]) -> (Double, String)
  {
    let floor = 1e-3 * expected.map(length).max()!
    return zip(names, zip(found, expected)).map { name, pair in
      (length(pair.0 - pair.1) / max(length(pair.1), floor), name)
    }.max { $0.0 < $1.0 }!
  }

  @Test(
    "logits, scores and all gradients of networks with attention agree with recorded operations",
    arguments: [
      (EfficientNet(b: 0, attention: .autoAtt(width: 0)), 64),
      (EfficientNet(b: 0, attention: .autoAtt(width: 1)), 64),
      (EfficientNet(b: 0, attention: .ltpa(.dotProduct)), 64),
      (EfficientNet(b: 0, attention: .ltpa(.parametrised)), 64),
      (EfficientNet(b: 0, head: .siameseTuned), 64),
    ], [BatchStatistics.batch, .running])
  func recorded(layout: (EfficientNet, Int), statistics: BatchStatistics) throws {
    let network = try Self.network(layout.0)
    let x = try Self.pictures(layout.1)
    let regularization = Regularization(dropout: 0.3, dropPath: 0.4, seed: 9)
    let (names, parameters) = Self.tracked(network)
    let found = network.trainingPass(
      x, parameters: parameters, statistics: statistics, regularization: regularization)
    let expected = network.recordedTrainingPass(
      x, parameters: parameters, statistics: statistics, regularization: regularization)
    let what = "\(network.architecture.name), \(statistics)"
    expectClose(found.logits.elements, expected.logits.elements, within: 1e-4, "\(what), logits")
    #expect(found.attentionScores.count == network.architecture.attentionLevels.count)
    for (scores, reference) in zip(found.attentionScores, expected.attentionScores) {
      #expect(scores.shape == reference.shape)
      expectClose(scores.elements, reference.elements, within: 1e-4, "\(what), scores")
    }
    #expect(Set(found.statistics.keys) == Set(expected.statistics.keys))
    for (name, values) in expected.statistics {
      let (mean, variance) = found.statistics[name]!
      let spread = Double(values.variance.sum().scalar).squareRoot()
      #expect(Self.length(mean - values.mean) <= 1e-4 * (Self.length(values.mean) + spread), "\(name)")
      #expect(Self.length(variance - values.variance) <= 1e-3 * Self.length(values.variance), "\(name)")
    }
    let leaves = names.map { parameters[$0]! }
    let gradients = Self.loss(found).gradients(of: leaves)
    let (difference, name) = Self.largest(gradients, Self.loss(expected).gradients(of: leaves), names)
    print("\(what): largest difference of a gradient \(difference) of it, \(name)")
    #expect(difference <= 1e-3)
  }

  @Test(
    "B4 with attention is cut at its own levels, and agrees too",
    arguments: [
      EfficientNet.Attention.autoAtt(width: 0), .ltpa(.dotProduct),
    ])
  func larger(attention: EfficientNet.Attention) throws {
    let architecture = Architecture.efficientNet(EfficientNet(b: 4, attention: attention))
    let network = try Network(
      architecture, padding: .init(.same), epsilon: 1e-3,
      parameters: Dictionary(
        uniqueKeysWithValues: architecture.parameterShapes.map {
          ($0, .seededParameter($0, $1) * ($0.hasPrefix("attention") ? 0.1 : 1))
        }))
    let x = Tensor.random([4, 3, 96, 80], seed: 5)
    let regularization = Regularization(dropout: 0.3, dropPath: 0.4, seed: 9)
    let (names, parameters) = Self.tracked(network)
    let leaves = names.map { parameters[$0]! }
    let found = network.trainingPass(
      x, parameters: parameters, statistics: .batch, regularization: regularization)
    let expected = network.recordedTrainingPass(
      x, parameters: parameters, statistics: .batch, regularization: regularization)
    expectClose(found.logits.elements, expected.logits.elements, within: 1e-4, "\(attention), logits")
    let (difference, name) = Self.largest(
      Self.loss(found).gradients(of: leaves), Self.loss(expected).gradients(of: leaves), names)
    print("\(attention): largest difference of a gradient \(difference) of it, \(name)")
    #expect(difference <= 1e-3)
  }

  @Test("the gradient of the pictures goes through all segments")
  func pictures() throws {
    for attention in [EfficientNet.Attention.none, .autoAtt(width: 0), .ltpa(.dotProduct)] {
      let network = try Self.network(EfficientNet(b: 0, attention: attention))
      let x = try Self.pictures(64).tracked()
      let parameters = network.parameters
      let found = network.trainingPass(x, parameters: parameters, statistics: .running)
      let expected = network.recordedTrainingPass(x, parameters: parameters, statistics: .running)
      let (difference, _) = Self.largest(
        Self.loss(found).gradients(of: [x]), Self.loss(expected).gradients(of: [x]), ["pictures"])
      #expect(difference <= 1e-3, "\(attention)")
    }
  }

  @Test("what is tracked changes no gradient; where only the classifier is, the rest runs as inference does")
  func parts() throws {
    for attention in [EfficientNet.Attention.none, .autoAtt(width: 0), .ltpa(.dotProduct)] {
      let network = try Self.network(EfficientNet(b: 0, attention: attention))
      let x = try Self.pictures(64)
      let (all, whole) = Self.tracked(network)
      let (some, parameters) = Self.tracked(network) {
        $0.hasPrefix("classifier") || $0.hasPrefix("attention")
      }
      func gradients(_ names: [String], _ parameters: [String: Tensor]) -> [String: Tensor] {
        let pass = network.trainingPass(x, parameters: parameters, statistics: .running)
        return Dictionary(
          uniqueKeysWithValues: zip(names, Self.loss(pass).gradients(of: names.map { parameters[$0]! })))
      }
      let (few, many) = (gradients(some, parameters), gradients(all, whole))
      let (difference, name) = Self.largest(some.map { few[$0]! }, some.map { many[$0]! }, some)
      #expect(difference <= 1e-3, "\(attention), \(name)")
      let logits = network.trainingPass(x, parameters: parameters, statistics: .running).logits
      #expect(logits.isTracked)
      // The plans of inference, to the bit, where they are the network's own; others give what they should.
      if case .autoAtt = attention { continue }
      #expect(logits == network.logits(x), "\(attention)")
      // A checkpoint brings the same values in other memory.
      let copies = parameters.mapValues { Tensor(shape: $0.shape, $0.elements) }
      #expect(network.trainingPass(x, parameters: copies, statistics: .running).logits == logits)
      var moved = parameters
      moved["blocks.3.project.norm.running_mean"] = moved["blocks.3.project.norm.running_mean"]! + 0.3
      let changed = network.trainingPass(x, parameters: moved, statistics: .running).logits
      let expected = network.recordedTrainingPass(x, parameters: moved, statistics: .running).logits
      #expect(changed != logits)
      expectClose(changed.elements, expected.elements, within: 1e-4, "\(attention), other statistics")
    }
  }

  @Test("the number of threads changes gradients of a network with attention by rounding at most")
  func threads() throws {
    let network = try Self.network(EfficientNet(b: 0, attention: .ltpa(.dotProduct)))
    let x = try Self.pictures(64)
    let (names, parameters) = Self.tracked(network)
    let before = ComputeRuntime.threads
    defer { ComputeRuntime.threads = before }
    var first: [Tensor]?
    for threads in [1, 2, 3] {
      ComputeRuntime.threads = threads
      let pass = network.trainingPass(x, parameters: parameters, statistics: .batch)
      let gradients = Self.loss(pass).gradients(of: names.map { parameters[$0]! })
      if let first { #expect(Self.largest(gradients, first, names).0 < 1e-4) }
      first = first ?? gradients
    }
  }
}
