import Detector
import FaceCrop
import Tensor

/// What methods share that add up input gradients at several changed copies of each crop.
///
/// Copies are handed to the detector in batches that may hold parts of several frames, and added up in their order:
/// what comes out does not depend on the size of the batch where the detector's answers do not.
struct SampledGradients {
  let name: String
  let detector: any GradientClassifier
  let clip: Clip
  let context: ExplanationContext

  /// Asks for the gradients of `count` copies of each frame.
  ///
  /// - Parameters:
  ///   - shares: the part of the whole work that this is, for progress.
  ///   - copy: copy `k` of frame `t`, whose crop `[3, S, S]` is given.
  ///   - add: what is added to the sum for a value of the gradient of copy `k`.
  ///   - finish: takes a frame's crop and sum, each `[3, S, S]`, frame by frame.
  func run(
    copies count: Int, copy: @Sendable (_ t: Int, _ k: Int, _ crop: Tensor) -> Tensor,
    add: (_ k: Int, _ gradient: Float) -> Float, finish: (_ t: Int, _ crop: Tensor, _ sum: Tensor) -> Void
  ) throws {
    let (total, shape) = (clip.frames.count * count, [3, clip.size, clip.size])
    var sum = Tensor(shape: shape, repeating: 0)
    var crop = (frame: -1, values: sum)
    for first in stride(from: 0, to: total, by: context.batchSize) {
      try context.report(Double(first) / Double(total))
      let items = first..<min(first + context.batchSize, total)
      let frames = items.lowerBound / count...(items.upperBound - 1) / count
      let crops = frames.map { $0 == crop.frame ? crop.values : clip.tensor($0..<$0 + 1).reshaped(shape) }
      let copies = ComputeRuntime.map(items.count) { i in
        let item = items.lowerBound + i
        return copy(item / count, item % count, crops[item / count - frames.lowerBound])
          .reshaped([1] + shape)
      }
      let gradients = try detector.inputGradients(Tensor.concatenated(copies)).gradients
      for (i, item) in items.enumerated() {
        let (t, k) = (item / count, item % count)
        gradients.withUnsafeBufferPointer { g in
          sum.withUnsafeMutableBufferPointer { out in
            for j in out.indices { out[j] += add(k, g[i * out.count + j]) }
          }
        }
        guard k == count - 1 else { continue }
        finish(t, crops[t - frames.lowerBound], sum)
        sum = Tensor(shape: shape, repeating: 0)
      }
      crop = (frames.upperBound, crops.last!)
    }
  }

  /// The result, unless something is not finite.
  func map(
    _ planes: [Tensor], for target: Target, kind: ExplanationMap.Kind = .signed, logits: [Float],
    cost: ExplanationMap.Cost, completenessGap: Double? = nil
  ) throws -> ExplanationMap {
    let values = Tensor.concatenated(planes)
    guard values.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) }) else {
      throw ExplanationError("\(name): \(detector.info.name) gives gradients that are not finite")
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target, kind: kind, values: values, size: clip.size,
      logits: logits, cost: cost, completenessGap: completenessGap)
  }
}

extension Tensor {
  /// `share` · Σ_c of `[3, S, S]`: `[1, S, S]`.
  func channelSum(_ share: Float) -> Tensor {
    let plane = shape[1] * shape[2]
    return Tensor(shape: [1, shape[1], shape[2]]) { out in
      withUnsafeBufferPointer { x in
        for i in 0..<plane { out[i] = (x[i] + x[plane + i] + x[2 * plane + i]) * share }
      }
    }
  }
}
