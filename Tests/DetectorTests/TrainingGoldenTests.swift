import Detector
import Foundation
import Tensor
import TestSupport
import Testing

/// Gradients and losses of PyTorch: see `Tests/Golden/training/make.py`.
@Suite("Training against PyTorch", .serialized)
struct TrainingGoldenTests {
  private static let golden = Result { try Golden.tensors("training/training.safetensors") }

  /// The golden's seeded network, and the names of what it learns.
  private static func network(_ attention: EfficientNet.Attention) throws -> (
    network: Network, names: [String]
  ) {
    let architecture = Architecture.efficientNet(EfficientNet(b: 0, attention: attention))
    var parameters: [String: Tensor] = [:]
    for (name, shape) in architecture.parameterShapes {
      parameters[name] = .seededParameter(name, shape) * (name.hasPrefix("attention") ? 0.1 : 1)
    }
    let network = try Network(
      architecture, padding: .init(.symmetric), epsilon: 1e-5, parameters: parameters)
    return (network, parameters.keys.filter { !$0.contains(".running_") }.sorted())
  }

  /// Binary cross-entropy, and its gradient with respect to the logits.
  private static func crossEntropy(_ logits: Tensor) -> (loss: Double, gradient: Tensor) {
    let (z, count) = (logits.elements, Float(logits.count))
    let labels = z.indices.map { Float($0 % 2) }
    let losses = zip(z, labels).map { Double(max($0, 0) - $0 * $1) + log1p(exp(-Double(abs($0)))) }
    return (
      losses.reduce(0, +) / Double(count),
      Tensor(shape: logits.shape, zip(z, labels).map { (1 / (1 + exp(-$0)) - $1) / count })
    )
  }

  @Test(
    "every parameter's gradient is within a thousandth of its length, through the logits and the attention scores",
    arguments: zip(
      [EfficientNet.Attention.none, .autoAtt(width: 0), .ltpa(.dotProduct)], ["none", "autoatt", "ltpa"]))
  func gradients(attention: EfficientNet.Attention, name: String) throws {
    let golden = try Self.golden.get()
    let (network, names) = try Self.network(attention)
    var parameters = network.parameters
    for name in names { parameters[name] = parameters[name]!.tracked() }
    let pass = network.trainingPass(
      .seeded("pictures", [8, 3, 96, 96]), parameters: parameters, statistics: .batch)
    expectClose(
      pass.logits.elements, try #require(golden["\(name).logits"]).elements, within: 1e-4, "\(name), logits")
    var value = (pass.logits * Self.crossEntropy(pass.logits).gradient).sum()
    for (k, scores) in pass.attentionScores.enumerated() {
      let expected = try #require(golden["\(name).scores.\(k)"])
      #expect(scores.shape == expected.shape)
      expectClose(scores.elements, expected.elements, within: 1e-4, "\(name), scores \(k)")
      value = value + (scores * .seeded("scores.\(k)", scores.shape)).sum() * 0.01
    }
    let gradients = value.gradients(of: names.map { parameters[$0]! })
    let rows = try #require(golden["\(name).gradients"])
    #expect(rows.shape[0] == names.count)
    let longest = (0..<names.count).map { Double(rows[$0, 0]) }.max()!
    var (worst, below) = ((0.0, ""), 0)
    for (row, (parameter, gradient)) in zip(names, gradients).enumerated() {
      let length = Double(rows[row, 0])
      // What a normalisation takes out again, such as an offset before it, has no gradient but rounding.
      guard length >= 1e-3 * longest else {
        below += 1
        let found = gradient.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(found <= 1e-5 * longest, "\(parameter)")
        continue
      }
      let count = rows.shape[1] - 1
      let differences = ComputeRuntime.map(count) { k in
        let direction = Tensor.seeded("\(parameter).\(k)", gradient.shape)
        return gradient.withUnsafeBufferPointer { g in
          direction.withUnsafeBufferPointer { d in
            zip(g, d).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
          }
        } - Double(rows[row, k + 1])
      }
      let difference = (3 * differences.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot() / length
      if difference > worst.0 { worst = (difference, parameter) }
    }
    print("\(name): largest difference of a gradient \(worst.0) of it, \(worst.1); \(below) without gradient")
    #expect(worst.0 <= 1e-3 && worst.0 > 0)
    #expect(below < names.count / 10)
  }

  @Test("the losses of fifty steps with Adam are within two percent")
  func losses() throws {
    let golden = try Self.golden.get()
    let (network, names) = try Self.network(.none)
    var parameters = network.parameters
    var adam = Adam(rate: 1e-4)
    let noise = Tensor.seeded("training.pictures", [80, 3, 64, 64])
    let pattern = Tensor.seeded("training.pattern", [1, 3, 64, 64]) * 0.1
    let classes = Tensor.concatenated([pattern * 0, pattern])
    var losses: [Float] = []
    for step in 0..<50 {
      let first = step % 10 * 8
      let pictures = noise.rows(first..<first + 8) + .concatenated([Tensor](repeating: classes, count: 4))
      var tracked = parameters
      for name in names { tracked[name] = tracked[name]!.tracked() }
      let logits = network.trainingPass(pictures, parameters: tracked, statistics: .batch).logits
      let (loss, seed) = Self.crossEntropy(logits)
      let gradients = logits.gradients(of: names.map { tracked[$0]! }, seed: seed)
      adam.update(&parameters, gradients: Dictionary(uniqueKeysWithValues: zip(names, gradients)))
      losses.append(Float(loss))
    }
    let expected = try #require(golden["losses"]).elements
    let differences = zip(losses, expected).map { abs($0 - $1) / $1 }
    print("losses from \(losses[0]) to \(losses[49]): largest difference \(differences.max()!) of PyTorch's")
    #expect(differences.max()! <= 0.02 && losses[49] < 0.05)
  }
}
