import Tensor

/// Training: a description becomes a graph of the training passes' operations.
final class TrainingPass: Pass {
  private let padding: [String: Tensor.Padding]
  private let images: Int
  private(set) var regularization: Regularization?
  private(set) var graph = TrainingGraph()

  init(padding: [String: Tensor.Padding], images: Int, regularization: Regularization?) {
    self.padding = padding
    self.images = images
    self.regularization = regularization
  }

  func convolve(
    _ x: TrainingGraph.Value, _ layer: ConvolutionLayer, _ activation: Tensor.Activation
  ) -> TrainingGraph.Value {
    graph.convolved(
      x,
      .init(
        name: layer.name, input: layer.input, output: layer.output, kernel: layer.kernel,
        stride: layer.stride,
        isDepthwise: layer.isDepthwise, padding: padding[layer.name]!, activation: activation))
  }

  func linear(_ x: TrainingGraph.Value, _ name: String, _ activation: Tensor.Activation)
    -> TrainingGraph.Value
  {
    graph.linear(x, name, activation)
  }

  func pool(_ x: TrainingGraph.Value) -> TrainingGraph.Value { graph.pooled(x) }
  func gate(_ x: TrainingGraph.Value, by gate: TrainingGraph.Value) -> TrainingGraph.Value {
    graph.gated(x, by: gate)
  }
  func sum(_ x: TrainingGraph.Value, _ y: TrainingGraph.Value) -> TrainingGraph.Value { graph.sum(x, y) }

  func dropPath(_ x: TrainingGraph.Value, depth: Double) -> TrainingGraph.Value {
    guard let factors = regularization?.pathFactors(images, depth: depth) else { return x }
    return graph.scaled(x, by: factors)
  }
}

extension PlannableLayout {
  /// The whole network, up to what the classifier sees, for training.
  func trace(_ pass: TrainingPass) {
    var x = pass.graph.input
    for index in blocks.indices { x = run(index, x, pass) }
    _ = summarize(x, pass)
  }
}
