public import Detector
public import FaceCrop
import Tensor

/// The attention that a network made itself: Bonettini's (Bonettini et al. 2020), or a level of Learn To Pay Attention
/// (Jetley et al. 2018). Nothing is computed beside the forward pass.
///
/// An attention map has no sign: it says where the network looked, not for which class.
public struct AttentionMap: ScoringExplainer {
  /// Which of a network's maps.
  public enum Level: Sendable, Equatable {
    /// One of ``AttentionClassifier/attentionLevels``, by its index from 0.
    case index(Int)
    /// The product of all levels: where every one of them looks. Each is enlarged bilinearly to the finest one's
    /// resolution; each frame's product is scaled to add up to 1, as a level of Learn To Pay Attention does. A network
    /// with one level has that level.
    case product
  }

  /// `attention` for a network with one level; else `ltpa` for the middle one, `ltpa1`, `ltpa3` … for others by their
  /// number, and `ltpa-product`; or as was given.
  public let name: String
  /// The detector that is explained.
  public let detector: any AttentionClassifier
  /// Which of its maps.
  public let level: Level
  /// The detector that is explained.
  public var scoringDetector: any Classifier { detector }

  /// The attention of `detector`.
  ///
  /// - Parameters:
  ///   - level: the middle one if nil.
  ///   - name: the explainer's name, for networks of one's own.
  public init(_ detector: any AttentionClassifier, level: Level? = nil, name: String? = nil) {
    let count = detector.attentionLevels.count
    let level = level ?? .index(count / 2)
    if case .index(let index) = level {
      precondition(
        (0..<count).contains(index), "AttentionMap: level \(index) of \(count) of \(detector.info.name)")
    }
    precondition(count > 0, "AttentionMap: \(detector.info.name) has no attention levels")
    self.detector = detector
    self.level = level
    let usual =
      switch level {
      case _ where count == 1: "attention"
      case .index(let index): index == count / 2 ? "ltpa" : "ltpa\(index + 1)"
      case .product: "ltpa-product"
      }
    self.name = name ?? usual
  }

  /// Explains `clip` with one forward pass a crop.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    var (maps, logits) = ([Tensor](), [Float]())
    let count = clip.frames.count
    for first in stride(from: 0, to: count, by: context.batchSize) {
      try context.report(Double(first) / Double(count))
      let range = first..<min(first + context.batchSize, count)
      let result = try detector.attention(clip.tensor(range))
      switch level {
      case .index(let index): maps.append(result.maps[index])
      case .product: maps.append(Self.product(result.maps))
      }
      logits += result.logits.elements
    }
    let values = Tensor.concatenated(maps)
    guard values.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) }) else {
      throw ExplanationError("\(name): \(detector.info.name) gives attention that is not finite")
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target, kind: .attention, values: values,
      size: clip.size, logits: logits,
      cost: .init(framePasses: count, seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  /// The product of maps `[N, h, w]` of several resolutions; each frame adds up to 1, or is 0 throughout.
  private static func product(_ maps: [Tensor]) -> Tensor {
    guard maps.count > 1 else { return maps[0] }
    let (height, width) = (maps.map { $0.shape[1] }.max()!, maps.map { $0.shape[2] }.max()!)
    let levels = maps.map { $0.enlarged(height: height, width: width) }
    let plane = height * width
    return Tensor(shape: levels[0].shape) { out in
      for n in 0..<levels[0].shape[0] {
        // In Double: three small shares make a very small product.
        var products = [Double](repeating: 1, count: plane)
        for level in levels {
          level.withUnsafeBufferPointer { values in
            for i in 0..<plane { products[i] *= Double(values[n * plane + i]) }
          }
        }
        let sum = products.reduce(0, +)
        for i in 0..<plane { out[n * plane + i] = sum > 0 ? Float(products[i] / sum) : Float(products[i]) }
      }
    }
  }
}
