import Detector
import FaceCrop
import Tensor
import TestSupport
import VideoIO

/// z = `scale` · mean over pixels of q·red² + 2·green − blue + ½·red·green: gradients, integrals and activation maps have
/// closed forms. Its blocks are the crop's red and green, at the crop's resolution and averaged over 2×2 pixels.
struct QuadraticToy: GradientClassifier {
  var info = ModelInfo(name: "toy", architecture: "Toy", inputSize: 4)
  var scale: Float = 1
  var quadratic: Float = 3
  var cross: Float = 0.5

  let blocks = [
    Block(name: "fine", channels: 2, stride: 1), Block(name: "coarse", channels: 2, stride: 2),
  ]

  func logits(_ crops: Tensor) throws -> Tensor { try inputGradients(crops).logits }

  /// z and its gradient for pixels of `[N, 3, S, S]`.
  func inputGradients(_ crops: Tensor) throws -> (logits: Tensor, gradients: Tensor) {
    let (n, plane) = (crops.shape[0], crops.shape[2] * crops.shape[3])
    let (x, share) = (crops.elements, scale / Float(plane))
    var (logits, gradients) = ([Float](), [Float](repeating: 0, count: x.count))
    for i in 0..<n {
      var sum = 0.0
      for p in 0..<plane {
        let (r, g, b) = (i * 3 * plane + p, (i * 3 + 1) * plane + p, (i * 3 + 2) * plane + p)
        sum += Double(quadratic * x[r] * x[r] + 2 * x[g] - x[b] + cross * x[r] * x[g])
        gradients[r] = (2 * quadratic * x[r] + cross * x[g]) * share
        gradients[g] = (2 + cross * x[r]) * share
        gradients[b] = -share
      }
      logits.append(Float(sum * Double(share)))
    }
    return (Tensor(shape: [n], logits), Tensor(shape: crops.shape, gradients))
  }

  func activations(at block: Block, _ crops: Tensor) throws -> BlockActivations {
    let selection = Tensor(shape: [2, 3, 1, 1], [1, 0, 0, 0, 1, 0])
    let fine = crops.convolved(with: selection)
    let a = (block.stride == 1 ? fine : fine.averagePooled(size: 2, stride: 2)).tracked()
    // From the block on: 3·mean(red) − 2·mean(green) + mean(red²).
    let means = a.globalAveragePooled().linear(weight: Tensor(shape: [1, 2], [3 * scale, -2 * scale]))
    let squares = (a * a).globalAveragePooled().linear(weight: Tensor(shape: [1, 2], [scale, 0]))
    let z = (means + squares).reshaped([crops.shape[0]])
    return BlockActivations(
      logits: z.detached(), activations: a.detached(), gradients: z.gradients(of: [a])[0])
  }
}

/// A clip of random crops.
func randomClip(frames: Int, size: Int, seed: UInt64 = 1, paired: Bool = false) -> Clip {
  func crop(_ seed: UInt64) -> RGBImage {
    let noise = Tensor.random([size * size * 3], seed: seed).elements
    return RGBImage(width: size, height: size, pixels: noise.map { UInt8(127 + 120 * $0) })
  }
  return Clip(
    frames: (0..<frames).map { .init(index: $0 * 3) },
    crops: (0..<frames).map { crop(seed &* 100 + UInt64($0)) },
    paired: paired ? (0..<frames).map { crop(seed &* 100 + 50 + UInt64($0)) } : nil)
}

extension Clip {
  /// The same frames in another order.
  func permuted(_ order: [Int]) -> Clip {
    Clip(
      frames: order.map { frames[$0] }, crops: order.map { crops[$0] },
      paired: paired.map { paired in order.map { paired[$0] } })
  }
}
