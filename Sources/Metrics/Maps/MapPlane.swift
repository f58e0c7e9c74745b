import Explainers
import Tensor

/// One frame of a map, its mean removed.
struct MapPlane {
  let side: Int
  let mean: Double
  /// Σ (M − mean)².
  let energy: Double
  private let centred: [Double]

  /// The frames of `map`.
  static func all(_ map: RelevanceMap) -> [MapPlane] {
    let (frames, side) = (map.values.shape[0], map.values.shape[1])
    return map.values.withUnsafeBufferPointer { values in
      (0..<frames).map { MapPlane(values[($0 * side * side)..<(($0 + 1) * side * side)], side: side) }
    }
  }

  private init(_ values: Slice<UnsafeBufferPointer<Float>>, side: Int) {
    self.side = side
    let total = values.reduce(0.0) { $0 + Double($1) }
    let mean = total / Double(values.count)
    let isConstant = values.allSatisfy { $0 == values.first }
    self.mean = mean
    centred = values.map { isConstant ? 0 : Double($0) - mean }
    energy = centred.reduce(0) { $0 + $1 * $1 }
  }

  var variance: Double { energy / Double(centred.count) }

  /// Pearson's r with another frame; nil where one is constant.
  func correlation(with other: MapPlane) -> Double? {
    guard energy > 0, other.energy > 0 else { return nil }
    var sum = 0.0
    for i in centred.indices { sum += centred[i] * other.centred[i] }
    return min(1, max(-1, sum / (energy * other.energy).squareRoot()))
  }

  /// Mean of a_s / a_0 over the four shifts by `shift` pixels along an axis; nil where the frame is constant. Opposite
  /// shifts have equal a_s.
  func autocorrelation(shift: Int) -> Double? {
    guard energy > 0 else { return nil }
    var sum = 0.0
    for y in 0..<side {
      for x in 0..<side {
        let here = centred[y * side + x]
        if x + shift < side { sum += here * centred[y * side + x + shift] }
        if y + shift < side { sum += here * centred[(y + shift) * side + x] }
      }
    }
    return sum / 2 / energy
  }

  /// Σ k·M / Σ M, k being the part of each pixel that the central square of side √½ · S covers; nil for a frame of zeros.
  func shareInCentralSquare() -> Double? {
    let (low, high) = (Double(side) * (1 - 0.5.squareRoot()) / 2, Double(side) * (1 + 0.5.squareRoot()) / 2)
    let cover = (0..<side).map { max(0, min(Double($0) + 1, high) - max(Double($0), low)) }
    var (inside, total) = (0.0, 0.0)
    for y in 0..<side {
      for x in 0..<side {
        let value = centred[y * side + x] + mean
        inside += cover[y] * cover[x] * value
        total += value
      }
    }
    return total > 0 ? inside / total : nil
  }
}
