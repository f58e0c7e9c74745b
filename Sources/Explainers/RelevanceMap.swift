public import Tensor

/// Where a clip speaks for the explained class: `[T, S, S]` in [0, 1], 1 being the strongest place of the clip.
///
/// R = max(0, s · signed) with s = +1 for fake and −1 for real (an attention map is taken as it is), divided by its
/// largest value **over the whole clip**; no minimum is subtracted. A map at a lower resolution is cut at 0 first and
/// then enlarged bilinearly with half-pixel centres.
public struct RelevanceMap: Sendable {
  /// `[T, S, S]`, each value in [0, 1].
  public let values: Tensor

  /// Whether nothing speaks for the class: all values are 0.
  public var isEmpty: Bool { values.withUnsafeBufferPointer { $0.allSatisfy { $0 == 0 } } }

  /// Wraps values `[T, S, S]`, which must be in [0, 1].
  ///
  /// - Throws: ``ExplanationError`` if one is not, or the shape is another.
  public init(values: Tensor) throws(ExplanationError) {
    guard values.shape.count == 3, values.count > 0, values.shape[1] == values.shape[2] else {
      throw ExplanationError("a relevance map has the shape [T, S, S], not \(values.shape)")
    }
    guard values.withUnsafeBufferPointer({ $0.allSatisfy { $0 >= 0 && $0 <= 1 } }) else {
      throw ExplanationError("a relevance map has values in [0, 1]")
    }
    self.values = values
  }

  fileprivate init(enlarging map: Tensor, to size: Int) {
    var values = map.enlarged(height: size, width: size)
    values.withUnsafeMutableBufferPointer { values in
      let peak = values.max() ?? 0
      if peak > 0 { for i in values.indices { values[i] = min(values[i] / peak, 1) } }
    }
    self.values = values
  }
}

extension ExplanationMap {
  /// Where the clip speaks for ``target``; see ``RelevanceMap``.
  public func relevance() -> RelevanceMap {
    let cut =
      switch kind {
      case .attention: values
      case .signed: (values * target.sign).relu()
      }
    return RelevanceMap(enlarging: cut, to: size)
  }

  /// The signed map `[T, S, S]`, enlarged bilinearly and not normalised; nil for attention, which has no sign.
  public func signed() -> Tensor? { kind == .signed ? values.enlarged(height: size, width: size) : nil }
}
