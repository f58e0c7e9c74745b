import Foundation
import Tensor
import TestSupport
import Testing

/// Five steps of PyTorch's optimisers: see `Tests/Golden/adam/make.py`.
private struct AdamGolden: Decodable {
  let start: [Float]
  let gradients: [[Float]]
  let adam: [[Float]]
  let adamw: [[Float]]

  static var stored: AdamGolden {
    get throws {
      try JSONDecoder().decode(
        AdamGolden.self, from: Data(contentsOf: URL(fileURLWithPath: Golden.path("adam/adam.json"))))
    }
  }
}

@Suite("Adam")
struct AdamTests {
  @Test("five steps agree with PyTorch, with and without weight decay")
  func golden() throws {
    let golden = try AdamGolden.stored
    var plain = Adam(rate: 0.01)
    var decaying = Adam(rate: 0.03, beta1: 0.8, beta2: 0.95, epsilon: 1e-4, decay: 0.1)
    var (a, b) = (["x": Tensor(shape: [37], golden.start)], ["x": Tensor(shape: [37], golden.start)])
    for (i, gradient) in golden.gradients.enumerated() {
      plain.update(&a, gradients: ["x": Tensor(shape: [37], gradient)])
      decaying.update(&b, gradients: ["x": Tensor(shape: [37], gradient)])
      expectClose(a["x"]!.elements, golden.adam[i], within: 2e-7, "Adam, step \(i)")
      expectClose(b["x"]!.elements, golden.adamw[i], within: 2e-7, "AdamW, step \(i)")
    }
  }

  @Test("the first step is as long as the rate, whatever the gradient")
  func firstStep() {
    var adam = Adam(rate: 0.5)
    var parameters = ["x": Tensor(shape: [3], [1, 2, 3]), "kept": Tensor(2)]
    adam.update(&parameters, gradients: ["x": Tensor(shape: [3], [1e-3, -20, 4e4])])
    expectClose(parameters["x"]!.elements, [0.5, 2.5, 2.5], within: 1e-5, "after one step")
    #expect(parameters["kept"] == Tensor(2))
  }

  @Test("parameters that somebody else holds, and copies of the optimiser, are left alone")
  func values() {
    var adam = Adam(rate: 0.1)
    let start = Tensor.random([50_000], seed: 1), gradient = Tensor.random([50_000], seed: 2)
    var parameters = ["x": start]
    adam.update(&parameters, gradients: ["x": gradient])
    #expect(start == Tensor.random([50_000], seed: 1) && parameters["x"]! != start)
    var (copy, first, second) = (adam, parameters, parameters)
    adam.update(&first, gradients: ["x": gradient])
    copy.update(&second, gradients: ["x": gradient])
    #expect(first == second)
  }
}
