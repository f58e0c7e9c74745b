import Foundation
import Tensor
import TestSupport
import Testing

/// A network of every kind of layer that the training passes have, small enough for finite differences.
private struct SmallNetwork {
  typealias Convolution = TrainingGraph.Convolution

  let input: Tensor
  var graph = TrainingGraph()
  var parameters: [String: Tensor] = [:]
  private var reference: [([String: Tensor], Tensor) -> Tensor] = []
  private var last: TrainingGraph.Value
  private let epsilon: Float = 1e-3
  private let isFrozen: Bool

  /// Stem, bottlenecks with filters of 3 and 5, strides of 1 and 2, with and without expansion and shortcut, head.
  /// Channels are no multiples of 16, sizes are odd, paddings differ from side to side.
  init(images: Int, height: Int = 23, width: Int = 19, isFrozen: Bool = false) {
    self.isFrozen = isFrozen
    input = .random([images, 3, height, width], seed: 1)
    last = graph.input
    stem(20, .same(height: height, width: width, kernel: 3, stride: 2))
    bottleneck("a", 20, 12, kernel: 3, stride: 1, expansion: 1)
    bottleneck("b", 12, 12, kernel: 3, stride: 1, expansion: 1, shortcut: true)
    bottleneck("c", 12, 24, kernel: 5, stride: 1, expansion: 6, images: images)
    bottleneck("d", 24, 24, kernel: 5, stride: 1, expansion: 3, shortcut: true, images: images)
    bottleneck("e", 24, 40, kernel: 3, stride: 2, expansion: 2)
    bottleneck("f", 40, 40, kernel: 3, stride: 1, expansion: 6, shortcut: true)
    bottleneck("g", 40, 18, kernel: 5, stride: 2, expansion: 2)
    _ = convolve(last, "head", 18, 50, 1, 1, .zero, .silu)
    last = graph.pooled(last)
    reference.append { _, x in x.globalAveragePooled() }
  }

  private mutating func note(_ name: String, _ shape: [Int], around middle: Float = 0, within size: Float) {
    parameters[name] = Tensor.seeded(name, shape) * size + Tensor(shape: shape, repeating: middle)
  }

  private mutating func convolve(
    _ x: TrainingGraph.Value, _ name: String, _ input: Int, _ output: Int, _ kernel: Int, _ stride: Int,
    _ padding: Tensor.Padding, _ activation: Tensor.Activation, isDepthwise: Bool = false
  ) -> (([String: Tensor], Tensor) -> Tensor) {
    let shape = [output, isDepthwise ? 1 : input, kernel, kernel]
    let fanIn = shape.dropFirst().reduce(1, *)
    note("\(name).conv.weight", shape, within: (6 / Float(fanIn)).squareRoot())
    note("\(name).norm.weight", [output], around: 1, within: 0.3)
    note("\(name).norm.bias", [output], within: 0.3)
    note("\(name).norm.running_mean", [output], within: 0.2)
    note("\(name).norm.running_var", [output], around: 0.6, within: 0.4)
    last = graph.convolved(
      x,
      Convolution(
        name: name, input: input, output: output, kernel: kernel, stride: stride, isDepthwise: isDepthwise,
        padding: padding, activation: activation))
    let (epsilon, isFrozen) = (epsilon, isFrozen)
    let compute: ([String: Tensor], Tensor) -> Tensor = { p, x in
      let map = x.convolved(
        with: p["\(name).conv.weight"]!, stride: stride, padding: padding, groups: isDepthwise ? output : 1)
      let (scale, offset) = (p["\(name).norm.weight"]!, p["\(name).norm.bias"]!)
      let normalized =
        if isFrozen {
          map.batchNormalized(
            scale: scale, offset: offset, mean: p["\(name).norm.running_mean"]!,
            variance: p["\(name).norm.running_var"]!, epsilon: epsilon)
        } else {
          map.batchNormalizedByBatch(scale: scale, offset: offset, epsilon: epsilon).result
        }
      return normalized.activated(activation)
    }
    if !name.contains(".") { reference.append(compute) }
    return compute
  }

