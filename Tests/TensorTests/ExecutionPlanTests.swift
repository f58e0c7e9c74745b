import Testing
import TestSupport

@testable import Tensor

/// Plans against tensor operations, layer by layer, on sizes that fit nothing: channels that are no multiples of a panel,
/// odd planes, several images, several threads.
@Suite("Execution plans")
struct ExecutionPlanTests {
  /// A graph and the same computation by tensor operations, built side by side.
  struct Twin {
    var graph = NetworkGraph()
    let memory = FilterMemory()
    var seed: UInt64
    let input: Tensor
    var x: (value: NetworkGraph.Value, tensor: Tensor)

    init(_ shape: [Int], seed: UInt64 = 1) {
      self.seed = seed
      input = Self.random(shape, seed &+ 99, scale: 1)
      x = (graph.input(channels: shape[1], height: shape[2], width: shape[3]), input)
    }

    static func random(_ shape: [Int], _ seed: UInt64, scale: Float) -> Tensor {
      var state = seed
      return Tensor(shape: shape) { out in
        for i in out.indices {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          out[i] = (Float(state >> 40) / Float(1 << 23) - 1) * scale
        }
      }
    }

    mutating func parameters(_ shape: [Int]) -> (filter: Tensor, bias: Tensor) {
      seed += 2
      let inputs = shape.dropFirst().reduce(1, *)
      return (
        Self.random(shape, seed, scale: (3 / Float(inputs)).squareRoot()),
        Self.random([shape[0]], seed + 1, scale: 0.1)
      )
    }

    mutating func convolve(
      _ output: Int, kernel: Int = 1, stride: Int = 1, isDepthwise: Bool = false,
      padding: Tensor.Padding? = nil, _ activation: Tensor.Activation
    ) {
      let (filter, bias) = parameters([output, isDepthwise ? 1 : x.value.channels, kernel, kernel])
      let padding =
        padding ?? .same(height: x.value.height, width: x.value.width, kernel: kernel, stride: stride)
      x.tensor = x.tensor.convolved(
        with: filter, bias: bias, stride: stride, padding: padding, groups: isDepthwise ? output : 1,
        activation: activation)
      x.value = graph.convolved(
        x.value, with: PackedFilter(filter, bias: bias, isDepthwise: isDepthwise, in: memory), stride: stride,
        padding: padding, activation: activation)
    }

    mutating func depthwise(
      _ kernel: Int, stride: Int = 1, padding: Tensor.Padding? = nil, _ activation: Tensor.Activation
    ) {
      convolve(
        x.value.channels, kernel: kernel, stride: stride, isDepthwise: true, padding: padding, activation)
    }

    /// Squeeze-and-excitation.
    mutating func squeeze(_ width: Int) {
      var (value, tensor) = (graph.pooled(x.value), x.tensor.globalAveragePooled())
      for (output, activation) in [(width, Tensor.Activation.silu), (x.value.channels, .sigmoid)] {
        let (weight, bias) = parameters([output, value.channels])
        value = graph.linear(value, PackedFilter(weight, bias: bias, in: memory), activation: activation)
        tensor = tensor.linear(weight: weight, bias: bias, activation: activation)
      }
      x = (graph.gated(x.value, by: value), x.tensor.multipliedPerChannel(by: tensor))
    }

    mutating func add(_ other: (value: NetworkGraph.Value, tensor: Tensor), _ activation: Tensor.Activation) {
      let missing = x.value.channels - other.value.channels
      x = (
        graph.sum(x.value, other.value, activation: activation),
        (x.tensor + other.tensor.padded(channels: missing)).activated(activation)
      )
    }

    mutating func bottleneck(_ output: Int, _ kernel: Int, stride: Int, expansion: Int) {
      let before = x
      if expansion > 1 { convolve(x.value.channels * expansion, .silu) }
      depthwise(kernel, stride: stride, .silu)
      squeeze(max(1, before.value.channels / 4))
      convolve(output, .identity)
      if stride == 1 && output == before.value.channels { add(before, .identity) }
    }

    /// BlazeFace's.
    mutating func block(_ output: Int, stride: Int) {
      let before = x
      depthwise(3, stride: stride, .identity)
      convolve(output, .identity)
      let shortcut =
        stride == 1
        ? before
        : (graph.maxPooled(before.value, size: 2), before.tensor.maxPooled(size: 2, stride: 2))
      add(shortcut, .relu)
    }

    func run(_ value: NetworkGraph.Value, threads: Int) -> Tensor {
      ExecutionPlan(graph, outputs: [value], images: input.shape[0], threads: threads).run(input)[0]
    }
  }

