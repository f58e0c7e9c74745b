import Tensor

/// MesoNet (Afchar et al. 2018): two networks of some 28 thousand weights, for crops of 256 pixels: four blocks of
/// convolution, ReLU, BatchNorm and max pooling, a hidden layer of 16, one logit.
///
/// Parameters: `blocks.<i>.conv.weight|bias`, or `blocks.<i>.branches.<b>.<j>.weight|bias` for a block of parallel
/// branches; `blocks.<i>.norm.weight|bias|running_mean|running_var`; `hidden` and `classifier`, each with `.weight` and
/// `.bias`. The hidden layer reads channel by channel (Keras: place by place).
public struct MesoNet: Sendable, Hashable {
  /// The two networks, and a port that differs.
  public enum Variant: String, Sendable, Hashable, CaseIterable {
    /// Four plain convolutions.
    case meso4 = "Meso4"
    /// The first two blocks are four parallel branches, two of them dilated.
    case mesoInception4 = "MesoInception4"
    /// The PyTorch port that DeepfakeBench has: branches without ReLU.
    case mesoInception4WithoutReLU = "MesoInception4WithoutReLU"
  }

  /// One block: parallel branches, each a row of convolutions (output channels, filter side, dilation).
  struct Stage {
    let branches: [[(output: Int, kernel: Int, dilation: Int)]]
    let pool: Int
    var output: Int { branches.reduce(0) { $0 + $1.last!.output } }
  }

  /// Which one.
  public let variant: Variant

  /// A network of the family.
  public init(_ variant: Variant) { self.variant = variant }

  /// Units of the hidden layer.
  static let hidden = 16
  /// Side of the last block's planes.
  static let lastSide = 8

  /// The description.
  var stages: [Stage] {
    func plain(_ output: Int, _ kernel: Int, pool: Int) -> Stage {
      Stage(branches: [[(output, kernel, 1)]], pool: pool)
    }
    func inception(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Stage {
      Stage(
        branches: [
          [(a, 1, 1)], [(b, 1, 1), (b, 3, 1)], [(c, 1, 1), (c, 3, 2)], [(d, 1, 1), (d, 3, 3)],
        ], pool: 2)
    }
    let beginning =
      variant == .meso4
      ? [plain(8, 3, pool: 2), plain(8, 5, pool: 2)] : [inception(1, 4, 4, 2), inception(2, 4, 4, 2)]
    return beginning + [plain(16, 5, pool: 2), plain(16, 5, pool: 4)]
  }

  /// The name of convolution `j` of branch `b` of block `i`.
  static func convolution(_ i: Int, _ b: Int, _ j: Int, of stage: Stage) -> String {
    stage.branches.count == 1 ? "blocks.\(i).conv" : "blocks.\(i).branches.\(b).\(j)"
  }
}

extension MesoNet: NetworkLayout {
  var name: String { variant.rawValue }
  var nativeSize: Int { 256 }
  var hasFixedSize: Bool { true }
  var layers: [ConvolutionLayer] { [] }

  var blocks: [Block] {
    var stride = 1
    return stages.enumerated().map { i, stage in
      stride *= stage.pool
      return Block(name: "blocks.\(i)", channels: stage.output, stride: stride)
    }
  }

  var parameterShapes: [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    var input = 3
    for (i, stage) in stages.enumerated() {
      for (b, branch) in stage.branches.enumerated() {
        var channels = input
        for (j, convolution) in branch.enumerated() {
          let name = Self.convolution(i, b, j, of: stage)
          shapes["\(name).weight"] = [
            convolution.output, channels, convolution.kernel, convolution.kernel,
          ]
          shapes["\(name).bias"] = [convolution.output]
          channels = convolution.output
        }
      }
      input = stage.output
      for part in ["weight", "bias", "running_mean", "running_var"] {
        shapes["blocks.\(i).norm.\(part)"] = [input]
      }
    }
    shapes["hidden.weight"] = [Self.hidden, input * Self.lastSide * Self.lastSide]
    shapes["hidden.bias"] = [Self.hidden]
    shapes["classifier.weight"] = [1, Self.hidden]
    shapes["classifier.bias"] = [1]
    return shapes
  }

  func run(_ index: Int, _ x: Tensor, _ pass: some TensorPass) -> Tensor {
    let stage = stages[index]
    let activatesBranches = stage.branches.count == 1 || variant != .mesoInception4WithoutReLU
    let outputs = stage.branches.enumerated().map { b, branch in
      branch.enumerated().reduce(x) { x, convolution in
        let (j, (_, _, dilation)) = convolution
        return pass.convolve(
          x, Self.convolution(index, b, j, of: stage), dilation: dilation,
          activatesBranches ? .relu : .identity)
      }
    }
    let normalized = pass.normalize(
      Tensor.concatenated(outputs, axis: 1), "blocks.\(index).norm", epsilon: nil)
    return normalized.maxPooled(size: stage.pool, stride: stage.pool)
  }

  func classify(_ x: Tensor, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor {
    var x = pass.dropout(x.reshaped([x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]]))
    x = pass.linear(x, "hidden", .identity)
    x = x * 0.1 + x.relu() * 0.9  // LeakyReLU with slope 0.1
    return pass.linear(pass.dropout(x), "classifier", .identity)
  }
}
