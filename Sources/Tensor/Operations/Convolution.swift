import CWhyFakeTensor

extension Tensor {
  /// Zeros put around a plane before a filter runs over it; sides may differ, as TensorFlow's do.
  public struct Padding: Sendable, Hashable {
    /// Rows above.
    public var top: Int
    /// Columns at the left.
    public var left: Int
    /// Rows below.
    public var bottom: Int
    /// Columns at the right.
    public var right: Int

    /// A padding from its four sides.
    public init(top: Int, left: Int, bottom: Int, right: Int) {
      self.top = top
      self.left = left
      self.bottom = bottom
      self.right = right
    }

    /// The same on all sides.
    public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }

    /// None.
    public static let zero = Padding(0)

    /// TensorFlow's `SAME` for an input of `height`×`width`: as much as makes the output ⌈size / stride⌉, the odd
    /// one at the bottom and right.
    public static func same(height: Int, width: Int, kernel: Int, stride: Int) -> Padding {
      func total(_ size: Int) -> Int { max(0, ((size + stride - 1) / stride - 1) * stride + kernel - size) }
      let (v, h) = (total(height), total(width))
      return Padding(top: v / 2, left: h / 2, bottom: v - v / 2, right: h - h / 2)
    }

    var isValid: Bool { min(top, left, bottom, right) >= 0 }
  }

  /// Convolution (cross-correlation, as in all frameworks) of `[N, C, H, W]`.
  ///
  /// Dense and pointwise ones are matrix products; depthwise ones run plane by plane. Where nothing is tracked, bias
  /// and activation are applied while the result is in the cache.
  ///
  /// - Parameters:
  ///   - filter: `[out, C / groups, kH, kW]`.
  ///   - bias: `[out]`.
  ///   - stride: in both directions.
  ///   - padding: zeros around the input.
  ///   - groups: 1, or C for a depthwise convolution (with out = C).
  ///   - activation: applied last.
  /// - Returns: `[N, out, (H + top + bottom − kH) / stride + 1, …]`.
  public func convolved(
    with filter: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Padding = .zero, groups: Int = 1,
    activation: Activation = .identity
  ) -> Tensor {
    let convolution = Convolution(
      input: shape, filter: filter.shape, stride: stride, padding: padding, groups: groups)
    if let bias {
      precondition(
        bias.shape == [filter.shape[0]], "convolved: bias \(bias.shape) for filter \(filter.shape)")
    }
    let isTracked = isTracked || filter.isTracked || bias?.isTracked ?? false
    let (x, f) = (detached(), filter.detached())
    let result = convolution.forward(
      x, f, bias?.detached(), activation: isTracked ? .identity : activation)
    guard isTracked else { return result }
    let (wantsInput, wantsFilter, wantsBias) = (self.isTracked, filter.isTracked, bias?.isTracked ?? false)
    let inputs = bias.map { [self, filter, $0] } ?? [self, filter]
    return result.recorded(from: inputs) { gradient in
      [
        wantsInput ? convolution.inputGradient(gradient, f) : nil,
        wantsFilter ? convolution.filterGradient(gradient, x) : nil,
        wantsBias ? gradient.summedPerChannel() : nil,
      ]
    }.activated(activation)
  }

  /// The sum over everything but the channels of `[N, C, H, W]`, `[C]`; not recorded.
  func summedPerChannel() -> Tensor {
    let (n, c, plane) = (shape[0], shape[1], shape[2] * shape[3])
    return Tensor(shape: [c]) { out in
      withUnsafeBufferPointer { x in
        for j in 0..<c {
          var sum = 0.0
          for i in 0..<n { sum += Double(wf_sum(x.baseAddress! + (i * c + j) * plane, plane)) }
          out[j] = Float(sum)
        }
      }
    }
  }
}

/// The three products of one convolution's shapes: forward, and back to input and filter.
private struct Convolution: Sendable {
  let images: Int
  let channels: Int
  let outChannels: Int
  let isDepthwise: Bool
  let plane: wf_plane