  private mutating func stem(_ output: Int, _ padding: Tensor.Padding) {
    _ = convolve(last, "stem", 3, output, 3, 2, padding, .silu)
  }

  private mutating func bottleneck(
    _ name: String, _ input: Int, _ output: Int, kernel: Int, stride: Int, expansion: Int,
    shortcut: Bool = false,
    images: Int? = nil
  ) {
    let (start, wide, narrow) = (last, input * expansion, max(1, input / 4))
    let expand = expansion == 1 ? nil : convolve(last, "\(name).expand", input, wide, 1, 1, .zero, .silu)
    let padding =
      stride == 1 ? Tensor.Padding(kernel / 2) : Tensor.Padding(top: 0, left: 1, bottom: 2, right: 1)
    let filter = convolve(
      last, "\(name).depthwise", wide, wide, kernel, stride, padding, .silu, isDepthwise: true)
    let filtered = last
    for (layer, from, to) in [("reduce", wide, narrow), ("squeeze", narrow, wide)] {
      note("\(name).\(layer).weight", [to, from], within: (6 / Float(from)).squareRoot())
      note("\(name).\(layer).bias", [to], within: 0.5)
    }
    last = graph.pooled(last)
    last = graph.linear(last, "\(name).reduce", .silu)
    last = graph.linear(last, "\(name).squeeze", .sigmoid)
    last = graph.gated(filtered, by: last)
    let project = convolve(last, "\(name).project", wide, output, 1, 1, .zero, .identity)
    let factors = images.map { count in (0..<count).map { $0 % 3 == 1 ? Float(0) : 1.25 } }
    if let factors { last = graph.scaled(last, by: factors) }
    if shortcut { last = graph.sum(last, start) }
    reference.append { p, input in
      let x = filter(p, expand?(p, input) ?? input)
      let gate = x.globalAveragePooled()
        .linear(weight: p["\(name).reduce.weight"]!, bias: p["\(name).reduce.bias"]!, activation: .silu)
        .linear(weight: p["\(name).squeeze.weight"]!, bias: p["\(name).squeeze.bias"]!, activation: .sigmoid)
      var y = project(p, x.multipliedPerChannel(by: gate))
      if let factors {
        y = y.multipliedPerChannel(
          by: Tensor(
            shape: [factors.count, output], factors.flatMap { [Float](repeating: $0, count: output) }))
      }
      return shortcut ? y + input : y
    }
  }

  /// The result by tensor operations.
  func expected(_ parameters: [String: Tensor], _ x: Tensor) -> Tensor {
    reference.reduce(x) { x, block in block(parameters, x) }
  }

  /// The names of what can be learned.
  var learned: [String] { parameters.keys.filter { !$0.contains(".running_") }.sorted() }

  func run(_ parameters: [String: Tensor], _ x: Tensor) throws -> TrainingRun {
    try run(parameters, x, blocks: 0..<9)
  }

