import CWhyFakeTraining
public import VideoIO

/// Whether two crops show the same part of the same frame: what was not manipulated then agrees, pixel by pixel.
///
/// Both pictures' luma is taken between two blurs (deviations of 1 and 3 pixels of 224), so that neither noise nor light
/// counts, and correlated in 8×8 blocks. A manipulation is somewhere, so only the best quarter of the blocks is asked: how
/// well they agree, and whether they would agree better if one picture were moved by a pixel.
public struct PairAlignment: Sendable, Equatable {
  /// The correlation that a quarter of the blocks reach, in [−1, 1].
  public let correlation: Double
  /// How much the mean correlation of the best blocks rises when the second picture is moved by one pixel in the best of
  /// four directions; negative where it falls.
  public let gain: Double

  /// What is aligned: the valley between the two kinds of pairs of DFDC, and no better place within a pixel.
  static let leastCorrelation = 0.35
  static let mostGain = 0.02

  /// Whether the pictures' difference shows the manipulation.
  public var isAligned: Bool { correlation >= Self.leastCorrelation && gain <= Self.mostGain }

  /// Compares two pictures of one size, at least 32×32.
  public init(_ a: RGBImage, _ b: RGBImage) {
    precondition(
      a.width == b.width && a.height == b.height && min(a.width, a.height) >= 32,
      "PairAlignment: \(a.width)×\(a.height) against \(b.width)×\(b.height)")
    let (width, height) = (a.width, a.height)
    let (first, second) = (Band(a), Band(b))
    let blocks = 8
    let (columns, rows) = ((width - 2) / blocks, (height - 2) / blocks)
    var found: [(correlation: Float, sums: [Float])] = []
    for y in 0..<blocks {
      for x in 0..<blocks {
        let at = (1 + y * rows) * width + 1 + x * columns
        var sums = [Float](repeating: 0, count: 7)
        wf_correlate(first.values + at, second.values + at, width, columns, rows, &sums)
        // Where there is next to nothing to see (a deviation of a twentieth of a level), noise must not decide.
        let floor = 0.0025 * Float(columns * rows)
        let scale = ((sums[0] + floor) * (sums[1] + floor)).squareRoot()
        found.append((sums[2] / scale, sums.map { $0 / scale }))
      }
    }
    found.sort { $0.correlation > $1.correlation }
    correlation = Double(found[found.count / 4 - 1].correlation)
    let best = found.prefix(found.count / 4).map(\.sums)
    func mean(_ move: Int) -> Float { best.map { $0[move] }.reduce(0, +) / Float(best.count) }
    gain = Double((3...6).map(mean).max()! - mean(2))
  }
}

/// A picture's luma between two blurs.
private final class Band {
  let values: UnsafeMutablePointer<Float>

  init(_ image: RGBImage) {
    let count = image.width * image.height
    let unit = Double(max(image.width, image.height)) / 224
    values = .allocate(capacity: count)
    for i in 0..<count {
      let (r, g, b) = (image.pixels[3 * i], image.pixels[3 * i + 1], image.pixels[3 * i + 2])
      values[i] = 0.299 * Float(r) + 0.587 * Float(g) + 0.114 * Float(b)
    }
    gaussianBlur(values, image.width, image.height, deviation: unit)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { coarse in
      coarse.baseAddress!.initialize(from: values, count: count)
      gaussianBlur(coarse.baseAddress!, image.width, image.height, deviation: 3 * unit)
      for i in 0..<count { values[i] -= coarse[i] }
    }
  }

  deinit { values.deallocate() }
}
