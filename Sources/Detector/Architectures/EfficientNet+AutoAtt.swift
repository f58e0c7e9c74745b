import Tensor

/// Bonettini et al. 2020, *Video Face Manipulation Detection Through Ensemble of CNNs*: after one block a small
/// convolutional head looks at the features and gives a map in (0, 1), which multiplies them.
///
/// Published for B4, behind block 9; other sizes take the last block of stride 8 too (chosen). Parameters:
/// `attention.conv<i>.weight|bias` for each of `width` 3×3 convolutions with ReLU, `attention.map.weight|bias` for the
/// 1×1 convolution to one channel.
extension EfficientNet {
  /// The bottleneck whose output is gated.
  var autoAttBottleneck: Int { lastBottleneck(ofStride: 8) }

  func autoAttShapes(_ width: Int) -> [String: [Int]] {
    let channels = bottlenecks[autoAttBottleneck].output
    var shapes = ["attention.map.weight": [1, channels, 1, 1], "attention.map.bias": [1]]
    for i in 0..<width {
      shapes["attention.conv\(i).weight"] = [channels, channels, 3, 3]
      shapes["attention.conv\(i).bias"] = [channels]
    }
    return shapes
  }

  /// The gated features; the map goes to `flow`.
  func autoAtt(_ x: Tensor, _ width: Int, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor {
    var features = x
    for i in 0..<width { features = pass.convolve(features, "attention.conv\(i)", dilation: 1, .relu) }
    let scores = pass.convolve(features, "attention.map", dilation: 1, .identity)
    let map = scores.sigmoid()
    let shape = [x.shape[0], x.shape[2], x.shape[3]]
    flow.scores.append(scores.reshaped(shape))
    flow.maps.append(map.reshaped(shape))
    return x.multipliedPerPosition(by: map)
  }
}
