/// A network as the training passes run it: a dense convolution, inverted bottlenecks with squeeze-and-excitation, and a
/// 1×1 convolution whose mean over the plane is the result.
///
/// Operations are noted as a description asks for them; ``blocks`` says whether they make such a network.
package struct TrainingGraph: Sendable {
  /// A convolution with batch normalisation and SiLU, or none, behind it.
  package struct Convolution: Sendable {
    let name: String
    let input: Int
    let output: Int
    let kernel: Int
    let stride: Int
    let isDepthwise: Bool
    let padding: Tensor.Padding
    let activation: Tensor.Activation

    /// - Parameter name: its parameters are `<name>.conv.weight` and `<name>.norm.weight|bias`.
    package init(
      name: String, input: Int, output: Int, kernel: Int, stride: Int, isDepthwise: Bool,
      padding: Tensor.Padding,
      activation: Tensor.Activation
    ) {
      self.name = name
      (self.input, self.output, self.kernel, self.stride) = (input, output, kernel, stride)
      (self.isDepthwise, self.padding, self.activation) = (isDepthwise, padding, activation)
    }

    fileprivate var isPointwise: Bool { kernel == 1 && stride == 1 && !isDepthwise && padding == .zero }
    fileprivate var isFilter: Bool {
      isDepthwise && (kernel == 3 || kernel == 5) && (stride == 1 || stride == 2) && padding.left < kernel
        && activation == .silu
    }

    /// Height and width of what it gives.
    func size(_ height: Int, _ width: Int) -> (height: Int, width: Int) {
      (
        (height + padding.top + padding.bottom - kernel) / stride + 1,
        (width + padding.left + padding.right - kernel) / stride + 1
      )
    }
  }

  /// A value, by its place in the row of operations.
  package struct Value: Sendable, Hashable {
    let index: Int
  }

  private enum Operation {
    case input
    case convolution(Value, Convolution)
    case pooled(Value)
    case linear(Value, String, Tensor.Activation)
    case gated(Value, by: Value)
    case scaled(Value, [Float])
    case sum(Value, Value)
  }

  private var operations: [Operation] = [.input]

  package init() {}

  /// The pictures.
  package var input: Value { Value(index: 0) }

  private mutating func note(_ operation: Operation) -> Value {
    operations.append(operation)
    return Value(index: operations.count - 1)
  }

  package mutating func convolved(_ x: Value, _ convolution: Convolution) -> Value {
    note(.convolution(x, convolution))
  }
  package mutating func pooled(_ x: Value) -> Value { note(.pooled(x)) }
  package mutating func linear(_ x: Value, _ name: String, _ activation: Tensor.Activation) -> Value {
    note(.linear(x, name, activation))
  }
  package mutating func gated(_ x: Value, by gate: Value) -> Value { note(.gated(x, by: gate)) }
  /// Each image times its factor.
  package mutating func scaled(_ x: Value, by factors: [Float]) -> Value { note(.scaled(x, factors)) }
  package mutating func sum(_ x: Value, _ y: Value) -> Value { note(.sum(x, y)) }
}

extension TrainingGraph {
  /// A part of the network that reads one map and makes one.
  package enum Block: Sendable {
    case stem(Convolution)
    case bottleneck(Bottleneck)
    /// A 1×1 convolution and the mean over the plane.
    case head(Convolution)

    /// Whether a step can begin with it, on a map that was made elsewhere.
    package var canBegin: Bool {
      guard case .bottleneck(let bottleneck) = self else { return true }
      return bottleneck.expand != nil
    }

    /// Whether images are multiplied with factors of stochastic depth.
    package var hasFactors: Bool {
      guard case .bottleneck(let bottleneck) = self else { return false }
      return bottleneck.factors != nil
    }
  }

  /// An inverted bottleneck.
  package struct Bottleneck: Sendable {
    let expand: Convolution?
    let depthwise: Convolution
    /// The linear layers of its gate.
    let reduce: String
    let squeeze: String
    let project: Convolution
    let hasShortcut: Bool
    /// What each image's branch beside the shortcut is multiplied with.
    let factors: [Float]?
  }

  /// The network as blocks, the last one a head; nil if it is another kind of network.
  package var blocks: [Block]? {
    guard case .convolution(input, let stem)? = operations.dropFirst().first, !stem.isDepthwise,
      stem.activation == .silu
    else { return nil }
    var blocks = [Block.stem(stem)]
    var at = 1
    while at + 1 < operations.count {
      if let head = head(at) { return blocks + [.head(head)] }
      guard let (bottleneck, end) = bottleneck(at) else { return nil }
      // The stem's map exists only before its normalisation: what reads it normalises it.
      if at == 1, bottleneck.expand != nil || bottleneck.hasShortcut { return nil }
      blocks.append(.bottleneck(bottleneck))
      at = end
    }
    return nil
  }

  /// The convolution that reads operation `index` and comes right after `last`.
  private func convolution(of index: Int, after last: Int) -> Convolution? {
    guard last + 1 < operations.count,
      case .convolution(Value(index: index), let convolution) = operations[last + 1]
    else { return nil }
    return convolution
  }

  private func head(_ at: Int) -> Convolution? {
    guard at > 1, let convolution = convolution(of: at, after: at), convolution.isPointwise,
      convolution.activation == .silu, at + 3 == operations.count,
      case .pooled(Value(index: at + 1)) = operations[at + 2]
    else { return nil }
    return convolution
  }

  /// The bottleneck that reads operation `at`, and the operation that ends it.
  private func bottleneck(_ at: Int) -> (Bottleneck, end: Int)? {
    var last = at
    let expand = convolution(of: last, after: last).flatMap {
      $0.isPointwise && $0.activation == .silu ? $0 : nil
    }
    if expand != nil { last += 1 }
    guard let depthwise = convolution(of: last, after: last), depthwise.isFilter else { return nil }
    last += 1
    guard last + 5 < operations.count,
      case .pooled(Value(index: last)) = operations[last + 1],
      case .linear(Value(index: last + 1), let reduce, .silu) = operations[last + 2],
      case .linear(Value(index: last + 2), let squeeze, .sigmoid) = operations[last + 3],
      case .gated(Value(index: last), by: Value(index: last + 3)) = operations[last + 4],
      let project = convolution(of: last + 4, after: last + 4), project.isPointwise,
      project.activation == .identity
    else { return nil }
    last += 5
    var factors: [Float]?
    if last + 1 < operations.count, case .scaled(Value(index: last), let scales) = operations[last + 1] {
      factors = scales
      last += 1
    }
    var hasShortcut = false
    if last + 1 < operations.count, case .sum(Value(index: last), Value(index: at)) = operations[last + 1] {
      hasShortcut = true
      last += 1
    }
    return (
      Bottleneck(
        expand: expand, depthwise: depthwise, reduce: reduce, squeeze: squeeze, project: project,
        hasShortcut: hasShortcut, factors: factors), last
    )
  }
}