  init(input: [Int], filter: [Int], stride: Int, padding: Tensor.Padding, groups: Int) {
    precondition(
      input.count == 4 && filter.count == 4 && stride > 0 && padding.isValid && groups > 0
        && input[1] == filter[1] * groups,
      "convolved: input \(input), filter \(filter), stride \(stride), padding \(padding), groups \(groups)")
    precondition(
      groups == 1 || groups == input[1] && filter[0] == input[1],
      "convolved: groups must be 1 or the number of channels: input \(input), filter \(filter), groups \(groups)"
    )
    let height = input[2] + padding.top + padding.bottom - filter[2]
    let width = input[3] + padding.left + padding.right - filter[3]
    precondition(
      height >= 0 && width >= 0 && min(filter[2], filter[3]) > 0 && max(filter[2], filter[3]) <= 8,
      "convolved: filter \(filter) does not fit input \(input) with padding \(padding)")
    images = input[0]
    channels = input[1]
    outChannels = filter[0]
    isDepthwise = groups > 1 || input[1] == 1 && filter[0] == 1
    plane = wf_plane(
      height: input[2], width: input[3], outHeight: height / stride + 1, outWidth: width / stride + 1,
      kernelHeight: filter[2], kernelWidth: filter[3], stride: stride, top: padding.top, left: padding.left)
  }

  var inPlane: Int { plane.height * plane.width }
  var outPlane: Int { plane.outHeight * plane.outWidth }
  var kernel: Int { plane.kernelHeight * plane.kernelWidth }
  /// Whether a patch is a pixel, so that the input itself is the matrix of patches.
  var isPointwise: Bool {
    kernel == 1 && plane.stride == 1 && plane.outHeight == plane.height && plane.outWidth == plane.width
  }
  var outShape: [Int] { [images, outChannels, plane.outHeight, plane.outWidth] }

  func forward(_ x: Tensor, _ filter: Tensor, _ bias: Tensor?, activation: Tensor.Activation) -> Tensor {
    Tensor(shape: outShape) { out in
      x.withUnsafeBufferPointer { x in
        filter.withUnsafeBufferPointer { filter in
          withOptionalPointer(bias) { bias in
            let (x, f, out) = (x.baseAddress!, filter.baseAddress!, out.baseAddress!)
            if isDepthwise {
              forwardDepthwise(x, f, bias, activation, out)
            } else {
              forwardDense(x, f, bias, activation, out)
            }
          }
        }
      }
    }
  }

  private func forwardDepthwise(
    _ x: UnsafePointer<Float>, _ f: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
    _ activation: Tensor.Activation, _ out: UnsafeMutablePointer<Float>
  ) {
    planes { row, channel, scratch in
      withUnsafePointer(to: plane) {
        wf_depthwise(
          $0, x + row * inPlane, f + channel * kernel, bias?[channel] ?? 0, activation.kind,
          out + row * outPlane, scratch)
      }
    }
  }

  private func forwardDense(
    _ x: UnsafePointer<Float>, _ f: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
    _ activation: Tensor.Activation, _ out: UnsafeMutablePointer<Float>
  ) {
    let depth = channels * kernel
    func image(_ i: Int) {
      let result = out + i * outChannels * outPlane
      patches(of: x + i * channels * inPlane) { columns in
        Product(m: outChannels, n: outPlane, k: depth).run(f, columns, result) { range in
          guard bias != nil || activation != .identity else { return }
          wf_bias_activate(
            result + range.lowerBound, outChannels, range.count, outPlane, bias, activation.kind)
        }
      }
    }
    overImages { for i in $0 { image(i) } }
  }

