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
    if newWidth == width && newHeight == height
      && box == Box(x: 0, y: 0, width: Double(width), height: Double(height))
    {
      return self
    }
    let bytes = [UInt8](unsafeUninitializedCapacity: newWidth * newHeight * 3) { out, initialized in
      resize(
        box, width: newWidth, height: newHeight, filter: filter, to: out.baseAddress!, stride: newWidth * 3)
      initialized = newWidth * newHeight * 3
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: bytes)
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

  /// As ``resized(width:height:filter:box:)``, to memory of the caller's: `height` rows of `width` pixels whose starts
  /// are `stride` bytes apart.
  package func resize(
    _ box: Box, width newWidth: Int, height newHeight: Int, filter: Filter,
    to out: UnsafeMutablePointer<UInt8>, stride: Int
  ) {
    precondition(
      newWidth > 0 && newHeight > 0 && box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0
        && box.maxX <= Double(width) && box.maxY <= Double(height) && stride >= newWidth * 3,
      "RGBImage.resized: \(box) of \(width)×\(height) to \(newWidth)×\(newHeight)")
    let columns = Span(of: width, from: box.x, to: box.maxX, into: newWidth)
    let rows = Span(of: height, from: box.y, to: box.maxY, into: newHeight)
    pixels.withUnsafeBufferPointer { pixels in
      if filter == .area {
        area(pixels.baseAddress!, columns, rows, out, stride)
      } else {
        triangle(pixels.baseAddress!, columns, rows, out, stride)
      }
    }
  }

  private func triangle(
    _ pixels: UnsafePointer<UInt8>, _ columns: Span, _ rows: Span, _ out: UnsafeMutablePointer<UInt8>,
    _ stride: Int
  ) {
    let vertical = rows.triangle()
    // The first pass makes only the rows that the second one reads.
    let (first, end) = rows.isIdentity ? (0, rows.count) : vertical.reach
    let (inStride, rowBytes) = (width * 3, columns.count * 3)
    func narrow(to target: UnsafeMutablePointer<UInt8>, _ stride: Int) {
      let horizontal = columns.triangle()
      wf_resample_rows(
        pixels + first * inStride, inStride, end - first, target, stride, columns.count, horizontal.spans,
        horizontal.fixedPoint(), horizontal.taps)
    }
    func shorten(_ source: UnsafePointer<UInt8>) {
      wf_resample_columns(
        source, rowBytes, out, stride, rowBytes, rows.count, vertical.spans(from: first),
        vertical.fixedPoint(),
        vertical.taps)
    }
    switch (columns.isIdentity, rows.isIdentity) {
    case (true, true):
      for y in 0..<rows.count { (out + y * stride).update(from: pixels + y * inStride, count: rowBytes) }
    case (false, true): narrow(to: out, stride)
    case (true, false): shorten(pixels + first * inStride)
    case (false, false):
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: (end - first) * rowBytes) { between in
        narrow(to: between.baseAddress!, rowBytes)
        shorten(between.baseAddress!)
      }
    }
  }

  private func area(
    _ pixels: UnsafePointer<UInt8>, _ columns: Span, _ rows: Span, _ out: UnsafeMutablePointer<UInt8>,
    _ stride: Int
  ) {
    let horizontal = columns.isGrowing ? columns.triangle() : columns.area()
    let vertical = rows.isGrowing ? rows.triangle() : rows.area()
    // Only the columns under the box are summed.
    let (first, end) = horizontal.reach
    let rowBytes = (end - first) * 3
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rowBytes + columns.count * 3 + 2) { scratch in
      wf_resample_float(
        pixels + first * 3, width * 3, rowBytes, out, stride, columns.count, rows.count,
        vertical.spans, vertical.floats(), vertical.taps,
        horizontal.spans(from: first), horizontal.floats(), horizontal.taps, scratch.baseAddress!)
    }
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
      let end = max(first, min(size, Int(center + support + 0.5)))
      weights.set(i, first: first, count: end - first) { position in
        max(0, 1 - abs((Double(position) - center + 0.5) * (1 / support)))
      }
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
      var end = min(size, max(first + 1, Int(to.rounded(.up))))
      func share(_ position: Int) -> Double { min(to, Double(position + 1)) - max(from, Double(position)) }
      if end - first > 1, share(end - 1) < 1e-6 { end -= 1 }
      weights.set(i, first: first, count: end - first, share)
    }
    return weights
  }
}

/// Which input pixels make each output pixel, and by how much.
private struct Weights {
  let taps: Int
  private(set) var spans: [wf_reach]
  private var values: [Double]

  init(taps: Int, count: Int) {
    self.taps = taps
    spans = [wf_reach](repeating: wf_reach(first: 0, count: 0), count: count)
    values = [Double](repeating: 0, count: count * taps)
  }

  /// Weights for output pixel `i` from `count` input pixels, divided by their sum.
  mutating func set(_ i: Int, first: Int, count: Int, _ weight: (Int) -> Double) {
    precondition(count <= taps, "resampling: \(count) weights where \(taps) fit")
    spans[i] = wf_reach(first: Int32(first), count: Int32(count))
    var sum = 0.0
    for k in 0..<count {
      values[i * taps + k] = weight(first + k)
      sum += values[i * taps + k]
    }
    if sum != 0 {
      for k in 0..<count { values[i * taps + k] /= sum }
    }
  }

  /// The first input pixel of all, and the one after the last.
  var reach: (first: Int, end: Int) {
    (Int(spans.map(\.first).min()!), Int(spans.map { $0.first + $0.count }.max()!))
  }

  /// Spans counted from input pixel `start`.
  func spans(from start: Int) -> [wf_reach] {
    spans.map { wf_reach(first: $0.first - Int32(start), count: $0.count) }
  }

  func floats() -> [Float] { values.map { Float($0) } }

  func fixedPoint() -> [Int32] {
    let one = Double(1 << WF_RESAMPLE_BITS)
    return values.map { Int32(0.5 + $0 * one) }
  }
}
