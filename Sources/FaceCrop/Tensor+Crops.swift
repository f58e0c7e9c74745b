package import Tensor
package import VideoIO

extension Tensor {
  /// Pictures of one square size as networks take them, `[N, 3, S, S]`: each byte times its channel's `scale`, plus its
  /// `shift`. RGB in [0, 1] unless given.
  package init(
    crops: ArraySlice<RGBImage>, scale: [Float] = [1 / 255, 1 / 255, 1 / 255], shift: [Float] = [0, 0, 0]
  ) {
    let (first, size) = (crops.startIndex, crops.first?.width ?? 0)
    precondition(
      crops.allSatisfy { $0.width == size && $0.height == size }, "Tensor: crops of several sizes")
    let plane = size * size
    self.init(shape: [crops.count, 3, size, size]) { buffer in
      // Each crop writes its own part.
      nonisolated(unsafe) let out = buffer.baseAddress!
      ComputeRuntime.split(crops.count) { range in
        for n in range {
          crops[first + n].pixels.withUnsafeBufferPointer { pixels in
            for channel in 0..<3 {
              let (to, a, b) = (out + (n * 3 + channel) * plane, scale[channel], shift[channel])
              for i in 0..<plane { to[i] = Float(pixels[i * 3 + channel]) * a + b }
            }
          }
        }
      }
    }
  }
}
