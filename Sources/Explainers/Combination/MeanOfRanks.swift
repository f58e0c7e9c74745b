public import FaceCrop
import Tensor

/// Several explainers as one: the mean of their relevances' ranks.
///
/// Values of two methods cannot be added, their order can. The rank of a pixel in [0, 1] is the share of the clip's pixels
/// that are not above it; pixels of equal relevance share their mean rank, and those without relevance have rank 0, as has
/// all of an empty map. How a method scales its values, or bends them without changing their order, changes nothing.
///
/// Ranks are of the relevance for the class that is explained: where all members are signed the map has the class's sign,
/// and nothing on the other side of 0; else it is attention.
public struct MeanOfRanks: Explainer {
  /// The methods that are put together.
  public let members: [any Explainer]

  /// The members' names, and `-ranks`.
  public var name: String { (members.map(\.name) + ["ranks"]).joined(separator: "-") }

  /// The mean of `members`, one or more.
  public init(_ members: [any Explainer]) { self.members = members }

  /// Explains `clip` with each of ``members``, one after the other.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    guard !members.isEmpty else { throw ExplanationError("\(name): there are no explainers to put together") }
    var maps: [ExplanationMap] = []
    for (i, member) in members.enumerated() {
      var part = context
      part.progress = { context.progress((Double(i) + $0) / Double(members.count)) }
      maps.append(try member.explain(clip, for: target, context: part))
      try context.report(Double(i + 1) / Double(members.count))
    }
    return try Self.combined(maps, name: name)
  }

  /// The mean of maps that are there already: of one clip, for one class.
  ///
  /// - Parameter maps: one or more.
  /// - Throws: ``ExplanationError`` if a map is not finite, or they are of different clips or classes.
  public static func combined(_ maps: [ExplanationMap], name: String) throws(ExplanationError)
    -> ExplanationMap
  {
    guard let first = maps.first else { throw ExplanationError("\(name): there are no maps to put together") }
    let (frames, size) = (first.values.shape[0], first.size)
    var sums = [Double](repeating: 0, count: frames * size * size)
    var models: [String] = []
    var cost = ExplanationMap.Cost(framePasses: 0, seconds: 0)
    for map in maps {
      guard map.values.shape[0] == frames, map.size == size, map.target == first.target else {
        throw ExplanationError("\(name): \(map.explainer) and \(first.explainer) explain different crops")
      }
      guard map.values.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) }) else {
        throw ExplanationError("\(name): \(map.explainer) gives a map that is not finite")
      }
      addRanks(of: map.relevance().values, to: &sums)
      if !models.contains(map.model) { models.append(map.model) }
      cost.evaluations += map.cost.evaluations
      cost.framePasses += map.cost.framePasses
      cost.seconds += map.cost.seconds
    }
    let isSigned = maps.allSatisfy { $0.kind == .signed }
    let scale = Double(isSigned ? first.target.sign : 1) / Double(maps.count)
    return ExplanationMap(
      explainer: name, model: models.joined(separator: "+"), target: first.target,
      kind: isSigned ? .signed : .attention,
      values: Tensor(shape: [frames, size, size], sums.map { Float($0 * scale) }), size: size,
      logits: maps.first { !$0.logits.isEmpty }?.logits ?? [], cost: cost)
  }

  /// Adds the rank of each value of `relevance` in [0, 1]. O(n·log n) in the number of values above 0.
  static func addRanks(of relevance: Tensor, to sums: inout [Double]) {
    let count = relevance.count
    // Bits of floats above 0 are in the order of the floats; the place stands behind them.
    var order: [UInt64] = []
    relevance.withUnsafeBufferPointer { values in
      for i in values.indices where values[i] > 0 {
        order.append(UInt64(values[i].bitPattern) << 32 | UInt64(i))
      }
    }
    order.sort()
    let zeros = count - order.count
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, order[end] >> 32 == order[first] >> 32 { end += 1 }
      // The mean of the ranks zeros + first + 1 … zeros + end.
      let rank = (Double(zeros) + Double(first + end + 1) / 2) / Double(count)
      for i in first..<end { sums[Int(order[i] & 0xFFFF_FFFF)] += rank }
      first = end
    }
  }
}
