import Detector
import Foundation
import Tensor

/// What attention can be taught where it is known what was manipulated: that it looks there.
///
/// A sigmoid's map (Bonettini) learns by binary cross-entropy against the mask with its peak at 1; a softmax's
/// (Learn To Pay Attention) by cross-entropy against the mask with the sum 1. Means over places (sigmoid), levels, and the
/// pictures whose mask is known; fakes only, for a real face has nothing to point at.
struct AttentionLoss: Sendable {
  private enum Kind { case sigmoid, softmax }
  private let kind: Kind

  /// Nil for networks without attention.
  init?(_ architecture: Architecture) {
    guard case .efficientNet(let network) = architecture else { return nil }
    switch network.attention {
    case .none: return nil
    case .autoAtt: kind = .sigmoid
    case .ltpa: kind = .softmax
    }
  }

  /// The loss, and its gradient with respect to each level's scores; nil where no mask says anything.
  ///
  /// - Parameters:
  ///   - scores: `[N, h, w]` per level, before sigmoid or softmax.
  ///   - masks: by picture, in the picture's geometry.
  func callAsFunction(_ scores: [Tensor], masks: [Int: PairDifference]) -> (
    loss: Double, gradients: [Tensor]
  )? {
    var (loss, gradients) = (0.0, [Tensor]())
    var isTaught = false
    for level in scores {
      let (height, width) = (level.shape[1], level.shape[2])
      let places = height * width
      let targets = masks.compactMapValues {
        $0.maskTarget(width: width, height: height, scale: kind == .sigmoid ? .peak : .sum)
      }
      let share = 1 / Double(max(1, targets.count) * scores.count)
      let elements = level.elements
      gradients.append(
        Tensor(shape: level.shape) { out in
          out.update(repeating: 0)
          for (n, target) in targets.sorted(by: { $0.key < $1.key }) {
            isTaught = true
            let part = elements[n * places..<(n + 1) * places].map(Double.init)
            let top = part.max()!
            let sum = part.reduce(0) { $0 + exp($1 - top) }
            for i in 0..<places {
              let (c, m) = (part[i], Double(target[i]))
              switch kind {
              case .sigmoid:
                loss += share * (max(c, 0) - c * m + log1p(exp(-abs(c)))) / Double(places)
                out[n * places + i] = Float(share * (1 / (1 + exp(-c)) - m) / Double(places))
              case .softmax:
                loss -= share * m * (c - top - log(sum))
                out[n * places + i] = Float(share * (exp(c - top) / sum - m))
              }
            }
          }
        })
    }
    return isTaught ? (loss, gradients) : nil
  }
}
