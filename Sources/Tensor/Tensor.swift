import Foundation

/// A dense array of `Float`, row-major, with value semantics.
///
/// Storage is aligned to 64 bytes and copied on write. Pictures are `[N, C, H, W]`, convolution filters
/// `[out, in / groups, kH, kW]`, matrices `[rows, columns]`.
///
/// **Gradients.** A tensor may remember how it was computed: ``tracked()`` makes a leaf, every operation on a
/// tracked tensor gives a tracked one, and ``gradients(of:seed:)`` runs backwards. Where nothing is tracked, nothing
/// is recorded, operations fuse, and an intermediate result lives only as long as somebody holds it.
///
/// Shapes that do not fit are programming errors: a precondition names the operation and the shapes.
public struct Tensor: Sendable {
  /// The size of each dimension; empty for a scalar. No dimension is negative.
  public let shape: [Int]
  package var storage: Storage
  package let node: GradientNode?

  package init(shape: [Int], storage: Storage, node: GradientNode? = nil) {
    self.shape = shape
    self.storage = storage
    self.node = node
  }

  /// A tensor with `shape`, every element `value`.
  public init(shape: [Int], repeating value: Float) {
    self.init(shape: shape, storage: Storage(count: Tensor.elementCount(shape)))
    storage.pointer.update(repeating: value, count: count)
  }

  /// A tensor from its elements in row-major order; their number must fit `shape`.
  public init(shape: [Int], _ elements: [Float]) {
    let expected = Tensor.elementCount(shape)
    precondition(elements.count == expected, "Tensor: \(elements.count) elements do not make \(shape)")
    self.init(shape: shape, storage: Storage(count: expected))
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.pointer.update(from: base, count: expected) }
    }
  }

  /// A tensor whose elements `body` writes; it must initialise all of them.
  public init(shape: [Int], initializing body: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    self.init(shape: shape, storage: Storage(count: Tensor.elementCount(shape)))
    try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }

  /// A scalar.
  public init(_ value: Float) { self.init(shape: [], repeating: value) }

  /// The number of elements.
  public var count: Int { storage.count }

  /// The elements in row-major order. O(n).
  public var elements: [Float] {
    Array(UnsafeBufferPointer(start: storage.pointer, count: count))
  }

  /// The only element of a tensor that has one.
  public var scalar: Float {
    precondition(count == 1, "Tensor.scalar: the shape is \(shape)")
    return storage.pointer[0]
  }

  /// The element at `indices`, one for each dimension.
  public subscript(indices: Int...) -> Float {
    storage.pointer[offset(of: indices)]
  }

  /// Calls `body` with the elements; the pointer is valid only inside.
  public func withUnsafeBufferPointer<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.pointer, count: count))
  }

  /// Calls `body` with the elements to change them. The tensor must not be tracked: a changed value would not be
  /// the one that was recorded.
  public mutating func withUnsafeMutableBufferPointer<R>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
  ) rethrows -> R {
    precondition(node == nil, "Tensor: a tracked tensor cannot be changed in place; use detached()")
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    return try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }

  /// Whether shape and all elements are the same to the bit. O(1) where both are views of the same memory, else O(n).
  package func isIdentical(to other: Tensor) -> Bool {
    guard shape == other.shape else { return false }
    if storage === other.storage { return true }
    return withExtendedLifetime((storage, other.storage)) {
      memcmp(storage.pointer, other.storage.pointer, count * MemoryLayout<Float>.stride) == 0
    }
  }

  static func elementCount(_ shape: [Int]) -> Int {
    var count = 1
    for size in shape {
      precondition(size >= 0, "Tensor: negative size in \(shape)")
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      precondition(!overflow && product <= Int.max / 8, "Tensor: \(shape) is too large")
      count = product
    }
    return count
  }

  private func offset(of indices: [Int]) -> Int {
    precondition(indices.count == shape.count, "Tensor: \(indices.count) indices for shape \(shape)")
    var offset = 0
    for (index, size) in zip(indices, shape) {
      precondition(index >= 0 && index < size, "Tensor: index \(indices) is outside \(shape)")
      offset = offset * size + index
    }
    return offset
  }
}

extension Tensor: Equatable {
  /// Whether shapes and all elements are equal (as `Float`: NaN differs from itself).
  public static func == (a: Tensor, b: Tensor) -> Bool {
    a.shape == b.shape
      && a.withUnsafeBufferPointer { x in b.withUnsafeBufferPointer { y in x.elementsEqual(y) } }
  }
}
