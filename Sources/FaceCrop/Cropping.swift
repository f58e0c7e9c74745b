public import VideoIO

/// A crop policy carried out: from a detected box to the pixels that a model sees.
///
/// Regions are whole pixels. Edges are cut to integers toward the frame's left and top (as casting to an integer
/// does), centres and halves by whole division, as in icpr2020dfdc; that code's side may come out one pixel smaller
/// for some sizes by a rounding error of a division, ours is the longer side itself.
extension CropPolicy {
  /// The rectangle of whole pixels that `box` leads to in a frame of `width`×`height`; never empty. Only `square`'s
  /// may reach beyond the frame.
  public func region(of box: Box, width: Int, height: Int) -> Box {
    precondition(
      [box.x, box.y, box.width, box.height].allSatisfy { $0.isFinite && abs($0) < 1e9 } && width > 0
        && height > 0,
      "CropPolicy.region: \(box) in \(width)×\(height)")
    switch self {
    case .scale:
      let margin = (0.2 * box.height).rounded(.toNearestOrEven)
      return squared(
        Edges(box).grown(left: margin, top: 2 * margin, right: margin, bottom: margin), width, height)
    case .margin(let fraction):
      let (x, y) = (fraction * box.width, fraction * box.height)
      return squared(Edges(box).grown(left: x, top: y, right: x, bottom: y), width, height)
    case .tight: return clamped(Edges(box), width, height)
    case .stretched(let fraction), .letterbox(let fraction):
      let (x, y) = (fraction * box.width, fraction * box.height)
      return clamped(Edges(box).grown(left: x, top: y, right: x, bottom: y), width, height)
    case .square(let scale, let shiftX, let shiftY):
      // No more than four times the frame: a wild box must not ask for all memory.
      let wanted = (scale * box.height + 0.5).rounded(.down)
      let side = min(max(wanted, 1), Double(4 * max(width, height)))
      let x = (box.x + box.width / 2 + shiftX * box.height - side / 2 + 0.5).rounded(.down)
      let y = (box.y + box.height / 2 + shiftY * box.height - side / 2 + 0.5).rounded(.down)
      return Box(x: x, y: y, width: side, height: side)
    }
  }

  /// The crop of `image` around `box`, scaled to `size`×`size` with the triangle filter.
  ///
  /// Where the region is not square (`tight`, `stretched`; others cut at the right or bottom edge) it is stretched, as
  /// the sources do; `letterbox` puts it in the middle of black.
  public func crop(_ image: RGBImage, _ box: Box, size: Int) -> RGBImage {
    let region = region(of: box, width: image.width, height: image.height)
    let cut = image.cropped(
      x: Int(region.x), y: Int(region.y), width: Int(region.width), height: Int(region.height))
    guard case .letterbox = self else { return cut.resized(width: size, height: size) }
    let (width, height) = CropPolicy.fitted(cut.width, cut.height, in: size)
    return cut.resized(width: width, height: height).centred(in: size)
  }

  /// What a crop of side `size` around `box` shows of a frame of `width`×`height`: the rectangle whose edges are the
  /// crop's. It is ``region(of:width:height:)``, for `letterbox` with the black beside it.
  public func shownRegion(of box: Box, width: Int, height: Int, size: Int) -> Box {
    let region = region(of: box, width: width, height: height)
    guard case .letterbox = self else { return region }
    let (fittedWidth, fittedHeight) = CropPolicy.fitted(Int(region.width), Int(region.height), in: size)
    // Frame pixels for one of the crop's, across and down: they differ a little where the sides were rounded.
    let (across, down) = (region.width / Double(fittedWidth), region.height / Double(fittedHeight))
    return Box(
      x: region.x - Double((size - fittedWidth) / 2) * across,
      y: region.y - Double((size - fittedHeight) / 2) * down,
      width: Double(size) * across, height: Double(size) * down)
  }

  /// The size of a picture scaled until its longer side is `size`; at least one pixel.
  private static func fitted(_ width: Int, _ height: Int, in size: Int) -> (width: Int, height: Int) {
    let longer = max(width, height)
    return (max(1, width * size / longer), max(1, height * size / longer))
  }

  private func clamped(_ edges: Edges, _ width: Int, _ height: Int) -> Box {
    let (left, top, right, bottom) = edges.clamped(width, height)
    return Box(left, top, right - left, bottom - top)
  }

  /// Clamped, then a square of the longer side around the centre: shifted inside at the left and top, cut at the
  /// right and bottom.
  private func squared(_ edges: Edges, _ width: Int, _ height: Int) -> Box {
    let (left, top, right, bottom) = edges.clamped(width, height)
    let side = max(right - left, bottom - top)
    let x = max((left + right) / 2 - side / 2, 0)
    let y = max((top + bottom) / 2 - side / 2, 0)
    return Box(x, y, min(side, width - x), min(side, height - y))
  }
}

extension RGBImage {
  /// In the middle of a black square of side `size`, which must not be smaller.
  fileprivate func centred(in size: Int) -> RGBImage {
    var square = RGBImage(width: size, height: size)
    let (left, top) = ((size - width) / 2, (size - height) / 2)
    for y in 0..<height {
      let (from, to) = (y * width * 3, ((y + top) * size + left) * 3)
      square.pixels.replaceSubrange(to..<to + width * 3, with: pixels[from..<from + width * 3])
    }
    return square
  }
}

private struct Edges {
  var left: Double
  var top: Double
  var right: Double
  var bottom: Double

  init(_ box: Box) {
    (left, top, right, bottom) = (box.x, box.y, box.maxX, box.maxY)
  }

  func grown(left: Double, top: Double, right: Double, bottom: Double) -> Edges {
    var grown = self
    grown.left -= left
    grown.top -= top
    grown.right += right
    grown.bottom += bottom
    return grown
  }

  /// Inside the frame and cut to integers; one pixel at least, the nearest, for a box outside or without extent.
  func clamped(_ width: Int, _ height: Int) -> (left: Int, top: Int, right: Int, bottom: Int) {
    let left = min(Int(max(left, 0)), width - 1)
    let top = min(Int(max(top, 0)), height - 1)
    return (
      left, top, max(Int(min(right, Double(width))), left + 1), max(Int(min(bottom, Double(height))), top + 1)
    )
  }
}

extension Box {
  fileprivate init(_ x: Int, _ y: Int, _ width: Int, _ height: Int) {
    self.init(x: Double(x), y: Double(y), width: Double(width), height: Double(height))
  }
}
