// Operations that move elements without changing them.

extension Tensor {
  /// The same elements in another shape; one size may be −1 and follows from the others. O(1).
  public func reshaped(_ newShape: [Int]) -> Tensor {
    var sizes = newShape
    if let open = sizes.firstIndex(of: -1) {
      let known = sizes.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
      precondition(known > 0 && count % known == 0, "reshaped: \(shape) to \(newShape)")
      sizes[open] = count / known
    }
    precondition(Tensor.elementCount(sizes) == count, "reshaped: \(shape) to \(newShape)")
    let old = shape
    return Tensor(shape: sizes, storage: storage).recorded(from: self) { [$0.reshaped(old)] }
  }

  /// The dimensions in another order: result dimension i is dimension `order[i]` of this tensor.
  public func permuted(_ order: [Int]) -> Tensor {
    let rank = shape.count
    precondition(order.sorted() == Array(0..<rank), "permuted: \(order) for shape \(shape)")
    var strides = [Int](repeating: 1, count: rank)
    for i in stride(from: rank - 2, through: 0, by: -1) { strides[i] = strides[i + 1] * shape[i + 1] }
    let (sizes, steps) = (order.map { shape[$0] }, order.map { strides[$0] })
    let result = Tensor(shape: sizes) { out in
      withUnsafeBufferPointer { source in
        var index = [Int](repeating: 0, count: rank)
        var from = 0
        for to in 0..<out.count {
          out[to] = source[from]
          var d = rank - 1
          while d >= 0 {
            index[d] += 1
            from += steps[d]
            if index[d] < sizes[d] { break }
            from -= steps[d] * sizes[d]
            index[d] = 0
            d -= 1
          }
        }
      }
    }
    var inverse = order
    for (i, d) in order.enumerated() { inverse[d] = i }
    let back = inverse
    return result.recorded(from: self) { [$0.permuted(back)] }
  }

  /// The rows `range` of the first dimension.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(
      !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows: \(range) of \(shape)")
    let row = shape[0] == 0 ? 0 : count / shape[0]
    let result = Tensor(shape: [range.count] + shape.dropFirst()) { out in
      withUnsafeBufferPointer { source in
        if !out.isEmpty {
          out.baseAddress!.update(from: source.baseAddress! + range.lowerBound * row, count: out.count)
        }
      }
    }
    let full = shape
    return result.recorded(from: self) { gradient in
      var whole = Tensor(shape: full, repeating: 0)
      whole.withUnsafeMutableBufferPointer { out in
        gradient.withUnsafeBufferPointer { g in
          if !g.isEmpty {
            (out.baseAddress! + range.lowerBound * row).update(from: g.baseAddress!, count: g.count)
          }
        }
      }
      return [whole]
    }
  }

  /// Tensors one after the other along `axis`; their other sizes must be equal.
  public static func concatenated(_ parts: [Tensor], axis: Int = 0) -> Tensor {
    precondition(!parts.isEmpty, "concatenated: no tensors")
    let first = parts[0].shape
    precondition(axis >= 0 && axis < first.count, "concatenated: axis \(axis) of \(first)")
    for part in parts {
      var expected = first
      expected[axis] = part.shape.count == first.count ? part.shape[axis] : -1
      precondition(part.shape == expected, "concatenated: \(part.shape) beside \(first) along axis \(axis)")
    }
    var shape = first
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    let outer = first[..<axis].reduce(1, *)
    let runs = parts.map { $0.shape[axis...].reduce(1, *) }
    let total = runs.reduce(0, +)
    let result = Tensor(shape: shape) { out in
      var start = 0
      for (part, run) in zip(parts, runs) where run > 0 {
        part.withUnsafeBufferPointer { source in
          for o in 0..<outer {
            (out.baseAddress! + o * total + start).update(from: source.baseAddress! + o * run, count: run)
          }
        }
        start += run
      }
    }
    let shapes = parts.map(\.shape)
    return result.recorded(from: parts) { gradient in
      var start = 0
      return zip(shapes, runs).map { shape, run in
        defer { start += run }
        return Tensor(shape: shape) { out in
          gradient.withUnsafeBufferPointer { g in
            for o in 0..<outer where run > 0 {
              (out.baseAddress! + o * run).update(from: g.baseAddress! + o * total + start, count: run)
            }
          }
        }
      }
    }
  }

  /// Zeros around the planes of `[N, C, H, W]`, and `channels` zero channels after the others.
  public func padded(_ padding: Padding = .zero, channels extra: Int = 0) -> Tensor {
    precondition(
      shape.count == 4 && extra >= 0 && padding.isValid, "padded: \(shape) by \(padding), \(extra)")
    let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
    let (oh, ow) = (h + padding.top + padding.bottom, w + padding.left + padding.right)
    let c2 = c + extra
    var result = Tensor(shape: [n, c2, oh, ow], repeating: 0)
    result.withUnsafeMutableBufferPointer { out in
      withUnsafeBufferPointer { source in
        for i in 0..<n where w > 0 {
          for j in 0..<c {
            for y in 0..<h {
              let to = ((i * c2 + j) * oh + y + padding.top) * ow + padding.left
              (out.baseAddress! + to).update(from: source.baseAddress! + ((i * c + j) * h + y) * w, count: w)
            }
          }
        }
      }
    }
    return result.recorded(from: self) { gradient in
      [
        Tensor(shape: [n, c, h, w]) { out in
          gradient.withUnsafeBufferPointer { g in
            for i in 0..<n where w > 0 {
              for j in 0..<c {
                for y in 0..<h {
                  let from = ((i * c2 + j) * oh + y + padding.top) * ow + padding.left
                  (out.baseAddress! + ((i * c + j) * h + y) * w).update(from: g.baseAddress! + from, count: w)
                }
              }
            }
          }
        }
      ]
    }
  }

  /// Filters `[out, in, kH, kW]` with `rate − 1` zeros between neighbouring weights: a convolution with the result is a
  /// dilated (à trous) one.
  public func dilated(by rate: Int) -> Tensor {
    precondition(
      shape.count == 4 && rate > 0 && min(shape[2], shape[3]) > 0, "dilated: \(shape) by \(rate)")
    guard rate > 1 else { return self }
    let (planes, h, w, shape) = (shape[0] * shape[1], shape[2], shape[3], shape)
    let (height, width) = ((h - 1) * rate + 1, (w - 1) * rate + 1)
    /// Calls `body` with the places of each weight in the dilated and in the plain filters.
    @Sendable func forEachWeight(_ body: (_ dilated: Int, _ plain: Int) -> Void) {
      for plane in 0..<planes {
        for y in 0..<h {
          for x in 0..<w { body((plane * height + y * rate) * width + x * rate, (plane * h + y) * w + x) }
        }
      }
    }
    var result = Tensor(shape: [shape[0], shape[1], height, width], repeating: 0)
    result.withUnsafeMutableBufferPointer { out in
      withUnsafeBufferPointer { source in forEachWeight { out[$0] = source[$1] } }
    }
    return result.recorded(from: self) { gradient in
      [
        Tensor(shape: shape) { out in
          gradient.withUnsafeBufferPointer { g in forEachWeight { out[$1] = g[$0] } }
        }
      ]
    }
  }
}