  private func run(_ parameters: [String: Tensor], _ x: Tensor, blocks: Range<Int>) throws -> TrainingRun {
    TrainingRun(
      Array(try #require(graph.blocks)[blocks]), x, parameters: parameters, epsilon: epsilon,
      isFrozen: isFrozen, memory: TrainingMemory())
  }

  /// Forwards and backwards in runs that are cut before blocks `cuts`.
  func runCut(
    before cuts: [Int], seed: Tensor
  ) throws -> (result: Tensor, parameters: [String: Tensor], input: Tensor) {
    var (x, runs) = (input, [TrainingRun]())
    for (start, end) in zip([0] + cuts, cuts + [9]) {
      runs.append(try run(parameters, x, blocks: start..<end))
      x = runs.last!.forward()
    }
    let result = x
    var (gradient, gradients) = (seed, [String: Tensor]())
    for run in runs.reversed() {
      let found = run.backward(gradient, wanted: Set(learned), input: true)
      #expect(gradients.keys.allSatisfy { found.parameters[$0] == nil }, "a parameter of two runs")
      gradients.merge(found.parameters) { $1 }
      #expect(Set(found.parameters.keys) == Set(run.parameterNames))
      gradient = try #require(found.input)
    }
    return (result, gradients, gradient)
  }
}

@Suite("Training passes", .serialized)
struct TrainingTests {
  @Test(
    "results and all gradients agree with those of tensor operations, with the batch's statistics and frozen ones",
    arguments: [1, 3, 8], [false, true])
  func operations(images: Int, isFrozen: Bool) throws {
    let network = SmallNetwork(images: images, isFrozen: isFrozen)
    let (names, input) = (network.learned, network.input.tracked())
    let tracked = network.parameters.mapValues { $0.tracked() }
    let expected = network.expected(tracked, input)
    let seed = Tensor.random(expected.shape, seed: 7)
    let gradients = expected.gradients(of: [input] + names.map { tracked[$0]! }, seed: seed)
    let run = try network.run(network.parameters, network.input)
    expectClose(run.forward().elements, expected.elements, within: 2e-5, "\(images) images, result")
    let found = run.backward(seed, wanted: Set(names), input: true)
    #expect(found.parameters.count == names.count)
    expectClose(found.input!.elements, gradients[0].elements, within: 2e-4, "\(images) images, input")
    for (name, gradient) in zip(names, gradients.dropFirst()) {
      // Of a filter before a normalisation by few pixels the gradient is nearly nothing: its errors count as a share of
      // the network's typical gradient.
      expectClose(
        found.parameters[name]!.elements, gradient.elements, within: 2e-4,
        of: max(gradient.largestMagnitude, 0.02),
        "\(images) images, \(name)")
    }
  }

  @Test("frozen statistics matter, and are none of the batch's")
  func frozen() throws {
    var network = SmallNetwork(images: 2, isFrozen: true)
    let run = try network.run(network.parameters, network.input)
    let result = run.forward()
    #expect(run.statistics.isEmpty)
    for name in ["d.depthwise.norm.running_mean", "d.depthwise.norm.running_var"] {
      network.parameters[name] = network.parameters[name]! + 0.2
      #expect(try network.run(network.parameters, network.input).forward() != result)
    }
    let changing = SmallNetwork(images: 2)
    #expect(try changing.run(changing.parameters, changing.input).forward() != result)
  }

  @Test(
    "in runs that are cut between blocks results are the same, and gradients to rounding",
    arguments: [[3], [6], [8], [3, 4, 5, 6, 7, 8]], [false, true])
  func cuts(cuts: [Int], isFrozen: Bool) throws {
    let network = SmallNetwork(images: 3, isFrozen: isFrozen)
    let whole = try network.run(network.parameters, network.input)
    let result = whole.forward()
    let seed = Tensor.random(result.shape, seed: 7)
    let expected = whole.backward(seed, wanted: Set(network.learned), input: true)
    let found = try network.runCut(before: cuts, seed: seed)
    #expect(found.result == result)
    #expect(Set(found.parameters.keys) == Set(network.learned))
    expectClose(found.input.elements, expected.input!.elements, within: 1e-5, "input")
    for name in network.learned {
      let gradient = expected.parameters[name]!
      expectClose(
        found.parameters[name]!.elements, gradient.elements, within: 1e-4,
        of: max(gradient.largestMagnitude, 0.02), name)
    }
  }

