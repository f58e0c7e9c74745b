import CWhyFakeTraining
import Foundation
public import VideoIO

/// Which part of a picture becomes the crop: moved, scaled, turned, mirrored. Lengths are shares of the picture's side,
/// so one placement fits pictures of all sizes: a fake and its original, a crop and its mask.
public struct CropPlacement: Sendable, Codable, Hashable {
  /// Whether the crop is the mirror image of what is taken.
  public var isFlipped = false
  /// The side of the part.
  public var scale = 1.0
  /// How far its middle is to the right of the picture's.
  public var x = 0.0
  /// How far its middle is below the picture's.
  public var y = 0.0
  /// How far the part is turned against the picture, in degrees, clockwise as seen; the face then turns the other way.
  public var rotation = 0.0

  /// All of the picture.
  public init(isFlipped: Bool = false, scale: Double = 1, x: Double = 0, y: Double = 0, rotation: Double = 0)
  {
    (self.isFlipped, self.scale, self.x, self.y, self.rotation) = (isFlipped, scale, x, y, rotation)
  }

  /// The part as a picture of `side`×`side`, resampled once: by a triangle filter with antialiasing, as
  /// `RGBImage.resized` has it. What lies outside the picture is reflected.
  ///
  /// - Complexity: O(pixels under the part + side²).
  public func place(_ image: RGBImage, side: Int) -> RGBImage {
    precondition(side > 0 && scale > 0, "CropPlacement: a part of \(scale) to \(side)×\(side)")
    if rotation == 0 { return upright(image, side) }
    let (map, reachX, reachY) = affine(image.width, image.height, side)
    let pixels = [UInt8](unsafeUninitializedCapacity: side * side * 3) { out, count in
      let isDone = image.pixels.withUnsafeBufferPointer {
        wf_warp_rgb(
          $0.baseAddress!, image.width, image.height, map, reachX, reachY, out.baseAddress!, side, side)
      }
      precondition(isDone, "CropPlacement: no memory for \(side)×\(side)")
      count = side * side * 3
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }

  /// A plane of `width`×`height` values, row by row, in the same geometry: `side`×`side` values, within the range of the
  /// given ones.
  public func place(mask: [Float], width: Int, height: Int, side: Int) -> [Float] {
    precondition(
      side > 0 && scale > 0 && width > 0 && height > 0 && mask.count == width * height,
      "CropPlacement: a mask of \(mask.count) as \(width)×\(height) to \(side)×\(side)")
    let (map, reachX, reachY) = affine(width, height, side)
    return [Float](unsafeUninitializedCapacity: side * side) { out, count in
      let isDone = mask.withUnsafeBufferPointer {
        wf_warp_plane($0.baseAddress!, width, height, map, reachX, reachY, out.baseAddress!, side, side)
      }
      precondition(isDone, "CropPlacement: no memory for \(side)×\(side)")
      count = side * side
    }
  }

  /// Where the rectangle `box` of the picture lies in the crop, both in shares of the side; turned, it stays upright
  /// around its middle.
  func placed(_ box: Box) -> Box {
    let (x, y) = (box.x + box.width / 2 - 0.5 - self.x, box.y + box.height / 2 - 0.5 - self.y)
    let (c, s) = (cosine, sine)
    let across = (c * x + s * y) / scale * (isFlipped ? -1 : 1) + 0.5
    let down = (c * y - s * x) / scale + 0.5
    let (w, h) = (box.width / scale, box.height / scale)
    return Box(x: across - w / 2, y: down - h / 2, width: w, height: h)
  }

  private var cosine: Double { cos(rotation * .pi / 180) }
  private var sine: Double { sin(rotation * .pi / 180) }

  /// From the crop's pixels to the picture's, and how far the filter reaches there.
  private func affine(_ width: Int, _ height: Int, _ side: Int) -> (wf_affine, Float, Float) {
    let (w, h) = (Double(width), Double(height))
    let (stepX, stepY) = (scale * w / Double(side), scale * h / Double(side))
    let sign = isFlipped ? -1.0 : 1.0
    // From the crop's middle to the middle of its first pixel.
    let start = 0.5 - Double(side) / 2
    let map = wf_affine(
      x: Float(w * (0.5 + x) + stepX * start * (cosine * sign - sine)),
      y: Float(h * (0.5 + y) + stepY * start * (sine * sign + cosine)),
      x_column: Float(stepX * cosine * sign), y_column: Float(stepY * sine * sign),
      x_row: Float(-stepX * sine), y_row: Float(stepY * cosine))
    // A crop that is made more than 32 times smaller is beyond what one pass is for.
    return (map, Float(min(max(stepX, 1), 32)), Float(min(max(stepY, 1), 32)))
  }

  private func upright(_ image: RGBImage, _ side: Int) -> RGBImage {
    let (w, h) = (Double(image.width), Double(image.height))
    let part = Box(
      x: w * (0.5 + x - scale / 2), y: h * (0.5 + y - scale / 2), width: w * scale, height: h * scale)
    let result = image.part(part, width: side, height: side)
    return isFlipped ? result.mirrored() : result
  }
}

extension RGBImage {
  /// The part in `box`, which may reach beyond the picture, scaled by the triangle filter; what lies outside is
  /// reflected.
  func part(_ box: Box, width newWidth: Int, height newHeight: Int) -> RGBImage {
    var edges = [box.x, box.maxX, box.y, box.maxY]
    let extents = [width, width, height, height].map(Double.init)
    for (i, extent) in extents.enumerated() {
      // So that a part that is meant to end at the picture's edge does.
      if abs(edges[i] - extent) < 1e-9 * extent { edges[i] = extent }
      if abs(edges[i]) < 1e-9 * extent { edges[i] = 0 }
    }
    var source = self
    if edges[0] < 0 || edges[1] > extents[0] || edges[2] < 0 || edges[3] > extents[2] {
      // With what the filter sees beyond the part.
      let reach = max(1, box.width / Double(newWidth), box.height / Double(newHeight))
      let margin = Int(reach.rounded(.up)) + 1
      let left = Int(edges[0].rounded(.down)) - margin
      let top = Int(edges[2].rounded(.down)) - margin
      source = cropped(
        x: left, y: top, width: Int(edges[1].rounded(.up)) + margin - left,
        height: Int(edges[3].rounded(.up)) + margin - top)
      for i in 0..<2 { edges[i] -= Double(left) }
      for i in 2..<4 { edges[i] -= Double(top) }
    }
    var part = Box(x: edges[0], y: edges[2], width: edges[1] - edges[0], height: edges[3] - edges[2])
    // A last digit beyond the edge would be refused.
    if part.maxX > Double(source.width) { part.width = part.width.nextDown }
    if part.maxY > Double(source.height) { part.height = part.height.nextDown }
    return source.resized(width: newWidth, height: newHeight, box: part)
  }

  /// The picture with left and right exchanged.
  func mirrored() -> RGBImage {
    let pixels = [UInt8](unsafeUninitializedCapacity: self.pixels.count) { out, count in
      self.pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          let from = source.baseAddress! + y * width * 3
          let to = out.baseAddress! + (y * width + width - 1) * 3
          for x in 0..<width {
            to[-3 * x] = from[3 * x]
            to[-3 * x + 1] = from[3 * x + 1]
            to[-3 * x + 2] = from[3 * x + 2]
          }
        }
      }
      count = self.pixels.count
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
