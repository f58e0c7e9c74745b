public import Tensor

/// An ``Architecture`` with weights: computes logits, activations and attention of normalised pictures.
public struct Network: Sendable {
  /// What it is.
  public let architecture: Architecture
  /// How convolutions are padded.
  public let padding: Padding
  /// BatchNorm's ε.
  public let epsilon: Float
  /// All parameters and running statistics, under the names of ``Architecture/parameterShapes``.
  public let parameters: [String: Tensor]
  private let layout: any NetworkLayout
  private let folded: FoldedConvolutions

  /// A network from its parameters.
  ///
  /// - Parameters:
  ///   - padding: ignored by MesoNet, whose ports agree.
  ///   - parameters: exactly the tensors of ``Architecture/parameterShapes``.
  /// - Throws: ``DetectorError`` that lists what is missing, unknown or of another shape.
  public init(
    _ architecture: Architecture, padding: Padding, epsilon: Float, parameters: [String: Tensor]
  ) throws(DetectorError) {
    try TensorDifference(
      expected: architecture.parameterShapes, found: parameters.mapValues(\.shape)
    ).check(architecture.name)
    self.architecture = architecture
    self.padding = padding
    self.epsilon = epsilon
    self.parameters = parameters
    layout = architecture.layout
    folded = FoldedConvolutions(layout.layers, parameters, epsilon: epsilon)
  }

  /// Logits `[N]` of normalised pictures `[N, 3, H, W]`.
  public func logits(_ x: Tensor) -> Tensor { attention(x).logits }

  /// Logits `[N]` of normalised pictures `[N, 3, H, W]`, and the attention map `[N, h, w]` of each of the
  /// architecture's levels.
  public func attention(_ x: Tensor) -> (logits: Tensor, maps: [Tensor]) {
    var flow = Flow()
    let pass = inference(x)
    let features = run(x, 0..<architecture.blocks.count, &flow, pass)
    let logits = classify(features, &flow, pass)
    return (logits, flow.maps)
  }

  /// The output of each block in turn, before the classifier, for pictures `[N, 3, H, W]`.
  public func activations(_ x: Tensor) -> [Tensor] {
    let pass = inference(x)
    var (x, flow, result) = (x, Flow(), [Tensor]())
    for index in 0..<architecture.blocks.count {
      x = run(x, index..<index + 1, &flow, pass)
      result.append(x)
    }
    return result
  }

  /// The activations of block `index`, and the logits as a function of them: the activations are a tracked leaf.
  func split(_ x: Tensor, after index: Int) -> (activations: Tensor, logits: Tensor) {
    let pass = inference(x)
    var flow = Flow()
    let activations = run(x, 0..<index + 1, &flow, pass).tracked()
    if layout.isTap(index) { flow.taps[flow.taps.count - 1] = activations }
    let features = run(activations, index + 1..<architecture.blocks.count, &flow, pass)
    return (activations, classify(features, &flow, pass))
  }

  /// Logits `[N]` as a function of `parameters`, which may be tracked: the form that training uses.
  ///
  /// - Parameters:
  ///   - parameters: in place of the network's own, same names and shapes.
  ///   - statistics: whether BatchNorm uses its running statistics or those of the batch.
  ///   - regularization: dropout and stochastic depth; none if nil.
  /// - Returns: the logits, and the batch's mean and variance for each normalisation by name if they were used.
  public func logits(
    _ x: Tensor, parameters: [String: Tensor], statistics: BatchStatistics,
    regularization: Regularization? = nil
  ) -> (logits: Tensor, statistics: [String: (mean: Tensor, variance: Tensor)]) {
    let pass = LearningPass(
      padding: paddings(x), parameters: parameters, epsilon: epsilon, statistics: statistics,
      regularization: regularization)
    var flow = Flow()
    let features = run(x, 0..<architecture.blocks.count, &flow, pass)
    let logits = classify(features, &flow, pass)
    return (logits, pass.batchStatistics)
  }

  private func run(_ x: Tensor, _ blocks: Range<Int>, _ flow: inout Flow, _ pass: some Pass) -> Tensor {
    var x = x
    for index in blocks {
      x = layout.run(index, x, &flow, pass)
      if layout.isTap(index) { flow.taps.append(x) }
    }
    return x
  }

  private func classify(_ x: Tensor, _ flow: inout Flow, _ pass: some Pass) -> Tensor {
    layout.classify(x, &flow, pass).reshaped([x.shape[0]])
  }

  private func inference(_ x: Tensor) -> InferencePass {
    InferencePass(padding: paddings(x), parameters: parameters, convolutions: folded.all, epsilon: epsilon)
  }

  private func paddings(_ x: Tensor) -> [String: Tensor.Padding] {
    padding.paddings(
      for: layout.layers, height: x.shape[2], width: x.shape[3], nativeSize: layout.nativeSize)
  }
}
