import CWhyFakeVideo

extension RGBImage {
  /// How pixels are weighted when a picture changes its size.
  public enum Filter: Sendable, CaseIterable {
    /// Triangle filter with antialiasing, bit for bit Pillow's `BILINEAR`: rows first, then columns, weights with 22
    /// bits after the point, rounded to bytes after each pass. (Pillow 13 begins with the columns where that is
    /// cheaper, never for a square that becomes a square; single levels differ then.)
    case triangle
    /// Mean over the exact area under each output pixel, parts of pixels counting as such (OpenCV's `INTER_AREA`,
    /// up to the order in which floats are added; not Pillow's `BOX`, which counts whole pixels). A direction in which
    /// the picture grows gets the triangle filter's weights.
    case area
  }

  /// This picture, or the part of it in `box`, scaled to `width`×`height`.
  ///
  /// The triangle filter's edges end at the picture, not at the box, as Pillow's `resize(box=…)` has it; and as
  /// there, coordinates of the box are rounded to `Float`.
  ///
  /// - Parameters:
  ///   - width: columns of the result, at least 1.
  ///   - height: rows of the result, at least 1.
  ///   - filter: how pixels are weighted.
  ///   - box: the part to take, within the picture, edges anywhere between pixels; all of it if nil.
  /// - Complexity: O(pixels in the box + pixels of the result).
  public func resized(
    width newWidth: Int, height newHeight: Int, filter: Filter = .triangle, box: Box? = nil
  ) -> RGBImage {
    let box = box ?? Box(x: 0, y: 0, width: Double(width), height: Double(height))
    precondition(
      newWidth > 0 && newHeight > 0 && box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0
        && box.maxX <= Double(width) && box.maxY <= Double(height),
      "RGBImage.resized: \(box) of \(width)×\(height) to \(newWidth)×\(newHeight)")
    let columns = Span(of: width, from: box.x, to: box.maxX, into: newWidth)
    let rows = Span(of: height, from: box.y, to: box.maxY, into: newHeight)
    if columns.isIdentity && rows.isIdentity { return self }
    return filter == .triangle ? triangle(columns, rows) : area(columns, rows)
  }

  /// The pixels at columns `x ..< x + width`, rows `y ..< y + height`. What lies outside is reflected at the centre of
  /// the edge's pixels (the edge is not repeated: NumPy's `reflect`, OpenCV's `BORDER_REFLECT_101`).
  public func cropped(x: Int, y: Int, width newWidth: Int, height newHeight: Int) -> RGBImage {
    precondition(newWidth > 0 && newHeight > 0, "RGBImage.cropped: to \(newWidth)×\(newHeight)")
    let count = newWidth * newHeight * 3
    let isInside = x >= 0 && x + newWidth <= width
    let columns = isInside ? [] : (x..<x + newWidth).map { reflected($0, width) * 3 }
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
      pixels.withUnsafeBufferPointer { source in
        for row in 0..<newHeight {
          let from = source.baseAddress! + reflected(y + row, height) * width * 3
          let to = out.baseAddress! + row * newWidth * 3
          if isInside {
            to.initialize(from: from + x * 3, count: newWidth * 3)
          } else {
            for (i, column) in columns.enumerated() {
              (to + i * 3).initialize(from: from + column, count: 3)
            }
          }
        }
      }
      initialized = count
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: bytes)
  }

  private func triangle(_ columns: Span, _ rows: Span) -> RGBImage {
    let horizontal = columns.triangle()
    var vertical = rows.triangle()
    // The first pass makes only the rows that the second one reads.
    let first = vertical.spans.map(\.first).min()!
    let end = vertical.spans.map { $0.first + $0.count }.max()!
    for i in vertical.spans.indices { vertical.spans[i].first -= first }
    let (inStride, outStride) = (width * 3, columns.count * 3)
    let between = (end - first).asInt * outStride
    let narrow = [UInt8](unsafeUninitializedCapacity: between) { out, initialized in
      pixels.withUnsafeBufferPointer { source in
        let start = source.baseAddress! + first.asInt * inStride
        if columns.isIdentity {
          out.baseAddress!.initialize(from: start, count: between)
        } else {
          wf_resample_rows(
            start, inStride, (end - first).asInt, out.baseAddress!, columns.count, horizontal.spans,
            horizontal.fixedPoint(), horizontal.taps)
        }
      }
      initialized = between
    }
    if rows.isIdentity { return RGBImage(width: columns.count, height: rows.count, pixels: narrow) }
    let bytes = [UInt8](unsafeUninitializedCapacity: rows.count * outStride) { out, initialized in
      wf_resample_columns(
        narrow, outStride, out.baseAddress!, outStride, rows.count, vertical.spans, vertical.fixedPoint(),
        vertical.taps)
      initialized = rows.count * outStride
    }
    return RGBImage(width: columns.count, height: rows.count, pixels: bytes)
  }

  private func area(_ columns: Span, _ rows: Span) -> RGBImage {
    var horizontal = columns.isGrowing ? columns.triangle() : columns.area()
    let vertical = rows.isGrowing ? rows.triangle() : rows.area()
    // Only the columns under the box are summed.
    let first = horizontal.spans.map(\.first).min()!
    let end = horizontal.spans.map { $0.first + $0.count }.max()!
    for i in horizontal.spans.indices { horizontal.spans[i].first -= first }
    let rowBytes = (end - first).asInt * 3
    let count = columns.count * rows.count * 3
    var row = [Float](repeating: 0, count: rowBytes)
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
      pixels.withUnsafeBufferPointer { source in
        wf_resample_float(
          source.baseAddress! + first.asInt * 3, width * 3, rowBytes, out.baseAddress!, columns.count,
          rows.count,
          vertical.spans, vertical.values.map { Float($0) }, vertical.taps,
          horizontal.spans, horizontal.values.map { Float($0) }, horizontal.taps, &row)
      }
      initialized = count
    }
    return RGBImage(width: columns.count, height: rows.count, pixels: bytes)
  }
}

