extension FileReader {
  /// Reads the elements of `shape` that lie at `strides`, counted in elements, from the byte `start` on.
  ///
  /// The file is read once, from its front to its back, through a window of half a megabyte: nothing but the tensor
  /// is held, however far apart its elements lie. The caller has checked that all elements are inside the file and
  /// that ``isNested(shape:strides:)``.
  package func tensor(
    _ type: ElementType, at start: Int, shape: [Int], strides: [Int], bigEndian: Bool = false
  ) throws(FileProblem) -> Tensor {
    precondition(shape.count == strides.count, "FileReader: shape \(shape), strides \(strides)")
    let count = shape.reduce(1, *)
    try FileProblem.checkMemory(4 * count)
    let storage = Storage(count: count)
    if count > 0 {
      let rowMajor = FileReader.rowMajorStrides(shape)
      if zip(shape, zip(strides, rowMajor)).allSatisfy({ $0 == 1 || $1.0 == $1.1 }) {
        try read(type, at: start, count: count, to: storage.pointer, bigEndian: bigEndian)
      } else {
        var order = shape.indices.filter { shape[$0] > 1 }.map { (shape[$0], strides[$0], rowMajor[$0]) }
        order.sort { $0.1 > $1.1 }
        try scatter(type, at: start, order, to: storage.pointer, bigEndian)
      }
    }
    return Tensor(shape: shape, storage: storage)
  }

  /// Whether each dimension steps over all that lies within it, so that no element is met twice and a walk by falling
  /// strides never goes back: true of what slicing and transposing make.
  package static func isNested(shape: [Int], strides: [Int]) -> Bool {
    guard !shape.contains(0) else { return true }
    var reach = 0
    for (size, step) in zip(shape, strides).filter({ $0.0 > 1 }).sorted(by: { $0.1 < $1.1 }) {
      guard step > reach else { return false }
      let (distance, overflow) = (size - 1).multipliedReportingOverflow(by: step)
      let (sum, carried) = reach.addingReportingOverflow(distance)
      guard !overflow, !carried else { return false }
      reach = sum
    }
    return true
  }

  package static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for i in shape.indices.dropLast().reversed() { strides[i] = strides[i + 1] * shape[i + 1] }
    return strides
  }

  /// Walks dimensions of (size, stride in the file, stride in memory) by falling strides in the file.
  private func scatter(
    _ type: ElementType, at start: Int, _ order: [(size: Int, from: Int, to: Int)],
    to out: UnsafeMutablePointer<Float>, _ bigEndian: Bool
  ) throws(FileProblem) {
    let last = order.reduce(0) { $0 + ($1.size - 1) * $1.from }
    let capacity = min(last + 1, 1 << 16)
    let window = UnsafeMutablePointer<Float>.allocate(capacity: capacity)
    defer { window.deallocate() }
    var (windowStart, windowEnd) = (0, 0)
    let inner = order[order.count - 1]
    var index = [Int](repeating: 0, count: order.count - 1)
    var (from, to) = (0, 0)
    while true {
      var done = 0
      while done < inner.size {
        let place = from + done * inner.from
        if place >= windowEnd {
          windowStart = place
          windowEnd = place + min(capacity, last + 1 - place)
          try read(
            type, at: start + place * type.size, count: windowEnd - place, to: window, bigEndian: bigEndian)
        }
        let n = min(inner.size - done, (windowEnd - place - 1) / inner.from + 1)
        for i in 0..<n { out[to + (done + i) * inner.to] = window[place - windowStart + i * inner.from] }
        done += n
      }
      var dimension = index.count - 1
      while dimension >= 0 {
        index[dimension] += 1
        from += order[dimension].from
        to += order[dimension].to
        if index[dimension] < order[dimension].size { break }
        from -= order[dimension].from * order[dimension].size
        to -= order[dimension].to * order[dimension].size
        index[dimension] = 0
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }
}
