import Foundation

/// The memory of training steps: blocks are kept from step to step, since the system's pages are dear.
package final class TrainingMemory: @unchecked Sendable {
  // Safe to share: `kept` is touched only under the lock.
  private let lock = NSLock()
  private var kept: [Storage] = []

  /// Blocks that are kept at the most: a network with attention at three levels takes four for a step.
  private static let most = 4

  package init() {}

  /// A block of at least `count` floats.
  func take(_ count: Int) -> Storage {
    lock.withLock {
      let fitting = kept.indices.filter { kept[$0].count >= count && kept[$0].count / 2 <= count }
      if let index = fitting.min(by: { kept[$0].count < kept[$1].count }) { return kept.remove(at: index) }
      // Steps have come to be of another size: what is kept is of no use.
      kept = []
      return Storage(count: count)
    }
  }

  /// Gives a block back for the next step.
  func give(_ block: Storage) {
    lock.withLock { if kept.count < Self.most { kept.append(block) } }
  }
}

/// Hands out parts of a block, one after the other; without a block it only counts.
struct TrainingSpace {
  private let base: UnsafeMutablePointer<Float>?
  private(set) var count = 0

  init(_ block: Storage?) { base = block?.pointer }

  mutating func take(_ floats: Int) -> UnsafeMutablePointer<Float>? {
    defer { count += (floats + 31) / 16 * 16 }
    return base.map { $0 + count }
  }
}
