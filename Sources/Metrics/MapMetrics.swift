public import Explainers
import Tensor

/// The five numbers of the study (S. Pino, *What's wrong with this video?*, 2021) that describe a relevance map by
/// itself, without asking the detector again.
///
/// Each is a mean over the frames where it is defined; ``framesUsed`` says over how many. They describe how a map
/// looks; none says that it is right.
public struct MapMetrics: Sendable, Equatable, Codable {
  /// T.
  public var frames: Int
  /// I: mean relevance, in [0, 1].
  public var intensity: Double
  /// V: population variance of a frame's relevance, in [0, 0.25].
  public var variance: Double
  /// τ: Pearson correlation of neighbouring frames, in [−1, 1]; nil where every pair has a constant frame.
  public var interFrameConsistency: Double?
  /// ρ: autocorrelation of a frame under shifts by a tenth of its side, in [−1, 1]; nil where all frames are constant.
  public var intraFrameConsistency: Double?
  /// μ: share of the relevance inside the central square of half the area, in [0, 1]; nil where all frames are zero.
  public var centredness: Double?
  /// The number of frames, or of pairs for τ, that each mean was taken over.
  public var framesUsed: FramesUsed

  /// How many terms each mean has.
  public struct FramesUsed: Sendable, Equatable, Codable {
    /// Frames.
    public var intensity: Int
    /// Frames.
    public var variance: Int
    /// Pairs of neighbouring frames.
    public var interFrameConsistency: Int
    /// Frames.
    public var intraFrameConsistency: Int
    /// Frames.
    public var centredness: Int
  }

  /// Measures `map`. O(T · S²).
  public init(_ map: RelevanceMap) {
    let (frames, side) = (map.values.shape[0], map.values.shape[1])
    let planes = map.values.withUnsafeBufferPointer { values in
      (0..<frames).map { Plane(values[($0 * side * side)..<(($0 + 1) * side * side)], side: side) }
    }
    let inter = zip(planes, planes.dropFirst()).compactMap { $0.correlation(with: $1) }
    let intra = planes.compactMap { $0.autocorrelation(shift: Int((0.1 * Double(side)).rounded())) }
    let centred = planes.compactMap { $0.shareInCentralSquare() }
    self.frames = frames
    intensity = Self.mean(planes.map(\.mean))!
    variance = Self.mean(planes.map(\.variance))!
    interFrameConsistency = Self.mean(inter)
    intraFrameConsistency = Self.mean(intra)
    centredness = Self.mean(centred)
    framesUsed = FramesUsed(
      intensity: frames, variance: frames, interFrameConsistency: inter.count,
      intraFrameConsistency: intra.count, centredness: centred.count)
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

/// One frame of a map, its mean removed.
private struct Plane {
  let side: Int
  let mean: Double
  /// Σ (M − mean)².
  let energy: Double
  private let centred: [Double]

  init(_ values: Slice<UnsafeBufferPointer<Float>>, side: Int) {
    self.side = side
    let total = values.reduce(0.0) { $0 + Double($1) }
    let mean = total / Double(values.count)
    let isConstant = values.allSatisfy { $0 == values.first }
    self.mean = mean
    centred = values.map { isConstant ? 0 : Double($0) - mean }
    energy = centred.reduce(0) { $0 + $1 * $1 }
  }

  var variance: Double { energy / Double(centred.count) }

  func correlation(with other: Plane) -> Double? {
    guard energy > 0, other.energy > 0 else { return nil }
    var sum = 0.0
    for i in centred.indices { sum += centred[i] * other.centred[i] }
    return min(1, max(-1, sum / (energy * other.energy).squareRoot()))
  }

  /// Mean of a_s / a_0 over the four shifts by `shift` pixels along an axis. Opposite shifts have equal a_s.
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

  /// Σ k·M / Σ M, k being the part of each pixel that the central square of side √½ · S covers.
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
