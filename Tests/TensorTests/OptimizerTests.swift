import Foundation
import Tensor
import TestSupport
import Testing

/// Five steps of PyTorch's optimisers: see `Tests/Golden/optimizers/make.py`.
private struct OptimizerGolden: Decodable {
  let start: [Float]
  let gradients: [[Float]]
  let adam: [[Float]]
  let adamw: [[Float]]
  let sgd: [[Float]]
  let momentum: [[Float]]
  let nesterov: [[Float]]
  let norm: Float
  let clipped: [[Float]]

  static var stored: OptimizerGolden {
    get throws {
      try JSONDecoder().decode(
        OptimizerGolden.self,
        from: Data(contentsOf: URL(fileURLWithPath: Golden.path("optimizers/optimizers.json"))))
    }
  }
}

@Suite("Optimisers")
struct OptimizerTests {
  @Test("five steps from equal gradients agree with PyTorch")
  func golden() throws {
    let golden = try OptimizerGolden.stored
    let kinds: [(String, any Optimizer, [[Float]])] = [
      ("Adam", Adam(rate: 0.01), golden.adam),
      ("AdamW", Adam(rate: 0.03, beta1: 0.8, beta2: 0.95, epsilon: 1e-4, decay: 0.1), golden.adamw),
      ("SGD", SGD(rate: 0.01), golden.sgd),
      ("momentum", SGD(rate: 0.003, momentum: 0.9, decay: 0.05), golden.momentum),
      ("Nesterov", SGD(rate: 0.003, momentum: 0.8, isNesterov: true, decay: 0.05), golden.nesterov),
    ]
    for (name, optimizer, expected) in kinds {
      var (optimizer, parameters) = (optimizer, ["x": Tensor(shape: [37], golden.start)])
      for (i, gradient) in golden.gradients.enumerated() {
        optimizer.update(&parameters, gradients: ["x": Tensor(shape: [37], gradient)])
        expectClose(parameters["x"]!.elements, expected[i], within: 2e-7, "\(name), step \(i)")
      }
    }
  }

  @Test("Adam's first step is as long as the rate, whatever the gradient")
  func firstStep() {
    var adam = Adam(rate: 0.5)
    var parameters = ["x": Tensor(shape: [3], [1, 2, 3]), "kept": Tensor(2)]
    adam.update(&parameters, gradients: ["x": Tensor(shape: [3], [1e-3, -20, 4e4])])
    expectClose(parameters["x"]!.elements, [0.5, 2.5, 2.5], within: 1e-5, "after one step")
    #expect(parameters["kept"] == Tensor(2))
  }

  @Test(
    "parameters that somebody else holds, and copies of the optimiser, are left alone",
    arguments: [Adam(rate: 0.1), SGD(rate: 0.1, momentum: 0.9)] as [any Optimizer])
  func values(optimizer: any Optimizer) {
    var optimizer = optimizer
    let start = Tensor.random([50_000], seed: 1), gradient = Tensor.random([50_000], seed: 2)
    var parameters = ["x": start]
    optimizer.update(&parameters, gradients: ["x": gradient])
    #expect(start == Tensor.random([50_000], seed: 1) && parameters["x"]! != start)
    var (copy, first, second) = (optimizer, parameters, parameters)
    optimizer.update(&first, gradients: ["x": gradient])
    copy.update(&second, gradients: ["x": gradient])
    #expect(first == second)
  }

  @Test(
    "an optimiser restored from another's state goes on as that one does, to the bit",
    arguments: [
      Adam(rate: 0.1, decay: 0.2), SGD(rate: 0.1, momentum: 0.9, decay: 0.1),
      SGD(rate: 0.1, momentum: 0.5, isNesterov: true), SGD(rate: 0.1),
    ] as [any Optimizer])
  func restored(optimizer: any Optimizer) throws {
    var (optimizer, fresh) = (optimizer, optimizer)
    var parameters = ["x": Tensor.random([5, 7], seed: 1), "y": Tensor.random([9], seed: 2)]
    func gradients(_ step: UInt64) -> [String: Tensor] {
      // y joins late: its count of steps is its own.
      let x = ["x": Tensor.random([5, 7], seed: 10 + step)]
      return step < 2 ? x : x.merging(["y": Tensor.random([9], seed: 20 + step)]) { $1 }
    }
    for step in 0..<3 { optimizer.update(&parameters, gradients: gradients(UInt64(step))) }
    var others = parameters
    try fresh.restore(optimizer.state, for: others)
    for step in 3..<6 {
      optimizer.update(&parameters, gradients: gradients(UInt64(step)))
      fresh.update(&others, gradients: gradients(UInt64(step)))
    }
    #expect(parameters == others && optimizer.state == fresh.state)
  }

