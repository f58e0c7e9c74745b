import CWhyFakeTraining
public import VideoIO

/// Whether two crops show the same part of the same frame: what was not manipulated then agrees, pixel by pixel.
///
/// Luma is taken between two blurs (deviations of 1.5 and 3 pixels of 224), so that neither noise nor light counts, and its
/// slopes are correlated in 8×8 blocks, those across and those down each for itself: an edge that runs across looks the
/// same however far it is moved across, but its slope across is nothing. A manipulation is somewhere, so only the best
/// quarter of the blocks is asked: how well they agree, and whether they would agree better if one picture were moved by a
/// pixel.
public struct PairAlignment: Sendable, Equatable {
  /// The correlation that a quarter of the blocks reach, in [−1, 1]; the lower one of the two directions.
  public let correlation: Double
  /// How much the mean correlation of the best blocks rises when the second picture is moved by one pixel along the
  /// slopes, in the best of four directions; negative where it falls.
  public let gain: Double

  /// What is aligned: the valley between the two kinds of pairs of DFDC, and no better place within a pixel.
  static let leastCorrelation = 0.25
  static let mostGain = 0.0

  /// Whether the pictures' difference shows the manipulation.
  public var isAligned: Bool { correlation >= Self.leastCorrelation && gain <= Self.mostGain }

  /// Compares two pictures of one size, at least 32×32.
  public init(_ a: RGBImage, _ b: RGBImage) {
    precondition(
      a.width == b.width && a.height == b.height && min(a.width, a.height) >= 32,
      "PairAlignment: \(a.width)×\(a.height) against \(b.width)×\(b.height)")
    let (width, count) = (a.width, a.width * a.height)
    let (first, second) = (Slopes(a), Slopes(b))
    let across = Agreement(first.values, second.values, width, a.height, step: 1)
    let down = Agreement(first.values + count, second.values + count, width, a.height, step: width)
    correlation = min(across.correlation, down.correlation)
    gain = max(across.gain, down.gain)
  }
}

/// How well the slopes in one direction agree.
private struct Agreement {
  let correlation: Double
  let gain: Double

  init(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ width: Int, _ height: Int, step: Int
  ) {
    let blocks = 8
    let (columns, rows) = ((width - 4) / blocks, (height - 4) / blocks)
    // Where there is next to nothing to see (slopes of a twentieth of a level), what is left of noise must not decide.
    let floor = 0.0025 * Float(columns * rows)
    var found: [[Float]] = []
    for y in 0..<blocks {
      for x in 0..<blocks {
        let at = (2 + y * rows) * width + 2 + x * columns
        var sums = [Float](repeating: 0, count: 5)
        wf_correlate(a + at, b + at, width, columns, rows, step, &sums)
        let scale = ((sums[0] + floor) * (sums[1] + floor)).squareRoot()
        found.append(sums[2...].map { $0 / scale })
      }
    }
    found.sort { $0[0] > $1[0] }
    let best = found.prefix(found.count / 4)
    func mean(_ move: Int) -> Float { best.map { $0[move] }.reduce(0, +) / Float(best.count) }
    correlation = Double(best.last![0])
    gain = Double(max(mean(1), mean(2)) - mean(0))
  }
}

/// Slopes of a picture's luma between two blurs: a plane of those across, one of those down.
private final class Slopes {
  let values: UnsafeMutablePointer<Float>

  init(_ image: RGBImage) {
    let (width, height) = (image.width, image.height)
    let count = width * height
    values = .allocate(capacity: 2 * count)
    let unit = Double(max(width, height)) / 224
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count) { scratch in
      let (luma, coarse) = (scratch.baseAddress!, scratch.baseAddress! + count)
      image.pixels.withUnsafeBufferPointer { pixels in
        for i in 0..<count {
          let (r, g, b) = (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2])
          luma[i] = 0.299 * Float(r) + 0.587 * Float(g) + 0.114 * Float(b)
        }
      }
      gaussianBlur(luma, width, height, deviation: 1.5 * unit)
      coarse.update(from: luma, count: count)
      // The variances of blurs one after the other add up.
      gaussianBlur(coarse, width, height, deviation: (9 - 2.25).squareRoot() * unit)
      for i in 0..<count { luma[i] -= coarse[i] }
      wf_slopes(luma, width, height, values, values + count)
    }
  }

  deinit { values.deallocate() }
}
