/// Which operations of a graph become one stage.
///
/// - A 1×1 convolution that only a depthwise one reads is computed row by row inside it.
/// - A mean over the plane is added up where the plane is made.
/// - A gate is applied where a 1×1 convolution reads what it gates.
/// - A sum is part of the 1×1 convolution that gives one of its terms.
struct Fusion {
  private let graph: NetworkGraph
  private let wanted: Set<Int>
  private var users: [[Int]]
  /// The operation that an operation is computed in.
  private var absorber: [Int: Int] = [:]
  private var pools: [Int: NetworkGraph.Value] = [:]

  init(_ graph: NetworkGraph, outputs: [NetworkGraph.Value]) {
    self.graph = graph
    wanted = Set(outputs.map(\.index))
    users = [[Int]](repeating: [], count: graph.operations.count)
    for (i, operation) in graph.operations.enumerated() {
      for operand in operation.operands { users[operand.index].append(i) }
    }
    for (i, operation) in graph.operations.enumerated() {
      switch operation {
      case .convolution(let x, let filter, _, _, _):
        if filter.kind == .depthwise, isPointwise(x), isOnlyRead(x, by: i) { absorber[x.index] = i }
        if filter.kind == .pointwise, case .gated = graph.operations[x.index], isOnlyRead(x, by: i) {
          absorber[x.index] = i
        }
      case .pooled(let x): pools[x.index] = graph.values[i]
      case .sum(let a, let b, _):
        if let term = [a, b].first(where: { isPointwise($0) && isOnlyRead($0, by: i) }) {
          absorber[term.index] = i
        }
      case .input, .linear, .gated, .maxPooled: break
      }
    }
  }

  private func isPointwise(_ x: NetworkGraph.Value) -> Bool {
    guard case .convolution(_, let filter, _, _, _) = graph.operations[x.index] else { return false }
    return filter.kind == .pointwise
  }

  private func isOnlyRead(_ x: NetworkGraph.Value, by user: Int) -> Bool {
    users[x.index] == [user] && !wanted.contains(x.index)
  }

  /// Whether `x` is what a depthwise convolution puts out.
  func isDepthwise(_ x: NetworkGraph.Value) -> Bool {
    guard case .convolution(_, let filter, _, _, _) = graph.operations[x.index] else { return false }
    return filter.kind == .depthwise
  }

  /// Whether anything but a dense convolution, which reads pictures as they come, reads `x`.
  func isReadAsMap(_ x: NetworkGraph.Value) -> Bool {
    users[x.index].contains {
      guard case .convolution(_, let filter, _, _, _) = graph.operations[$0] else { return true }
      return filter.kind != .dense
    }
  }

  /// The operation whose stage computes operation `index`.
  func root(_ index: Int) -> Int {
    var index = index
    while let next = absorber[index] { index = next }
    return index
  }

  /// The mean over the plane of `x`, if somebody wants it.
  func pooled(_ x: NetworkGraph.Value) -> NetworkGraph.Value? { pools[x.index] }

  /// The last operation whose stage reads `value`; beyond all where it is handed out.
  func lastUse(_ value: NetworkGraph.Value) -> Int {
    if wanted.contains(value.index) { return graph.operations.count }
    return users[value.index].map(root).max() ?? value.index
  }

  /// Whether `value` is made before operation `border` and used from there on.
  func crosses(_ value: NetworkGraph.Value, _ border: Int) -> Bool {
    guard value.index > 0 || isReadAsMap(value), root(value.index) == value.index, value.index < border else {
      return false
    }
    // What is handed out is copied as soon as it is made.
    return users[value.index].contains { root($0) >= border }
  }
}
