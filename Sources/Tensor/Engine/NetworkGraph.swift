/// A network as values and the operations between them, for ``ExecutionPlan`` to make stages of.
///
/// Values are maps of one image (`[channels, height, width]`) or vectors (`[channels, 1, 1]`); how many images there
/// are is the plan's affair. Operations are noted in the order in which they are asked for.
package struct NetworkGraph: Sendable {
  /// A value, by its place in the row of operations.
  package struct Value: Sendable, Hashable {
    let index: Int
    package let channels: Int
    package let height: Int
    package let width: Int
  }

  enum Operation: Sendable {
    case input
    case convolution(Value, PackedFilter, stride: Int, padding: Tensor.Padding, Tensor.Activation)
    /// The mean over the plane.
    case pooled(Value)
    case linear(Value, PackedFilter, Tensor.Activation)
    /// Each channel times its gate.
    case gated(Value, by: Value)
    /// The activation of a sum; of different numbers of channels the smaller is filled up with zeros.
    case sum(Value, Value, Tensor.Activation)
    case maxPooled(Value, size: Int)

    var operands: [Value] {
      switch self {
      case .input: []
      case .convolution(let x, _, _, _, _), .pooled(let x), .linear(let x, _, _), .maxPooled(let x, _): [x]
      case .gated(let x, let y), .sum(let x, let y, _): [x, y]
      }
    }
  }

  private(set) var operations: [Operation] = []
  private(set) var values: [Value] = []

  package init() {}

  private mutating func note(_ operation: Operation, _ channels: Int, _ height: Int, _ width: Int) -> Value {
    let value = Value(index: values.count, channels: channels, height: height, width: width)
    operations.append(operation)
    values.append(value)
    return value
  }

  /// The pictures that the plan is run on, `[N, channels, height, width]`; once, before all else.
  package mutating func input(channels: Int, height: Int, width: Int) -> Value {
    precondition(values.isEmpty, "NetworkGraph: the input comes first")
    return note(.input, channels, height, width)
  }

  package mutating func convolved(
    _ x: Value, with filter: PackedFilter, stride: Int = 1, padding: Tensor.Padding = .zero,
    activation: Tensor.Activation = .identity
  ) -> Value {
    let height = (x.height + padding.top + padding.bottom - filter.kernel) / stride + 1
    let width = (x.width + padding.left + padding.right - filter.kernel) / stride + 1
    precondition(
      x.channels == filter.input && x.height + padding.top + padding.bottom >= filter.kernel
        && x.width + padding.left + padding.right >= filter.kernel && height > 0 && width > 0
        && padding.isValid,
      "NetworkGraph: \(x.channels)×\(x.height)×\(x.width) and a filter of \(filter.input) inputs, side \(filter.kernel)"
    )
    return note(
      .convolution(x, filter, stride: stride, padding: padding, activation), filter.output, height, width)
  }

  package mutating func pooled(_ x: Value) -> Value { note(.pooled(x), x.channels, 1, 1) }

  package mutating func linear(
    _ x: Value, _ filter: PackedFilter, activation: Tensor.Activation = .identity
  ) -> Value {
    precondition(x.channels == filter.input && x.height * x.width == 1, "NetworkGraph: linear layer of \(x)")
    return note(.linear(x, filter, activation), filter.output, 1, 1)
  }

  package mutating func gated(_ x: Value, by gate: Value) -> Value {
    precondition(x.channels == gate.channels && gate.height * gate.width == 1, "NetworkGraph: gate of \(x)")
    return note(.gated(x, by: gate), x.channels, x.height, x.width)
  }

  package mutating func sum(_ x: Value, _ y: Value, activation: Tensor.Activation = .identity) -> Value {
    precondition(x.height == y.height && x.width == y.width, "NetworkGraph: sum of \(x) and \(y)")
    return note(.sum(x, y, activation), max(x.channels, y.channels), x.height, x.width)
  }

  package mutating func maxPooled(_ x: Value, size: Int) -> Value {
    precondition(min(x.height, x.width) >= size, "NetworkGraph: pooling of \(x)")
    return note(.maxPooled(x, size: size), x.channels, x.height / size, x.width / size)
  }
}