  @Test("a state of other parameters, or with a part missing or of another shape, is refused")
  func refused() throws {
    let parameters = ["x": Tensor.random([5], seed: 1)]
    var (changed, adam) = (parameters, Adam())
    adam.update(&changed, gradients: ["x": Tensor.random([5], seed: 2)])
    func problem(_ change: (inout [String: Tensor]) -> Void) -> String? {
      var (state, fresh) = (adam.state, Adam())
      change(&state)
      do {
        try fresh.restore(state, for: parameters)
        return nil
      } catch { return error.description }
    }
    #expect(problem { _ in } == nil)
    #expect(problem { $0["x.square"] = nil } == "the optimiser's state lacks 'x.square'")
    #expect(
      problem { $0["y.mean"] = Tensor(1) } == "the optimiser's state has 'y.mean', which no parameter needs")
    #expect(
      problem { $0["x.mean"] = Tensor(shape: [4], repeating: 0) }
        == "the optimiser's state has 'x.mean' of shape [4], not [5]")
    #expect(
      problem { $0["x.steps"] = Tensor(shape: [1], [0.5]) }
        == "the optimiser's state counts 0.5 steps for 'x'")
  }

  @Test("weight decay can leave tensors of one dimension alone", arguments: [true, false])
  func vectors(decaysVectors: Bool) {
    let zeros = ["matrix": Tensor(shape: [2, 3], repeating: 0), "vector": Tensor(shape: [3], repeating: 0)]
    for optimizer in [
      Adam(rate: 0.5, decay: 0.5, decaysVectors: decaysVectors),
      SGD(rate: 0.5, decay: 0.5, decaysVectors: decaysVectors),
    ] as [any Optimizer] {
      var optimizer = optimizer
      var parameters = zeros.mapValues { $0 + 1 }
      optimizer.update(&parameters, gradients: zeros)
      #expect(parameters["matrix"]!.elements == [Float](repeating: 0.75, count: 6))
      #expect(parameters["vector"]!.elements == [Float](repeating: decaysVectors ? 0.75 : 1, count: 3))
    }
  }

  @Test("gradients are clipped as PyTorch clips them, on any number of threads, and only where they are long")
  func clipping() throws {
    let golden = try OptimizerGolden.stored
    let gradients = [
      "a": Tensor(shape: [37], golden.gradients[0]), "b": Tensor(shape: [37], golden.gradients[1]),
    ]
    let before = ComputeRuntime.threads
    defer { ComputeRuntime.threads = before }
    var first: [String: Tensor]?
    for threads in [1, 2, 3] {
      ComputeRuntime.threads = threads
      var clipped = gradients
      let norm = clipped.clip(toGlobalNorm: 0.5)
      #expect(abs(norm - golden.norm) <= 1e-6 * golden.norm)
      expectClose(clipped["a"]!.elements, golden.clipped[0], within: 1e-6, "a")
      expectClose(clipped["b"]!.elements, golden.clipped[1], within: 1e-6, "b")
      #expect(abs(clipped.globalNorm - 0.5) < 1e-5)
      #expect(first == nil || clipped == first)
      first = clipped
      clipped = gradients
      #expect(clipped.clip(toGlobalNorm: 2 * norm) == norm && clipped == gradients)
    }
    var broken = ["a": Tensor(shape: [2], [.infinity, 1])]
    #expect(broken.clip(toGlobalNorm: 1) == .infinity && broken["a"]!.elements == [.infinity, 1])
  }

  @Test("the average moves by its rule, from any step on, and leaves what others hold alone")
  func average() {
    let start = ["x": Tensor.random([40_001], seed: 1)]
    var average = WeightAverage(start, decay: 0.5)
    let steps = (0..<4).map { ["x": Tensor.random([40_001], seed: 2 + UInt64($0))] }
    var expected = start["x"]!.elements
    for (i, parameters) in steps.enumerated() {
      average.update(with: parameters)
      let kept = min(0.5, Float(2 + i) / Float(11 + i))
      expected = zip(expected, parameters["x"]!.elements).map { $0 * kept + $1 * (1 - kept) }
      expectClose(average.values["x"]!.elements, expected, within: 1e-6, "step \(i)")
      if i == 1 { average = WeightAverage(average.values, decay: 0.5, steps: average.steps) }
    }
    #expect(start["x"]! == Tensor.random([40_001], seed: 1))
    // Far on, the decay is what was asked for.
    var late = WeightAverage(["x": Tensor(1)], decay: 0.9, steps: 10_000)
    late.update(with: ["x": Tensor(2)])
    #expect(abs(late.values["x"]!.scalar - 1.1) < 1e-6 && late.steps == 10_001)
  }
}
