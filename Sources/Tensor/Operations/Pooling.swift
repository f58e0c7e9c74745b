import CWhyFakeTensor

extension Tensor {
  /// The largest value of each window of `[N, C, H, W]`; padding never wins.
  public func maxPooled(size: Int, stride: Int, padding: Padding = .zero) -> Tensor {
    let (plane, result) = pooled("maxPooled", size, stride, padding) { wf_max_pool($0, $1, $2) }
    let x = detached()
    return result.recorded(from: self) { gradient in
      [
        gradient.spread(over: x.shape, plane) { plane, row, g, out in
          x.withUnsafeBufferPointer {
            wf_max_pool_backward(
              plane, $0.baseAddress! + row * plane.pointee.height * plane.pointee.width, g, out)
          }
        }
      ]
    }
  }

  /// The mean of each window of `[N, C, H, W]`; what lies in the padding counts as zero if `countPadding`, else not
  /// at all.
  public func averagePooled(size: Int, stride: Int, padding: Padding = .zero, countPadding: Bool = true)
    -> Tensor
  {
    let (plane, result) = pooled("averagePooled", size, stride, padding) {
      wf_average_pool($0, countPadding, $1, $2)
    }
    let shape = shape
    return result.recorded(from: self) { gradient in
      [gradient.spread(over: shape, plane) { wf_average_pool_backward($0, countPadding, $2, $3) }]
    }
  }

  /// The mean over the plane: `[N, C, H, W]` to `[N, C]`.
  public func globalAveragePooled() -> Tensor {
    precondition(shape.count == 4 && shape[2] * shape[3] > 0, "globalAveragePooled: shape \(shape)")
    let (rows, plane, shape) = (shape[0] * shape[1], shape[2] * shape[3], shape)
    let scale = 1 / Float(plane)
    let result = Tensor(shape: [shape[0], shape[1]]) { out in
      withUnsafeBufferPointer { x in
        ComputeRuntime.split(rows, grain: 65536 / plane + 1) { range in
          for row in range { out[row] = wf_sum(x.baseAddress! + row * plane, plane) * scale }
        }
      }
    }
    return result.recorded(from: self) { gradient in
      [
        Tensor(shape: shape) { out in
          gradient.withUnsafeBufferPointer { g in
            for row in 0..<rows {
              (out.baseAddress! + row * plane).update(repeating: g[row] * scale, count: plane)
            }
          }
        }
      ]
    }
  }

  /// Planes of `[N, C, H, W]` resized bilinearly: half-pixel centres (`align_corners=False`), no antialiasing.
  public func resizedBilinear(height: Int, width: Int) -> Tensor {
    precondition(
      shape.count == 4 && height > 0 && width > 0 && shape[2] * shape[3] > 0,
      "resizedBilinear: \(shape) to \(height)×\(width)")
    let (rows, h, w, shape) = (shape[0] * shape[1], shape[2], shape[3], shape)
    let result = Tensor(shape: [shape[0], shape[1], height, width]) { out in
      withUnsafeBufferPointer { x in
        ComputeRuntime.split(rows) { range in
          for row in range {
            wf_resize_bilinear(
              x.baseAddress! + row * h * w, h, w, out.baseAddress! + row * height * width, height, width)
          }
        }
      }
    }
    return result.recorded(from: self) { gradient in
      var back = Tensor(shape: shape, repeating: 0)
      back.withUnsafeMutableBufferPointer { out in
        gradient.withUnsafeBufferPointer { g in
          ComputeRuntime.split(rows) { range in
            for row in range {
              wf_resize_bilinear_backward(
                g.baseAddress! + row * height * width, height, width, out.baseAddress! + row * h * w, h, w)
            }
          }
        }
      }
      return [back]
    }
  }

  private func pooled(
    _ name: String, _ size: Int, _ stride: Int, _ padding: Padding,
    _ kernel: (UnsafePointer<wf_plane>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> (wf_plane, Tensor) {
    precondition(
      shape.count == 4 && size > 0 && stride > 0 && padding.isValid
        && shape[2] + padding.top + padding.bottom >= size && shape[3] + padding.left + padding.right >= size
        && max(padding.top, padding.left, padding.bottom, padding.right) < size,
      "\(name): input \(shape), window \(size), stride \(stride), padding \(padding)")
    let plane = wf_plane(
      height: shape[2], width: shape[3],
      outHeight: (shape[2] + padding.top + padding.bottom - size) / stride + 1,
      outWidth: (shape[3] + padding.left + padding.right - size) / stride + 1,
      kernelHeight: size, kernelWidth: size, stride: stride, top: padding.top, left: padding.left)
    let (inPlane, outPlane) = (plane.height * plane.width, plane.outHeight * plane.outWidth)
    let result = Tensor(shape: [shape[0], shape[1], plane.outHeight, plane.outWidth]) { out in
      withUnsafeBufferPointer { x in
        ComputeRuntime.split(shape[0] * shape[1], grain: 8192 / max(inPlane, 1) + 1) { range in
          withUnsafePointer(to: plane) { plane in
            for row in range {
              kernel(plane, x.baseAddress! + row * inPlane, out.baseAddress! + row * outPlane)
            }
          }
        }
      }
    }
    return (plane, result)
  }

  /// A gradient of pooled planes carried back onto planes of `shape`, plane by plane.
  private func spread(
    over shape: [Int], _ plane: wf_plane,
    _ kernel: (UnsafePointer<wf_plane>, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> Tensor {
    var result = Tensor(shape: shape, repeating: 0)
    let (inPlane, outPlane) = (plane.height * plane.width, plane.outHeight * plane.outWidth)
    result.withUnsafeMutableBufferPointer { out in
      withUnsafeBufferPointer { g in
        ComputeRuntime.split(shape[0] * shape[1]) { range in
          withUnsafePointer(to: plane) { plane in
            for row in range {
              kernel(plane, row, g.baseAddress! + row * outPlane, out.baseAddress! + row * inPlane)
            }
          }
        }
      }
    }
    return result
  }
}
