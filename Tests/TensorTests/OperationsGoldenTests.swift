import Foundation
import Tensor
import TestSupport
import Testing

/// One case of `Tests/Golden/operations/cases.json`.
private struct Case: Decodable {
  let name: String
  let operation: String
  let arguments: [String: [Int]]
  var constants: [String: [Int]]?
  var stride: Int?
  var padding: [Int]?
  var groups: Int?
  var activation: String?
  var size: Int?
  var countPadding: Bool?
  var height: Int?
  var width: Int?
  var epsilon: Float?
  var factor: Float?

  static func all() throws -> [Case] {
    let url = URL(fileURLWithPath: Golden.path("operations/cases.json"))
    return try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
  }

  /// The result of the case's operation; nil if the operation is not known.
  func run(_ arguments: [String: Tensor]) -> Tensor? {
    let x = factor.map { arguments["x"]! * $0 } ?? arguments["x"]!
    let constants = (constants ?? [:]).map { ($0, Tensor.seeded("\(name)/\($0)", $1)) }
    let sides = padding ?? [0, 0, 0, 0]
    let padding = Tensor.Padding(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
    switch operation {
    case "convolution":
      let activations: [String: Tensor.Activation] = [
        "identity": .identity, "relu": .relu, "silu": .silu, "sigmoid": .sigmoid,
      ]
      return x.convolved(
        with: arguments["filter"]!, bias: arguments["bias"], stride: stride!, padding: padding,
        groups: groups!, activation: activations[activation!]!)
    case "maxPool": return x.maxPooled(size: size!, stride: stride!, padding: padding)
    case "averagePool":
      return x.averagePooled(size: size!, stride: stride!, padding: padding, countPadding: countPadding!)
    case "globalAveragePool": return x.globalAveragePooled()
    case "resize": return x.resizedBilinear(height: height!, width: width!)
    case "batchNorm":
      let statistics = Dictionary(uniqueKeysWithValues: constants)
      return x.batchNormalized(
        scale: arguments["scale"]!, offset: arguments["offset"]!, mean: statistics["mean"]!,
        variance: statistics["variance"]! + 1.5, epsilon: epsilon!)
    case "batchNormByBatch":
      return x.batchNormalizedByBatch(
        scale: arguments["scale"]!, offset: arguments["offset"]!, epsilon: epsilon!
      ).result
    case "softmax": return x.softmax()
    case "linear": return x.linear(weight: arguments["weight"]!, bias: arguments["bias"]!)
    case "matmul": return x.matmul(arguments["other"]!)
    case "gate": return x.multipliedPerChannel(by: arguments["factors"]!)
    case "silu": return x.silu()
    case "sigmoid": return x.sigmoid()
    default: return nil
    }
  }
}

@Suite("Operations against PyTorch")
struct OperationsGoldenTests {
  /// Of the largest value of a result; single precision leaves about 1e-6.
  private let tolerance: Float = 1e-5

  @Test("results and gradients of single operations are PyTorch's")
  func agree() throws {
    let golden = try Golden.tensors("operations/operations.safetensors")
    let cases = try Case.all()
    #expect(cases.count == 40)
    for test in cases {
      let names = test.arguments.keys.sorted()
      let leaves = names.map { Tensor.seeded("\(test.name)/\($0)", test.arguments[$0]!).tracked() }
      let plain = Dictionary(uniqueKeysWithValues: zip(names, leaves.map { $0.detached() }))
      let tracked = Dictionary(uniqueKeysWithValues: zip(names, leaves))
      let expected = try #require(golden["\(test.name)/output"])
      // Without gradients operations fuse, with them they do not: both are compared.
      let fused = try #require(test.run(plain), "\(test.operation) is not known")
      let output = try #require(test.run(tracked))
      #expect(fused.shape == expected.shape && output.shape == expected.shape, "\(test.name)")
      expectClose(fused.elements, expected.elements, within: tolerance, "\(test.name)")
      expectClose(output.elements, expected.elements, within: tolerance, "\(test.name), tracked")
      let gradients = output.gradients(of: leaves, seed: .seeded("\(test.name)/seed", output.shape))
      for (name, gradient) in zip(names, gradients) {
        let expected = try #require(golden["\(test.name)/gradient.\(name)"])
        #expect(gradient.shape == expected.shape, "\(test.name), \(name)")
        expectClose(
          gradient.elements, expected.elements, within: tolerance, "\(test.name), gradient of \(name)")
      }
    }
  }
}
