public import VideoIO

extension RGBImage {
  /// The picture at another size: an area-weighted mean where it shrinks, bilinear where it grows (half-pixel
  /// centres), each direction by itself. For display; crops that a model sees are made elsewhere.
  ///
  /// - Parameters:
  ///   - width: columns of the result, at least 1.
  ///   - height: rows of the result, at least 1.
  public func resizedForDisplay(width newWidth: Int, height newHeight: Int) -> RGBImage {
    precondition(newWidth > 0 && newHeight > 0, "resizedForDisplay: \(newWidth)×\(newHeight)")
    if newWidth == width && newHeight == height { return self }
    let across = ScalingTaps(from: width, to: newWidth)
    let down = ScalingTaps(from: height, to: newHeight)
    var out = [UInt8](repeating: 0, count: newWidth * newHeight * 3)
    var line = [Float](repeating: 0, count: width * 3)
    pixels.withUnsafeBufferPointer { source in
      line.withUnsafeMutableBufferPointer { line in
        out.withUnsafeMutableBufferPointer { out in
          for y in 0..<newHeight {
            // Rows first, into one line as wide as the source; then along that line.
            line.update(repeating: 0)
            for tap in down.range(y) {
              let weight = down.weights[tap]
              let row = down.sources[tap] * width * 3
              for i in 0..<width * 3 { line[i] += weight * Float(source[row + i]) }
            }
            for x in 0..<newWidth {
              var (r, g, b) = (Float(0.5), Float(0.5), Float(0.5))
              for tap in across.range(x) {
                let (weight, i) = (across.weights[tap], across.sources[tap] * 3)
                r += weight * line[i]
                g += weight * line[i + 1]
                b += weight * line[i + 2]
              }
              let o = (y * newWidth + x) * 3
              out[o] = UInt8(min(255, r))
              out[o + 1] = UInt8(min(255, g))
              out[o + 2] = UInt8(min(255, b))
            }
          }
        }
      }
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: out)
  }
}

/// Which samples make each output sample along one direction, and how much; weights of an output sum to 1.
struct ScalingTaps: Sendable {
  private(set) var sources: [Int] = []
  private(set) var weights: [Float] = []
  private var starts: [Int] = [0]

  func range(_ output: Int) -> Range<Int> { starts[output]..<starts[output + 1] }

  init(from count: Int, to size: Int) {
    let step = Double(count) / Double(size)
    for output in 0..<size {
      if step > 1 {
        let (low, high) = (Double(output) * step, min(Double(output + 1) * step, Double(count)))
        for source in Int(low)..<min(count, Int(high.rounded(.up))) {
          let share = min(high, Double(source + 1)) - max(low, Double(source))
          guard share > 0 else { continue }
          sources.append(source)
          weights.append(Float(share / (high - low)))
        }
      } else {
        let place = min(Double(count - 1), max(0, (Double(output) + 0.5) * step - 0.5))
        let lower = Int(place)
        let fraction = Float(place - Double(lower))
        sources.append(lower)
        weights.append(1 - fraction)
        if fraction > 0 {
          sources.append(lower + 1)
          weights.append(fraction)
        }
      }
      starts.append(sources.count)
    }
  }
}

/// A plane of values at another size, as ``VideoIO/RGBImage/resizedForDisplay(width:height:)`` does it.
func resizedPlane(
  _ values: [Float], width: Int, height: Int, toWidth newWidth: Int, height newHeight: Int
) -> [Float] {
  if width == newWidth && height == newHeight { return values }
  let across = ScalingTaps(from: width, to: newWidth)
  let down = ScalingTaps(from: height, to: newHeight)
  var out = [Float](repeating: 0, count: newWidth * newHeight)
  var line = [Float](repeating: 0, count: width)
  values.withUnsafeBufferPointer { values in
    for y in 0..<newHeight {
      for x in 0..<width { line[x] = 0 }
      for tap in down.range(y) {
        let (weight, row) = (down.weights[tap], down.sources[tap] * width)
        for x in 0..<width { line[x] += weight * values[row + x] }
      }
      for x in 0..<newWidth {
        var sum: Float = 0
        for tap in across.range(x) { sum += across.weights[tap] * line[across.sources[tap]] }
        out[y * newWidth + x] = sum
      }
    }
  }
  return out
}
