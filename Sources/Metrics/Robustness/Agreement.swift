public import Explainers
import Tensor

/// How far two explanations of one clip agree.
public struct Agreement: Sendable, Equatable, Codable {
  /// Spearman's ρ of the relevances over all pixels of the clip, in [−1, 1]; nil where one map is constant.
  public var rankCorrelation: Double?
  /// Of the most relevant tenth of the clip's pixels in either map, the share that is in both (intersection over union), in
  /// [0, 1]; nil where one map is empty. Where equal values lie at the border, as few as make a tenth are left out.
  public var overlap: Double?

  /// Compares `a` and `b`, relevances of one clip.
  ///
  /// - Throws: ``ExplanationError`` if they are of different sizes.
  public init(_ a: RelevanceMap, _ b: RelevanceMap) throws(ExplanationError) {
    guard a.values.shape == b.values.shape else {
      throw ExplanationError("maps \(a.values.shape) and \(b.values.shape) are not of one clip")
    }
    let (x, y) = (a.values.elements.map(Double.init), b.values.elements.map(Double.init))
    rankCorrelation = Correlation.spearman(x, y)
    if !a.isEmpty && !b.isEmpty {
      let (p, q) = (Self.top(x), Self.top(y))
      let union = zip(p, q).count { $0.0 || $0.1 }
      overlap = union == 0 ? nil : Double(zip(p, q).count { $0.0 && $0.1 }) / Double(union)
    }
  }

  /// Which values are above all but a tenth.
  private static func top(_ values: [Double]) -> [Bool] {
    let border = values.sorted(by: >)[max(1, values.count / 10) - 1]
    let isAbove = values.map { $0 > border }
    // With many equal values at the border there may be none above it: then those at the border are.
    return isAbove.contains(true) ? isAbove : values.map { $0 == border && border > 0 }
  }
}