/// `i` brought into 0 ..< count by reflection at the first and last position.
private func reflected(_ i: Int, _ count: Int) -> Int {
  if i >= 0 && i < count { return i }
  if count == 1 { return 0 }
  let period = 2 * (count - 1)
  let phase = ((i % period) + period) % period
  return min(phase, period - phase)
}

/// One direction of a change of size: the part of `size` pixels between two edges becomes `count` pixels.
private struct Span {
  let size: Int
  let start: Float
  let scale: Double
  let count: Int
  let isIdentity: Bool

  init(of size: Int, from start: Double, to end: Double, into count: Int) {
    self.size = size
    self.start = Float(start)
    self.count = count
    scale = Double(Float(end) - Float(start)) / Double(count)
    isIdentity = size == count && start == 0 && end == Double(size)
  }

  var isGrowing: Bool { scale < 1 }

  /// Pillow's weights: a triangle as wide as two output pixels, two input pixels at least, cut at the picture's edges,
  /// their sum 1.
  func triangle() -> Weights {
    let support = max(scale, 1)
    var weights = Weights(taps: Int(support.rounded(.up)) * 2 + 1, count: count)
    for i in 0..<count {
      let center = Double(start) + (Double(i) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(size, Int(center + support + 0.5))
      let values = (first..<max(first, end)).map { position in
        max(0, 1 - abs((Double(position) - center + 0.5) * (1 / support)))
      }
      weights.append(first: first, values)
    }
    return weights
  }

  /// The share of each input pixel that lies under an output pixel, their sum 1.
  func area() -> Weights {
    var weights = Weights(taps: Int(scale.rounded(.up)) + 1, count: count)
    for i in 0..<count {
      let from = Double(start) + Double(i) * scale
      let to = min(from + scale, Double(size))
      let first = min(Int(from), size - 1)
      let end = min(size, max(first + 1, Int(to.rounded(.up))))
      var values = (first..<end).map { min(to, Double($0 + 1)) - max(from, Double($0)) }
      if values.count > 1, values.last! < 1e-6 { values.removeLast() }
      weights.append(first: first, values)
    }
    return weights
  }
}

/// Which input pixels make each output pixel, and by how much.
private struct Weights {
  let taps: Int
  var spans: [wf_reach] = []
  var values: [Double] = []

  init(taps: Int, count: Int) {
    self.taps = taps
    spans.reserveCapacity(count)
    values.reserveCapacity(count * taps)
  }

  /// Weights for one more output pixel, divided by their sum.
  mutating func append(first: Int, _ raw: [Double]) {
    let sum = raw.reduce(0, +)
    precondition(raw.count <= taps, "resampling: \(raw.count) weights where \(taps) fit")
    spans.append(wf_reach(first: Int32(first), count: Int32(raw.count)))
    values.append(contentsOf: sum == 0 ? raw : raw.map { $0 / sum })
    values.append(contentsOf: repeatElement(0, count: taps - raw.count))
  }

  func fixedPoint() -> [Int32] {
    let one = Double(1 << WF_RESAMPLE_BITS)
    return values.map { Int32(0.5 + $0 * one) }
  }
}

extension Int32 {
  fileprivate var asInt: Int { Int(self) }
}
