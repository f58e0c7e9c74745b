import Detector
import FaceCrop
import Tensor

/// Whose evidence a class activation map holds, for methods that count only what raises the logit of a class.
///
/// With one logit z the class real has the logit −z. Such a method gives each class a map of its own, and both can be
/// above 0 at one place, so that no single signed map holds both.
public enum ClassEvidence: Sendable, CaseIterable {
  /// The published map of the class that is explained: times −1 for the class real, so that below 0 speaks for real.
  case explained
  /// The map of the class fake less the map of the class real: one map, whatever class is explained.
  case balance
}

/// What class activation maps share: blocks, batches, and how maps of several blocks become one.
///
/// Each block's map is divided by its largest magnitude over the clip and enlarged bilinearly to the finest block's
/// resolution. Their mean is multiplied by the mean of those magnitudes: the unit stays that of one block's map, and
/// signs stay.
struct ClassActivationMap: Sendable {
  let name: String
  let detector: any GradientClassifier
  let blocks: [Block]

  /// - Parameter blocks: at least one of the detector's; its default block if nil.
  init(_ name: String, _ detector: any GradientClassifier, _ blocks: [Block]?) {
    guard let blocks = blocks ?? detector.defaultBlock.map({ [$0] }), !blocks.isEmpty else {
      preconditionFailure("\(name): \(detector.info.name) has no blocks, or none were given")
    }
    (self.name, self.detector, self.blocks) = (name, detector, blocks)
  }

  /// Explains `clip` with one question a crop.
  ///
  /// - Parameter map: from a block's activations A and the gradients g of the logit there, both `[N, C, h, w]`, to
  ///   signed maps `[N, h, w]`.
  func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext, map: (_ a: Tensor, _ g: Tensor) -> Tensor
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    var (maps, logits) = ([[Tensor]](repeating: [], count: blocks.count), [Float]())
    let count = clip.frames.count
    for first in stride(from: 0, to: count, by: context.batchSize) {
      try context.report(Double(first) / Double(count))
      let range = first..<min(first + context.batchSize, count)
      let batch = try detector.activations(at: blocks, clip.tensor(range))
      for (i, block) in batch.enumerated() { maps[i].append(map(block.activations, block.gradients)) }
      logits += batch[0].logits.elements
    }
    let values = Self.joined(maps.map { Tensor.concatenated($0) })
    guard values.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) }) else {
      throw ExplanationError("\(name): \(detector.info.name) gives gradients that are not finite")
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target, values: values, size: clip.size,
      logits: logits,
      cost: .init(framePasses: count, seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  /// One map of the maps of several blocks, each `[T, h, w]`.
  private static func joined(_ maps: [Tensor]) -> Tensor {
    guard maps.count > 1 else { return maps[0] }
    let (height, width) = (maps.map { $0.shape[1] }.max()!, maps.map { $0.shape[2] }.max()!)
    let peaks = maps.map { map in map.withUnsafeBufferPointer { $0.reduce(0) { max($0, abs($1)) } } }
    let unit = peaks.reduce(0, +) / Float(maps.count * maps.count)
    var sum = Tensor(shape: [maps[0].shape[0], height, width], repeating: 0)
    for (map, peak) in zip(maps, peaks) where peak != 0 {
      sum += map.enlarged(height: height, width: width) * (unit / peak)
    }
    return sum
  }
}

extension ClassEvidence {
  /// The signed map of a method that is published for the logit of a class.
  ///
  /// - Parameter published: the published map, from activations and the gradients of the class's logit.
  func signed(
    _ a: Tensor, _ g: Tensor, _ target: Target, published: (_ a: Tensor, _ g: Tensor) -> Tensor
  ) -> Tensor {
    switch self {
    case .explained: published(a, g * target.sign) * target.sign
    case .balance: published(a, g) - published(a, g * -1)
    }
  }
}

extension Tensor {
  /// `[T, h, w]` to `[T, height, width]`, bilinear with half-pixel centres.
  func enlarged(height: Int, width: Int) -> Tensor {
    if shape[1] == height && shape[2] == width { return self }
    return reshaped([shape[0], 1, shape[1], shape[2]]).resizedBilinear(height: height, width: width)
      .reshaped([shape[0], height, width])
  }

  /// Σ_c self · weights over the channels of `[N, C, h, w]`; `weights` is of that shape, or `[N, C]`.
  func channelSum(weighted weights: Tensor) -> Tensor {
    let (n, c, plane) = (shape[0], shape[1], shape[2] * shape[3])
    let perPlane = weights.shape.count == 2
    precondition(weights.shape == (perPlane ? [n, c] : shape), "channelSum: \(shape) by \(weights.shape)")
    return Tensor(shape: [n, shape[2], shape[3]]) { out in
      out.update(repeating: 0)
      withUnsafeBufferPointer { x in
        weights.withUnsafeBufferPointer { w in
          for row in 0..<n * c {
            let (from, to) = (row * plane, row / c * plane)
            for i in 0..<plane { out[to + i] += x[from + i] * w[perPlane ? row : from + i] }
          }
        }
      }
    }
  }
}
