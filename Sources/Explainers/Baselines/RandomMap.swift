public import FaceCrop
import Tensor
import VideoIO

/// No explanation: uniform noise on a grid, enlarged like any map of that resolution, other noise in each frame and for each
/// clip. What a metric says of it is what chance gets.
public struct RandomMap: Explainer {
  /// `random`.
  public let name = "random"
  /// Rows and columns of the grid.
  public let side: Int
  /// Seed of the noise.
  public let seed: UInt64

  /// Noise on a grid of 7×7, as GradCAM has at 224 pixels, unless told otherwise.
  public init(side: Int = 7, seed: UInt64 = 0) {
    precondition(side > 0, "RandomMap: a grid of \(side)")
    (self.side, self.seed) = (side, seed)
  }

  /// Noise that depends on the seed and on what the crops are.
  public func explain(
    _ clip: Clip, for target: Target, context: ExplanationContext
  ) throws -> ExplanationMap {
    let start = ContinuousClock.now
    try context.report(0)
    var generator = SplitMix(seed: seed ^ clip.crops.reduce(0) { Self.hash($1.pixels, after: $0) })
    let values = Tensor(shape: [clip.frames.count, side, side]) { out in
      for i in out.indices { out[i] = Float(generator.uniform()) }
    }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: "none", target: target, kind: .attention, values: values, size: clip.size,
      cost: .init(framePasses: 0, seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  /// FNV-1a over bytes.
  private static func hash(_ bytes: [UInt8], after hash: UInt64) -> UInt64 {
    bytes.reduce(hash ^ 0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}
