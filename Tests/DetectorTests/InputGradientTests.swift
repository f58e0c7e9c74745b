@testable import Detector
import Foundation
import Tensor
import TestSupport
import Testing

/// Gradients of the input by fixed-statistics passes; PyTorch's stand in `EfficientNetGoldenTests`.
@Suite("Input gradients", .serialized)
struct InputGradientTests {
  @Test(
    "are those of recorded tensor operations, at even and odd sizes and with every padding",
    arguments: [
      (0, PaddingScheme.same, 96, 96), (0, .native, 75, 101), (1, .symmetric, 64, 70), (4, .tracked, 96, 96),
    ])
  func operations(index: Int, padding: PaddingScheme, height: Int, width: Int) throws {
    let detector = try Self.detector(index, padding)
    let crops = Tensor.random([3, 3, height, width], seed: 5) * 0.5 + 0.5
    let x = try detector.normalised(crops)
    let (logits, gradients) = detector.network.inputGradients(x)
    let expected = detector.network.recordedInputGradients(x)
    #expect(gradients != expected.gradients, "by other operations: else nothing was compared")
    expectClose(logits.elements, expected.logits.elements, within: 2e-5, "B\(index), logits")
    for i in 0..<3 {
      expectClose(
        gradients.rows(i..<i + 1).elements, expected.gradients.rows(i..<i + 1).elements, within: 2e-5,
        "B\(index), \(padding), \(height)×\(width), picture \(i)")
    }
  }

  @Test("of the networks that goldens are of, on a face", arguments: [GoldenNetwork.trainedB0, .seededB4])
  func faces(network: GoldenNetwork) throws {
    let detector = try network.detector(network == .trainedB0 ? .symmetric : .native)
    let x = try detector.normalised(Portrait.tensor(size: 224).rows(0..<2))
    let (found, expected) = (detector.network.inputGradients(x), detector.network.recordedInputGradients(x))
    expectClose(found.logits.elements, expected.logits.elements, within: 2e-5, "\(network), logits")
    expectClose(found.gradients.elements, expected.gradients.elements, within: 1e-4, "\(network), gradients")
  }

  @Test("agree with differences of logits along random directions")
  func differences() throws {
    let detector = try Self.detector(0, .same)
    let crops = Tensor.random([2, 3, 96, 96], seed: 5) * 0.3 + 0.5
    let (logits, gradients) = try detector.inputGradients(crops)
    expectClose(logits.elements, try detector.logits(crops).elements, within: 1e-5, "logits")
    for seed in 0..<3 {
      // Half along the gradient, so that the slope is no small remainder.
      let length = gradients.largestMagnitude
      let direction = Tensor.random(crops.shape, seed: UInt64(seed)) + gradients * (1 / length)
      let step: Float = 2e-3
      let (up, down) = try (
        detector.logits(crops + direction * step), detector.logits(crops + direction * -step)
      )
      for i in 0..<2 {
        let slope = Double(up[i] - down[i]) / Double(2 * step)
        let expected = zip(
          gradients.rows(i..<i + 1).elements, direction.rows(i..<i + 1).elements
        ).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(slope - expected) < 0.02 * abs(expected), "\(slope), \(expected)")
      }
    }
  }

  @Test("of a crop are the same to the last bit in any company and on any number of threads")
  func bits() throws {
    let detector = try Self.detector(0, .native)
    let crops = Tensor.random([5, 3, 80, 72], seed: 9) * 0.5 + 0.5
    let before = ComputeRuntime.threads
    defer { ComputeRuntime.threads = before }
    ComputeRuntime.threads = 1
    let alone = try (0..<5).map { try detector.inputGradients(crops.rows($0..<$0 + 1)) }
    for threads in [1, 2, 3, 7] {
      ComputeRuntime.threads = threads
      let (logits, gradients) = try detector.inputGradients(crops)
      for i in 0..<5 {
        #expect(gradients.rows(i..<i + 1) == alone[i].gradients, "\(threads) threads, crop \(i)")
        #expect(logits[i] == alone[i].logits.scalar, "\(threads) threads, crop \(i)")
      }
    }
  }

  @Test("asked for by several tasks at once are the same, and so after pictures of another size")
  func concurrency() async throws {
    let detector = try Self.detector(0, .same)
    let sizes = [64, 80, 64, 96, 80, 64]
    func gradients(_ size: Int) throws -> Tensor {
      try detector.inputGradients(Tensor.random([2, 3, size, size], seed: UInt64(size))).gradients
    }
    let expected = try sizes.map(gradients)
    try await withThrowingTaskGroup(of: (Int, Tensor).self) { group in
      for (i, size) in sizes.enumerated() { group.addTask { (i, try gradients(size)) } }
      for try await (i, found) in group { #expect(found == expected[i], "\(sizes[i])") }
    }
  }

  @Test("are zero where nothing reaches the logit")
  func nothing() throws {
    let detector = try Self.detector(0, .same)
    var parameters = detector.network.parameters
    parameters["classifier.weight"] = Tensor(shape: [1, 1280], repeating: 0)
    let blind = try Network(
      detector.network.architecture, padding: detector.network.padding, epsilon: 1e-3, parameters: parameters)
    let x = Tensor.random([1, 3, 64, 64], seed: 1)
    #expect(blind.inputGradients(x).gradients == Tensor(shape: x.shape, repeating: 0))
    #expect(detector.network.inputGradients(x).gradients.largestMagnitude > 0)
  }

  @Test("of a detector are per unit of RGB: its normalisation counts")
  func normalization() throws {
    let detector = try Self.detector(0, .same)
    var description = detector.description
    description.normalization = Normalization(mean: [0, 0, 0], standardDeviation: [0.5, 0.25, 2])
    let other = try DeepfakeDetector(description: description, network: detector.network)
    let crops = Tensor.random([1, 3, 64, 64], seed: 1)
    let raw = detector.network.inputGradients(try other.normalised(crops)).gradients.elements
    let found = try other.inputGradients(crops).gradients.elements
    let plane = 64 * 64
    for (c, factor) in [Float(2), 4, 0.5].enumerated() {
      for i in [0, 77, 4000] {
        #expect(abs(found[c * plane + i] - raw[c * plane + i] * factor) <= 1e-5 * abs(found[c * plane + i]))
      }
    }
  }

  /// Bk with seeded weights, and running statistics under which random pictures stay tame.
  private static func detector(_ index: Int, _ padding: PaddingScheme) throws -> DeepfakeDetector {
    let architecture = Architecture.efficientNet(EfficientNet(b: index))
    var parameters: [String: Tensor] = [:]
    for (name, shape) in architecture.parameterShapes {
      parameters[name] =
        if name.hasSuffix("running_mean") {
          Tensor.seeded(name, shape) * 0.1
        } else if name.hasSuffix("running_var") {
          Tensor.seeded(name, shape) * 0.2 + 1
        } else {
          .seededParameter(GoldenNetwork.seedName(name), shape)
        }
    }
    let info = ModelInfo(name: "seeded", architecture: architecture.name, inputSize: 224)
    return try DeepfakeDetector(
      description: ModelDescription(info: info, padding: .init(padding), epsilon: 1e-3),
      network: Network(architecture, padding: .init(padding), epsilon: 1e-3, parameters: parameters))
  }
}
