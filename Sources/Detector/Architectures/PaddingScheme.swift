import Tensor

/// How a network pads its convolutions: ports of one architecture differ here, and with the wrong one logits move.
public enum PaddingScheme: String, Sendable, Codable, CaseIterable {
  /// TensorFlow's `SAME` for the input at hand (timm's `tf_…` models).
  case same
  /// TensorFlow's `SAME` for the network's native picture size, taken for the input of every layer
  /// (efficientnet_pytorch 0.6, of whose time icpr2020dfdc's weights are).
  case native
  /// TensorFlow's `SAME` for the native size as it shrinks from layer to layer (efficientnet_pytorch 0.7 and later).
  case tracked
  /// (k − 1) / 2 on every side (torchvision, timm without `tf_`).
  case symmetric
}

extension Network {
  /// A scheme, and whether it holds for the first convolution too.
  public struct Padding: Sendable, Hashable {
    /// How convolutions are padded.
    public var scheme: PaddingScheme
    /// Whether the stem is padded as the others are. DeepfakeBench puts a convolution without padding in its place, so
    /// that 256 pixels become 127 and not 128.
    public var padsStem: Bool

    /// A padding from its parts.
    public init(_ scheme: PaddingScheme, padsStem: Bool = true) {
      self.scheme = scheme
      self.padsStem = padsStem
    }
  }
}

/// One convolution with BatchNorm: its sizes.
struct ConvolutionLayer: Sendable {
  let name: String
  let input: Int
  let output: Int
  var kernel = 1
  var stride = 1
  var isDepthwise = false
  var isStem = false

  var filterShape: [Int] { [output, isDepthwise ? 1 : input, kernel, kernel] }
  var groups: Int { isDepthwise ? output : 1 }
}

extension Network.Padding {
  /// The padding of each of `layers`, which run one after the other on an input of `height`×`width`.
  func paddings(
    for layers: [ConvolutionLayer], height: Int, width: Int, nativeSize: Int
  ) -> [String: Tensor.Padding] {
    var (height, width, tracked) = (height, width, nativeSize)
    var result: [String: Tensor.Padding] = [:]
    for layer in layers {
      func same(_ height: Int, _ width: Int) -> Tensor.Padding {
        .same(height: height, width: width, kernel: layer.kernel, stride: layer.stride)
      }
      let padding =
        if layer.isStem && !padsStem {
          Tensor.Padding.zero
        } else {
          switch scheme {
          case .same: same(height, width)
          case .native: same(nativeSize, nativeSize)
          case .tracked: same(tracked, tracked)
          case .symmetric: Tensor.Padding((layer.kernel - 1) / 2)
          }
        }
      result[layer.name] = padding
      height = (height + padding.top + padding.bottom - layer.kernel) / layer.stride + 1
      width = (width + padding.left + padding.right - layer.kernel) / layer.stride + 1
      tracked = (tracked + layer.stride - 1) / layer.stride
    }
    return result
  }
}