  func check(
    _ twin: Twin, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let plan = twin.run(twin.x.value, threads: 2)
    #expect(plan.shape == twin.x.tensor.shape, sourceLocation: sourceLocation)
    let peak = twin.x.tensor.elements.map(abs).max()!
    let largest = zip(plan.elements, twin.x.tensor.elements).map { abs($0 - $1) }.max()!
    print("\(name): largest difference \(largest / peak) of the peak")
    #expect(largest <= 2e-6 * peak, "\(name)", sourceLocation: sourceLocation)
    for threads in [1, 3, 5, 16] {
      #expect(
        twin.run(twin.x.value, threads: threads) == plan, "\(name), \(threads) threads",
        sourceLocation: sourceLocation)
    }
  }

  @Test("a stem of 3×3 and 5×5, stride 1 and 2", arguments: [(3, 2), (5, 2), (3, 1)])
  func stem(kernel: Int, stride: Int) {
    var twin = Twin([2, 3, 37, 29])
    twin.convolve(24, kernel: kernel, stride: stride, .silu)
    check(twin, "stem \(kernel)×\(kernel)/\(stride)")
  }

  @Test(
    "an inverted bottleneck", arguments: [3, 5],
    [(16, 24, 1, 6), (24, 24, 1, 6), (24, 40, 2, 6), (48, 24, 1, 1), (40, 40, 1, 1), (17, 9, 2, 3)])
  func bottleneck(kernel: Int, sizes: (input: Int, output: Int, stride: Int, expansion: Int)) {
    var twin = Twin([3, sizes.input, 23, 31])
    twin.bottleneck(sizes.output, kernel, stride: sizes.stride, expansion: sizes.expansion)
    check(twin, "bottleneck \(sizes), \(kernel)×\(kernel)")
  }

  @Test("planes smaller than the filter, and of one pixel", arguments: [(1, 1), (2, 1), (1, 5), (3, 3)])
  func tiny(height: Int, width: Int) {
    var twin = Twin([2, 24, height, width])
    twin.bottleneck(24, 5, stride: 1, expansion: 6)
    twin.bottleneck(40, 5, stride: 2, expansion: 6)
    check(twin, "\(height)×\(width)")
  }

  @Test(
    "BlazeFace's blocks, whose shortcut has fewer channels",
    arguments: [[24, 28, 32, 36], [42, 48, 56, 64], [64, 72, 80, 88], [30, 70]], [1, 2])
  func blocks(channels: [Int], stride: Int) {
    var twin = Twin([2, 3, 32, 40])
    twin.convolve(channels[0], kernel: 5, stride: 2, .relu)
    for next in channels.dropFirst() { twin.block(next, stride: next == channels[1] ? stride : 1) }
    check(twin, "blocks \(channels), stride \(stride)")
  }

  @Test("padding that leaves a part of the input out")
  func cut() {
    var twin = Twin([1, 16, 20, 21])
    twin.depthwise(5, padding: Tensor.Padding(top: 1, left: 0, bottom: 0, right: 2), .silu)
    twin.convolve(8, .relu)
    check(twin, "uneven padding")
  }

  @Test(
    "every stage on planes is shared out to all threads, small ones and large ones", arguments: [14, 60, 400])
  func sharing(side: Int) {
    var twin = Twin([1, 3, side, side])
    twin.convolve(48, kernel: 3, stride: 2, .silu)
    twin.bottleneck(24, 3, stride: 1, expansion: 1)
    twin.bottleneck(24, 3, stride: 1, expansion: 6)
    let plan = ExecutionPlan(twin.graph, outputs: [twin.x.value], images: 1, threads: 2)
    for stage in plan.summaries where stage.operations > 100_000 {
      #expect(stage.tasks >= 2, "\(stage.name)")
    }
  }

  @Test("many images, of which some are computed one by one, are the images by themselves")
  func images() {
    var twin = Twin([8, 3, 150, 140])
    twin.convolve(32, kernel: 3, stride: 2, .silu)
    twin.bottleneck(16, 3, stride: 1, expansion: 1)
    twin.bottleneck(24, 3, stride: 2, expansion: 6)
    twin.bottleneck(24, 5, stride: 1, expansion: 6)
    let all = twin.run(twin.x.value, threads: 2)
    let alone = ExecutionPlan(twin.graph, outputs: [twin.x.value], images: 1, threads: 2)
    for i in 0..<8 { #expect(all.rows(i..<i + 1) == alone.run(twin.input.rows(i..<i + 1))[0]) }
    check(twin, "eight images")
  }

  @Test(
    "means over the plane can be asked for, of a product's map as of a filter's", arguments: [true, false])
  func means(ofFilter: Bool) {
    var twin = Twin([3, 16, 11, 13])
    twin.convolve(40, .silu)
    if ofFilter { twin.depthwise(3, .silu) }
    twin.x = (twin.graph.pooled(twin.x.value), twin.x.tensor.globalAveragePooled())
    check(twin, "means")
  }

  @Test("every value can be asked for, and asking changes nothing")
  func outputs() {
    var twin = Twin([2, 3, 40, 40])
    var values: [(value: NetworkGraph.Value, tensor: Tensor)] = []
    twin.convolve(32, kernel: 3, stride: 2, .silu)
    values.append(twin.x)
    for stride in [1, 2, 1] {
      twin.bottleneck(24, 3, stride: stride, expansion: 6)
      values.append(twin.x)
    }
    let results = ExecutionPlan(twin.graph, outputs: values.map(\.value), images: 2, threads: 2).run(
      twin.input)
    for (result, (value, _)) in zip(results, values) { #expect(result == twin.run(value, threads: 2)) }
  }
}
