import Tensor

/// The networks that this package runs: a family, and which member of it.
///
/// An architecture is a description: names and shapes of parameters, blocks, levels of attention. With weights it is a
/// ``Network``.
public enum Architecture: Sendable, Hashable {
  /// EfficientNet B0 … B7, plain or with attention.
  case efficientNet(EfficientNet)
  /// Meso4 or MesoInception4.
  case mesoNet(MesoNet)

  /// Such as `EfficientNetB4`, `EfficientNetAutoAttB4ST`, `EfficientNetLTPAB7`, `Meso4`.
  public var name: String { layout.name }
  /// Names and shapes of all parameters and running statistics.
  public var parameterShapes: [String: [Int]] { layout.parameterShapes }
  /// The places where activations can be asked for, from the input to the last one before pooling.
  public var blocks: [Block] { layout.blocks }
  /// The blocks that it has attention maps of, from fine to coarse; empty for most.
  public var attentionLevels: [Block] { layout.attentionLevels }
  /// Side of the pictures that it was designed for, in pixels.
  public var nativeSize: Int { layout.nativeSize }
  /// Whether it takes pictures of ``nativeSize`` only.
  public var hasFixedSize: Bool { layout.hasFixedSize }
  /// Why its attention should not be trusted, if there is a reason.
  public var warning: String? { layout.warning }

  var layout: any NetworkLayout {
    switch self {
    case .efficientNet(let layout): layout
    case .mesoNet(let layout): layout
    }
  }
}

/// What one file of `Architectures` describes: a network as a row of blocks and a classifier.
///
/// To add an architecture: a struct that conforms, a case of ``Architecture``, a dialect for the names in its authors'
/// checkpoints (`Checkpoints/`), and a golden of theirs.
protocol NetworkLayout: Sendable {
  var name: String { get }
  var nativeSize: Int { get }
  var hasFixedSize: Bool { get }
  var warning: String? { get }
  /// Convolutions with BatchNorm right behind them, in the order in which they run.
  var layers: [ConvolutionLayer] { get }
  var parameterShapes: [String: [Int]] { get }
  var blocks: [Block] { get }
  var attentionLevels: [Block] { get }
  /// Whether the classifier looks at block `index` itself, besides what comes after it.
  func isTap(_ index: Int) -> Bool
  /// Whether ``attend(_:_:_:)`` stands between block `index` and the one before.
  func isAttended(before index: Int) -> Bool
  /// What stands there: attention that looks at a block's output as a whole.
  func attend(_ x: Tensor, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor
  /// The output of block `index` from that of the one before.
  func run(_ index: Int, _ x: Tensor, _ pass: some TensorPass) -> Tensor
  /// What the classifier sees of the last block's output.
  func summarize(_ x: Tensor, _ pass: some TensorPass) -> Tensor
  /// The logit column `[N, 1]` from the summary.
  func classify(_ summary: Tensor, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor
}

/// A layout whose blocks are described for any kind of value: the same lines compute with tensors, train, and make the
/// graph that an execution plan is derived from.
protocol PlannableLayout: NetworkLayout {
  func run<P: Pass>(_ index: Int, _ x: P.Map, _ pass: P) -> P.Map
  func summarize<P: Pass>(_ x: P.Map, _ pass: P) -> P.Map
}

extension NetworkLayout {
  var hasFixedSize: Bool { false }
  var warning: String? { nil }
  var attentionLevels: [Block] { [] }
  func isTap(_ index: Int) -> Bool { false }
  func isAttended(before index: Int) -> Bool { false }
  func attend(_ x: Tensor, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor { x }
  func summarize(_ x: Tensor, _ pass: some TensorPass) -> Tensor { x }
}

/// What a pass through a network carries beside the activations.
struct Flow {
  /// Outputs of the blocks that the classifier looks at.
  var taps: [Tensor] = []
  /// Attention maps so far, `[N, h, w]`.
  var maps: [Tensor] = []
  /// The same before sigmoid or softmax.
  var scores: [Tensor] = []
}