  @Test("gradients agree with finite differences")
  func finiteDifferences() throws {
    let network = SmallNetwork(images: 2)
    let run = try network.run(network.parameters, network.input)
    let seed = Tensor.random(run.forward().shape, seed: 3)
    func value(_ parameters: [String: Tensor], _ x: Tensor) throws -> Double {
      zip(try network.run(parameters, x).forward().elements, seed.elements).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
    let found = run.backward(seed, wanted: Set(network.learned), input: true)
    let step: Float = 4e-3
    func check(_ name: String, _ gradient: Tensor, _ change: (Int, Float) throws -> Double) throws {
      let positions = samplePositions(name, size: gradient.count, count: 6)
      let differences = try positions.map { i in
        Float((try change(i, step) - change(i, -step)) / Double(2 * step))
      }
      expectClose(
        gradient.samples(at: positions), differences, within: 2e-2, of: max(gradient.largestMagnitude, 0.05),
        name)
    }
    for name in network.learned {
      try check(name, found.parameters[name]!) { i, by in
        var changed = network.parameters
        changed[name]!.withUnsafeMutableBufferPointer { $0[i] += by }
        return try value(changed, network.input)
      }
    }
    try check("input", found.input!) { i, by in
      var changed = network.input
      changed.withUnsafeMutableBufferPointer { $0[i] += by }
      return try value(network.parameters, changed)
    }
  }

  @Test("not a bit depends on the number of threads, or on what lies in memory")
  func threads() throws {
    let network = SmallNetwork(images: 5, height: 47, width: 50)
    let before = ComputeRuntime.threads
    defer { ComputeRuntime.threads = before }
    var first: (Tensor, [String: Tensor], Tensor)?
    for threads in [1, 2, 3, 5, 1] {
      ComputeRuntime.threads = threads
      let run = try network.run(network.parameters, network.input)
      let result = run.forward()
      let seed = Tensor.random(result.shape, seed: 7)
      for _ in 0..<2 {  // backwards as often as somebody asks
        let found = run.backward(seed, wanted: Set(network.learned), input: true)
        if let first {
          #expect(
            result == first.0 && found.parameters == first.1 && found.input! == first.2, "\(threads) threads")
        }
        first = first ?? (result, found.parameters, found.input!)
      }
    }
  }

  @Test("only what is wanted is handed out, and it is the same as among all")
  func wanted() throws {
    let network = SmallNetwork(images: 2)
    let run = try network.run(network.parameters, network.input)
    let seed = Tensor.random(run.forward().shape, seed: 7)
    let all = run.backward(seed, wanted: Set(network.learned), input: false)
    let names: Set = ["c.expand.conv.weight", "stem.norm.bias", "d.squeeze.weight"]
    let some = run.backward(seed, wanted: names, input: false)
    #expect(all.input == nil && Set(some.parameters.keys) == names)
    #expect(names.allSatisfy { some.parameters[$0]! == all.parameters[$0]! })
  }

  @Test("statistics are those of the batch, far from zero too")
  func statistics() throws {
    var network = SmallNetwork(images: 3)
    // A large mean beside a small variance: sums of squares would lose all digits.
    let far = Tensor(shape: network.input.shape, repeating: 300)
    network.parameters["stem.conv.weight"] = Tensor.seeded("far", [20, 3, 3, 3]) + 1
    let run = try network.run(network.parameters, network.input * 0.1 + far)
    _ = run.forward()
    let (mean, variance) = run.statistics["stem.norm"]!
    let padding = Tensor.Padding.same(height: 23, width: 19, kernel: 3, stride: 2)
    let map = (network.input * 0.1 + far).convolved(
      with: network.parameters["stem.conv.weight"]!, stride: 2, padding: padding)
    let plane = map.shape[2] * map.shape[3]
    for c in 0..<20 {
      let values = (0..<3).flatMap { n in
        (0..<plane).map { Double(map.elements[(n * 20 + c) * plane + $0]) }
      }
      let exact = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - exact) * ($1 - exact) } / Double(values.count)
      #expect(abs(Double(mean[c]) - exact) <= 1e-6 * abs(exact))
      #expect(abs(Double(variance[c]) - squares) <= 1e-4 * squares)
    }
  }

  @Test("a graph of another kind has no blocks")
  func otherGraphs() {
    var graph = TrainingGraph()
    #expect(graph.blocks == nil)
    let x = graph.convolved(
      graph.input,
      .init(
        name: "a", input: 3, output: 8, kernel: 3, stride: 1, isDepthwise: false, padding: .zero,
        activation: .silu))
    #expect(graph.blocks == nil)
    _ = graph.pooled(x)
    #expect(graph.blocks == nil)
  }
}
