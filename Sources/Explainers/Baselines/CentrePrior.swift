#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif
public import FaceCrop
import Tensor

/// No explanation: a Gaussian hill in the middle of every crop, whatever it shows and whatever the detector says. Faces are
/// in the middle of their crops, and so is most of what is manipulated; an explainer that points at it no better than this
/// has not shown that it knows anything.
public struct CentrePrior: Explainer {
  /// `centre`.
  public let name = "centre"
  /// The hill's standard deviation as a share of the crop's side.
  public let deviation: Double

  /// A hill.
  public init(deviation: Double = 0.25) {
    precondition(deviation > 0, "CentrePrior: a deviation of \(deviation)")
    self.deviation = deviation
  }

  /// The same map for every clip of that size.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    try context.report(0)
    let (frames, size) = (clip.frames.count, clip.size)
    let hill = (0..<size).map { i -> Double in
      let distance = (Double(i) + 0.5) / Double(size) - 0.5
      return exp(-distance * distance / (2 * deviation * deviation))
    }
    let values = Tensor(shape: [frames, size, size]) { out in
      for i in out.indices { out[i] = Float(hill[i / size % size] * hill[i % size]) }
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: "none", target: target, kind: .attention, values: values, size: size,
      cost: .init(framePasses: 0, seconds: (ContinuousClock.now - start) / .seconds(1)))
  }
}
