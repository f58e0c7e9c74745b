import CWhyFakeTraining
public import VideoIO

/// Where a fake differs from the real picture that it was made from: the manipulation, as a target for attention.
public struct PairDifference: Sendable, Equatable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The mean over the channels of |fake − original| / 255, smoothed; row by row, in [0, 1].
  public let values: [Float]

  /// How a target is scaled.
  public enum Scale: Sendable, CaseIterable {
    /// Its 95th percentile, and what is above, is 1: for maps of sigmoids. (One bright cell does not darken the rest.)
    case peak
    /// Its sum is 1: for maps of a softmax.
    case sum
  }

  /// The difference of two crops, or nil where they have other sizes or are not aligned (``PairAlignment``): then it would
  /// show edges, not manipulation.
  ///
  /// - Parameters:
  ///   - fake: the manipulated crop, at least 32×32.
  ///   - original: the same part of the same frame of the real video.
  ///   - smoothing: the standard deviation of a Gaussian blur, in pixels of a crop of 224.
  public init?(fake: RGBImage, original: RGBImage, smoothing: Double = 4) {
    guard fake.width == original.width, fake.height == original.height, min(fake.width, fake.height) >= 32,
      PairAlignment(fake, original).isAligned
    else { return nil }
    let (width, height) = (fake.width, fake.height)
    values = [Float](unsafeUninitializedCapacity: width * height) { out, count in
      fake.pixels.withUnsafeBufferPointer { a in
        original.pixels.withUnsafeBufferPointer { b in
          wf_difference(a.baseAddress!, b.baseAddress!, width * height, out.baseAddress!)
        }
      }
      gaussianBlur(
        out.baseAddress!, width, height, deviation: smoothing * Double(max(width, height)) / 224)
      count = width * height
    }
    (self.width, self.height) = (width, height)
  }

  /// A mask that is known, as that of a self-blended picture: `height * width` values in [0, 1].
  public init(width: Int, height: Int, values: [Float]) {
    precondition(
      values.count == width * height, "PairDifference: \(values.count) values for \(width)×\(height)")
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// The difference in the geometry of an augmented crop of `side`×`side`.
  public func placed(_ placement: CropPlacement, side: Int) -> PairDifference {
    PairDifference(
      width: side, height: side,
      values: placement.place(mask: values, width: width, height: height, side: side))
  }

  /// What attention should look like at `width`×`height`: means over the area under each cell, less the background (the
  /// lower quartile of the cells: what compression alone does), scaled. Nil where the largest value is less than
  /// `least`, in the unit of ``values``: nothing to see is nothing to learn from.
  ///
  /// - Returns: `height * width` values, row by row, in [0, 1].
  public func maskTarget(
    width columns: Int, height rows: Int, scale: Scale = .peak, least: Float = 4.0 / 255
  ) -> [Float]? {
    precondition(
      columns > 0 && rows > 0 && columns <= width && rows <= height,
      "PairDifference: \(width)×\(height) to a target of \(columns)×\(rows)")
    let across = Self.shares(width, columns)
    let down = Self.shares(height, rows)
    var cells = [Float](repeating: 0, count: rows * columns)
    values.withUnsafeBufferPointer { values in
      var line = [Float](repeating: 0, count: columns)
      for row in 0..<rows {
        for (y, share) in down[row] {
          for column in 0..<columns {
            var sum: Float = 0
            for (x, part) in across[column] { sum += values[y * width + x] * part }
            line[column] = sum
          }
          for column in 0..<columns { cells[row * columns + column] += line[column] * share }
        }
      }
    }
    let background = cells.sorted()[cells.count / 4]
    for i in cells.indices { cells[i] = max(0, cells[i] - background) }
    let sorted = cells.sorted()
    guard let largest = sorted.last, largest >= least else { return nil }
    if scale == .sum {
      let sum = cells.reduce(0, +)
      return cells.map { $0 / sum }
    }
    // Never so low that what is next to nothing would become 1.
    let peak = max(sorted[(sorted.count - 1) * 95 / 100], least)
    return cells.map { min(1, $0 / peak) }
  }

  /// For each of `cells` cells the pixels of `count` under it and their shares, which make 1.
  private static func shares(_ count: Int, _ cells: Int) -> [[(Int, Float)]] {
    let step = Double(count) / Double(cells)
    return (0..<cells).map { cell in
      let (from, to) = (Double(cell) * step, Double(cell + 1) * step)
      return (Int(from)..<min(count, Int(to.rounded(.up)))).map { i in
        (i, Float((min(to, Double(i + 1)) - max(from, Double(i))) / step))
      }
    }
  }
}
