import CWhyFakeTensor
import Foundation

/// The memory of training steps: one block is kept from step to step, since the system's pages are dear.
package final class TrainingMemory: @unchecked Sendable {
  /// A block of floats, not initialised.
  final class Block {
    let pointer: UnsafeMutablePointer<Float>
    let count: Int

    init(_ count: Int) {
      self.count = count
      pointer = wf_allocate(max(count, 1))
    }

    deinit { wf_free(pointer) }
  }

  // Safe to share: `kept` is touched only under the lock.
  private let lock = NSLock()
  private var kept: Block?

  package init() {}

  /// A block of at least `count` floats.
  func take(_ count: Int) -> Block {
    let block = lock.withLock {
      defer { kept = nil }
      return kept
    }
    if let block, block.count >= count, block.count / 2 <= count { return block }
    return Block(count)
  }

  /// Gives a block back for the next step.
  func give(_ block: Block) { lock.withLock { kept = block } }
}

/// Hands out parts of a block, one after the other; without a block it only counts.
struct TrainingSpace {
  private let base: UnsafeMutablePointer<Float>?
  private(set) var count = 0

  init(_ block: TrainingMemory.Block?) { base = block?.pointer }

  mutating func take(_ floats: Int) -> UnsafeMutablePointer<Float>? {
    defer { count += (floats + 31) / 16 * 16 }
    return base.map { $0 + count }
  }
}