  func inputGradient(_ gradient: Tensor, _ filter: Tensor) -> Tensor {
    var result = Tensor(shape: [images, channels, plane.height, plane.width], repeating: 0)
    result.withUnsafeMutableBufferPointer { out in
      gradient.withUnsafeBufferPointer { g in
        filter.withUnsafeBufferPointer { f in
          let (g, f, out) = (g.baseAddress!, f.baseAddress!, out.baseAddress!)
          if isDepthwise {
            planes { row, channel, scratch in
              withUnsafePointer(to: plane) {
                wf_depthwise_backward_input(
                  $0, g + row * outPlane, f + channel * kernel, out + row * inPlane, scratch)
              }
            }
            return
          }
          let product = Product(transposeA: true, m: channels * kernel, n: outPlane, k: outChannels)
          overImages { range in
            for i in range {
              let (from, to) = (g + i * outChannels * outPlane, out + i * channels * inPlane)
              if isPointwise {
                product.run(f, from, to)
              } else {
                let columns = Storage(count: product.m * product.n)
                product.run(f, from, columns.pointer)
                withUnsafePointer(to: plane) { wf_col2im($0, channels, columns.pointer, to) }
              }
            }
          }
        }
      }
    }
    return result
  }

  func filterGradient(_ gradient: Tensor, _ x: Tensor) -> Tensor {
    let shape = [outChannels, isDepthwise ? 1 : channels, plane.kernelHeight, plane.kernelWidth]
    var result = Tensor(shape: shape, repeating: 0)
    result.withUnsafeMutableBufferPointer { out in
      gradient.withUnsafeBufferPointer { g in
        x.withUnsafeBufferPointer { x in
          let (g, x, out) = (g.baseAddress!, x.baseAddress!, out.baseAddress!)
          if isDepthwise {
            // Split by channels, so that no two threads add to one filter.
            ComputeRuntime.split(channels) { range in
              let scratch = withUnsafePointer(to: plane) { Storage(count: wf_depthwise_scratch($0)) }
              for channel in range {
                for i in 0..<images {
                  let row = i * channels + channel
                  withUnsafePointer(to: plane) {
                    wf_depthwise_backward_filter(
                      $0, x + row * inPlane, g + row * outPlane, out + channel * kernel, scratch.pointer)
                  }
                }
              }
            }
            return
          }
          for i in 0..<images {
            patches(of: x + i * channels * inPlane) { columns in
              Product(transposeB: true, m: outChannels, n: channels * kernel, k: outPlane, beta: 1)
                .run(g + i * outChannels * outPlane, columns, out)
            }
          }
        }
      }
    }
    return result
  }

  /// Calls `body` with the matrix of patches [channels · kH · kW, outHeight · outWidth] of an image.
  private func patches(of image: UnsafePointer<Float>, _ body: (UnsafePointer<Float>) -> Void) {
    if isPointwise { return body(image) }
    let columns = Storage(count: channels * kernel * outPlane)
    withUnsafePointer(to: plane) { wf_im2col($0, channels, image, columns.pointer) }
    body(columns.pointer)
  }

  /// Calls `body` with each plane's number, its channel and scratch memory of the thread's own.
  private func planes(_ body: (Int, Int, UnsafeMutablePointer<Float>) -> Void) {
    ComputeRuntime.split(images * channels, grain: 4096 / max(outPlane * kernel / 4, 1) + 1) { range in
      let scratch = withUnsafePointer(to: plane) { Storage(count: wf_depthwise_scratch($0)) }
      for row in range { body(row, row % channels, scratch.pointer) }
    }
  }

  /// Splits by images where there are enough of them and OpenBLAS leaves the threads to us; the products of a single
  /// image are split by columns.
  private func overImages(_ body: (Range<Int>) -> Void) {
    if images >= ComputeRuntime.threads && wf_blas_threads() == 1 {
      ComputeRuntime.split(images, body)
    } else {
      body(0..<images)
    }
  }
}

private func withOptionalPointer<R>(_ tensor: Tensor?, _ body: (UnsafePointer<Float>?) -> R) -> R {
  guard let tensor else { return body(nil) }
  return tensor.withUnsafeBufferPointer { body($0.baseAddress) }
}
