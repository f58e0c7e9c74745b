import Tensor

/// BlazeFace's network, short range: 128×128 pixels in, 896 candidate faces out.
///
/// Bazarevsky et al., *BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs* (arXiv 1907.05047), in the
/// simpler form that MediaPipe ships (single blocks only); names are those of hollance/BlazeFace-PyTorch.
struct BlazeFaceNetwork: Sendable {
  /// Side of the input in pixels.
  static let side = 128

  /// Centre of each candidate's anchor as a share of the side: two in each cell of a 16×16 grid, then six in each of an
  /// 8×8 one. Anchors have the size of the whole input.
  static let anchors: [(x: Float, y: Float)] = [(cells: 16, each: 2), (cells: 8, each: 6)].flatMap { grid in
    (0..<grid.cells * grid.cells * grid.each).map { i in
      let cell = i / grid.each
      return (
        (Float(cell % grid.cells) + 0.5) / Float(grid.cells),
        (Float(cell / grid.cells) + 0.5) / Float(grid.cells)
      )
    }
  }

  private let plan: ExecutionPlan

  /// The network of `weights`; `file` is named in errors.
  init(_ weights: Weights, file: String) throws(WeightsError) {
    let memory = FilterMemory()
    var graph = NetworkGraph()
    func tensors(_ name: String, _ shape: [Int]) throws(WeightsError) -> (filter: Tensor, bias: Tensor) {
      guard let filter = weights["\(name).weight"], let bias = weights["\(name).bias"] else {
        throw WeightsError(file: file, problem: "is not BlazeFace: it has no \(name).weight and .bias")
      }
      guard filter.shape == shape, bias.shape == [shape[0]] else {
        throw WeightsError(
          file: file, problem: "is not short-range BlazeFace: \(name).weight is \(filter.shape), not \(shape)"
        )
      }
      return (filter, bias)
    }
    func convolved(
      _ x: NetworkGraph.Value, _ name: String, _ shape: [Int], stride: Int = 1,
      activation: Tensor.Activation = .identity
    ) throws(WeightsError) -> NetworkGraph.Value {
      let (filter, bias) = try tensors(name, shape)
      return graph.convolved(
        x, with: PackedFilter(filter, bias: bias, isDepthwise: shape[1] == 1, in: memory), stride: stride,
        padding: .same(height: x.height, width: x.width, kernel: shape[2], stride: stride),
        activation: activation)
    }
    /// A depthwise and a pointwise convolution with a shortcut, which is pooled and filled up with zero channels.
    func block(_ x: NetworkGraph.Value, _ name: String, _ output: Int, stride: Int) throws(WeightsError)
      -> NetworkGraph.Value
    {
      let features = try convolved(
        convolved(x, "\(name).convs.0", [x.channels, 1, 3, 3], stride: stride), "\(name).convs.1",
        [output, x.channels, 1, 1])
      return graph.sum(features, stride == 1 ? x : graph.maxPooled(x, size: stride), activation: .relu)
    }
    /// Scores and boxes of a grid's cells by one product.
    func head(_ x: NetworkGraph.Value, _ grid: String, anchors: Int) throws(WeightsError)
      -> NetworkGraph.Value
    {
      let scores = try tensors("classifier_\(grid)", [anchors, x.channels, 1, 1])
      let boxes = try tensors("regressor_\(grid)", [anchors * 16, x.channels, 1, 1])
      return graph.convolved(
        x,
        with: PackedFilter(
          .concatenated([scores.filter, boxes.filter]), bias: .concatenated([scores.bias, boxes.bias]),
          in: memory))
    }

    var x = graph.input(channels: 3, height: Self.side, width: Self.side)
    x = try convolved(x, "backbone1.0", [24, 3, 5, 5], stride: 2, activation: .relu)
    for (i, channels) in [24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88].enumerated() {
      x = try block(x, "backbone1.\(i + 2)", channels, stride: i == 2 || i == 5 ? 2 : 1)
    }
    let fine = try head(x, "8", anchors: 2)
    for i in 0..<5 { x = try block(x, "backbone2.\(i)", 96, stride: i == 0 ? 2 : 1) }
    let coarse = try head(x, "16", anchors: 6)
    plan = ExecutionPlan(graph, outputs: [fine, coarse], images: 1, threads: 1)
  }

  /// Candidates of `[1, 3, 128, 128]`, RGB in [−1, 1], on the calling thread alone.
  func callAsFunction(_ input: Tensor) -> Candidates {
    let outputs = plan.run(input)
    return Candidates(fine: outputs[0], coarse: outputs[1])
  }

  /// What the network says of each anchor.
  struct Candidates: Sendable {
    /// `[1, 2 + 2 · 16, 16, 16]`: logits of a cell's anchors, then the sixteen values of each.
    fileprivate let fine: Tensor
    /// `[1, 6 + 6 · 16, 8, 8]`.
    fileprivate let coarse: Tensor

    /// Calls `body` with each anchor's number and logit, and how to get its values: centre, width and height, then the six
    /// keypoints, in input pixels, points as offsets from the anchor.
    func forEachAnchor(
      _ body: (_ anchor: Int, _ logit: Float, _ value: (Int) -> Float) -> Void
    ) {
      var anchor = 0
      for (grid, each) in [(fine, 2), (coarse, 6)] {
        let cells = grid.shape[2] * grid.shape[3]
        grid.withUnsafeBufferPointer { planes in
          for cell in 0..<cells {
            for a in 0..<each {
              body(anchor, planes[a * cells + cell]) { planes[(each + a * 16 + $0) * cells + cell] }
              anchor += 1
            }
          }
        }
      }
    }
  }
}
