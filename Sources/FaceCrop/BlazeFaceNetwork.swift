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

  private let stem: Convolution
  private let fine: [Block]
  private let coarse: [Block]
  private let scores: [Convolution]
  private let boxes: [Convolution]

  /// The network of `weights`; `file` is named in errors.
  init(_ weights: Weights, file: String) throws(WeightsError) {
    func convolution(_ name: String, _ shape: [Int]) throws(WeightsError) -> Convolution {
      guard let filter = weights["\(name).weight"], let bias = weights["\(name).bias"] else {
        throw WeightsError(file: file, problem: "is not BlazeFace: it has no \(name).weight and .bias")
      }
      guard filter.shape == shape, bias.shape == [shape[0]] else {
        throw WeightsError(
          file: file, problem: "is not short-range BlazeFace: \(name).weight is \(filter.shape), not \(shape)"
        )
      }
      return Convolution(filter: filter, bias: bias)
    }
    func blocks(_ name: String, from first: Int, _ channels: [Int], strides: [Int: Int]) throws(WeightsError)
      -> [Block]
    {
      var blocks: [Block] = []
      for (i, (before, after)) in zip(channels, channels.dropFirst()).enumerated() {
        let part = "\(name).\(first + i).convs"
        blocks.append(
          Block(
            depthwise: try convolution("\(part).0", [before, 1, 3, 3]),
            pointwise: try convolution("\(part).1", [after, before, 1, 1]), stride: strides[i] ?? 1))
      }
      return blocks
    }
    stem = try convolution("backbone1.0", [24, 3, 5, 5])
    fine = try blocks(
      "backbone1", from: 2, [24, 24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88], strides: [2: 2, 5: 2])
    coarse = try blocks("backbone2", from: 0, [88, 96, 96, 96, 96, 96], strides: [0: 2])
    scores = [
      try convolution("classifier_8", [2, 88, 1, 1]), try convolution("classifier_16", [6, 96, 1, 1]),
    ]
    boxes = [
      try convolution("regressor_8", [32, 88, 1, 1]), try convolution("regressor_16", [96, 96, 1, 1]),
    ]
  }

  /// Candidates of `[N, 3, 128, 128]`, RGB in [−1, 1].
  ///
  /// - Returns: `logits` `[N, 896]`; `boxes` `[N, 896, 16]`: centre, width and height, then the six keypoints, in input
  ///   pixels, points as offsets from the anchor.
  func callAsFunction(_ input: Tensor) -> (logits: Tensor, boxes: Tensor) {
    let count = input.shape[0]
    var x = stem(input, stride: 2, activation: .relu)
    for block in fine { x = block(x) }  // [N, 88, 16, 16]
    var y = x
    for block in coarse { y = block(y) }  // [N, 96, 8, 8]

    // Position by position, the values of a position's anchors one after the other.
    func rows(_ heads: [Convolution], _ width: Int) -> Tensor {
      Tensor.concatenated(
        zip(heads, [x, y]).map { head, features in
          head(features).permuted([0, 2, 3, 1]).reshaped([
            count,
            features.shape[2] * features.shape[3]
              * head.channels / width, width,
          ])
        }, axis: 1)
    }
    return (rows(scores, 1).reshaped([count, Self.anchors.count]), rows(boxes, 16))
  }

  /// A depthwise and a pointwise convolution with a shortcut, which is pooled and filled up with zero channels.
  private struct Block: Sendable {
    let depthwise: Convolution
    let pointwise: Convolution
    let stride: Int

    func callAsFunction(_ x: Tensor) -> Tensor {
      let shortcut = stride == 1 ? x : x.maxPooled(size: stride, stride: stride)
      let features = pointwise(depthwise(x, stride: stride, groups: x.shape[1]))
      return (features + shortcut.padded(channels: pointwise.channels - x.shape[1])).relu()
    }
  }

  private struct Convolution: Sendable {
    let filter: Tensor
    let bias: Tensor

    var channels: Int { filter.shape[0] }

    func callAsFunction(
      _ x: Tensor, stride: Int = 1, groups: Int = 1, activation: Tensor.Activation = .identity
    ) -> Tensor {
      x.convolved(
        with: filter, bias: bias, stride: stride,
        padding: .same(height: x.shape[2], width: x.shape[3], kernel: filter.shape[2], stride: stride),
        groups: groups, activation: activation)
    }
  }
}
