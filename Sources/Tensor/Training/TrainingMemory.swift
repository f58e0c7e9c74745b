import Foundation

/// The memory of training steps: one block is kept from step to step, since the system's pages are dear.
package final class TrainingMemory: @unchecked Sendable {
  // Safe to share: `kept` is touched only under the lock.
  private let lock = NSLock()
  private var kept: Storage?

  package init() {}

  /// A block of at least `count` floats.
  func take(_ count: Int) -> Storage {
    let block = lock.withLock {
      defer { kept = nil }
      return kept
    }
    if let block, block.count >= count, block.count / 2 <= count { return block }
    return Storage(count: count)
  }

  /// Gives a block back for the next step.
  func give(_ block: Storage) { lock.withLock { kept = block } }
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
