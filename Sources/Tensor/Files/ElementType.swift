/// How numbers are stored in a file: in the order of bytes of the machines that Swift runs on, little endian.
package enum ElementType: Sendable, Hashable {
  case float64, float32, float16, bfloat16
  case int8, uint8, int16, uint16, int32, uint32, int64, uint64, bool

  /// Bytes for each element.
  package var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  package var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }

  /// Writes `count` elements of `source` as floats, rounded to nearest where a float cannot hold them.
  package func decode(_ source: UnsafeRawBufferPointer, count: Int, to out: UnsafeMutablePointer<Float>) {
    func convert<T>(_: T.Type, _ body: (T) -> Float) {
      guard let base = source.baseAddress else { return }
      for i in 0..<count {
        out[i] = body(base.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self))
      }
    }
    switch self {
    case .float64: convert(Double.self) { Float($0) }
    case .float32: convert(UInt32.self) { Float(bitPattern: $0) }
    case .float16: convert(UInt16.self, SixteenBit.float(float16:))
    case .bfloat16: convert(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int8: convert(Int8.self) { Float($0) }
    case .uint8: convert(UInt8.self) { Float($0) }
    case .int16: convert(Int16.self) { Float($0) }
    case .uint16: convert(UInt16.self) { Float($0) }
    case .int32: convert(Int32.self) { Float($0) }
    case .uint32: convert(UInt32.self) { Float($0) }
    case .int64: convert(Int64.self) { Float($0) }
    case .uint64: convert(UInt64.self) { Float($0) }
    case .bool: convert(UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  /// Turns the bytes of each element around.
  func swapBytes(_ buffer: UnsafeMutableRawBufferPointer) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: buffer.count, by: size) {
      for i in 0..<(size / 2) { buffer.swapAt(start + i, start + size - 1 - i) }
    }
  }
}

/// Conversions of 16-bit floats, on bits: `Float16` is not there on every Mac.
enum SixteenBit {
  /// The value of an IEEE half, exactly.
  @inline(__always) static func float(float16 half: UInt16) -> Float {
    let magnitude = UInt32(half & 0x7fff) << 13
    let sign = UInt32(half & 0x8000) << 16
    // The exponent is too small by 127 − 15; the product also normalises subnormals.
    let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let bits = magnitude >= 0x0f80_0000 ? magnitude | 0x7f80_0000 : finite
    return Float(bitPattern: bits | sign)
  }

  /// The nearest IEEE half, ties to even; what is too large becomes infinite.
  @inline(__always) static func float16(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {
      // Below 2⁻¹⁴: adding ½ leaves the half's last bit as the float's last, rounded by the hardware.
      let shifted = (Float(bitPattern: magnitude) + 0.5).bitPattern - Float(0.5).bitPattern
      return sign | UInt16(truncatingIfNeeded: shifted)
    }
    let rounded = magnitude &- 0x3800_0000 &+ 0xfff &+ (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: rounded >> 13)
  }

  /// The nearest bfloat16, ties to even; what is too large becomes infinite.
  @inline(__always) static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if bits & 0x7fff_ffff > 0x7f80_0000 { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
  }
}

extension Tensor {
  /// The number of elements of a shape that a file claims; nil if it is more than a tensor can have, also were its
  /// empty dimensions not empty: strides are computed from the others.
  package static func checkedCount(_ shape: [Int]) -> Int? {
    guard shape.count <= 32 else { return nil }
    var count = 1
    for size in shape {
      guard size >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow, product <= Int.max / 16 else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }
}

/// Copies the elements of `shape` that lie at `strides` in `source` to row-major order; every index must be
/// inside.
func gather<T>(
  _ source: UnsafePointer<T>, shape: [Int], strides: [Int], to out: UnsafeMutablePointer<T>
) {
  guard shape.allSatisfy({ $0 > 0 }) else { return }
  guard let (inner, step) = zip(shape, strides).reversed().first else {
    out[0] = source[0]
    return
  }
  var index = [Int](repeating: 0, count: shape.count - 1)
  var (start, written) = (0, 0)
  while true {
    for i in 0..<inner { out[written + i] = source[start + i * step] }
    written += inner
    var dimension = index.count - 1
    while dimension >= 0 {
      index[dimension] += 1
      start += strides[dimension]
      if index[dimension] < shape[dimension] { break }
      start -= strides[dimension] * shape[dimension]
      index[dimension] = 0
      dimension -= 1
    }
    if dimension < 0 { return }
  }
}
