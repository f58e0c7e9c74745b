import CWhyFakeTensor

/// Memory for `count` floats, aligned to 64 bytes and not initialised.
package final class Storage: @unchecked Sendable {
  // Safe to share: written only while uniquely referenced (by the tensor that makes it, or after a copy).
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  package init(count: Int) {
    self.count = count
    pointer = wf_allocate(max(count, 1))
  }

  deinit { wf_free(pointer) }

  package func copy() -> Storage {
    let copy = Storage(count: count)
    copy.pointer.update(from: pointer, count: count)
    return copy
  }
}
