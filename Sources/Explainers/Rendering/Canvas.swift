import Foundation
package import VideoIO

/// A rectangle of whole pixels.
package struct PixelRect: Sendable, Equatable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  package var maxX: Int { x + width }
  package var maxY: Int { y + height }

  /// What both have in common; nil where that is nothing.
  package func intersection(_ other: PixelRect) -> PixelRect? {
    let (left, top) = (max(x, other.x), max(y, other.y))
    let (right, bottom) = (min(maxX, other.maxX), min(maxY, other.maxY))
    guard right > left, bottom > top else { return nil }
    return PixelRect(x: left, y: top, width: right - left, height: bottom - top)
  }
}

/// A picture that is drawn on; what falls outside of it is not drawn.
package struct Canvas: Sendable {
  /// The picture as it stands.
  package private(set) var image: RGBImage

  /// A canvas that starts as `image`.
  package init(_ image: RGBImage) { self.image = image }

  /// A canvas of one colour.
  package init(width: Int, height: Int, color: RGBColor) {
    image = RGBImage(width: width, height: height, red: color.red, green: color.green, blue: color.blue)
  }

  package var bounds: PixelRect { PixelRect(x: 0, y: 0, width: image.width, height: image.height) }

  /// Fills `rect`; `opacity` in [0, 1].
  package mutating func fill(_ rect: PixelRect, _ color: RGBColor, opacity: Double = 1) {
    cover(rect, color) { _, _ in Float(opacity) }
  }

  /// Draws the edge of `rect`, `thickness` pixels wide and inside of it.
  package mutating func stroke(_ rect: PixelRect, _ color: RGBColor, thickness: Int = 1) {
    let t = min(thickness, (rect.width + 1) / 2, (rect.height + 1) / 2)
    guard t > 0 else { return }
    fill(PixelRect(x: rect.x, y: rect.y, width: rect.width, height: t), color)
    fill(PixelRect(x: rect.x, y: rect.maxY - t, width: rect.width, height: t), color)
    fill(PixelRect(x: rect.x, y: rect.y + t, width: t, height: rect.height - 2 * t), color)
    fill(PixelRect(x: rect.maxX - t, y: rect.y + t, width: t, height: rect.height - 2 * t), color)
  }

  /// Copies `picture` with its top left corner at (x, y).
  package mutating func draw(_ picture: RGBImage, x: Int, y: Int) {
    let target = PixelRect(x: x, y: y, width: picture.width, height: picture.height)
    guard let seen = target.intersection(bounds) else { return }
    let width = image.width
    image.pixels.withUnsafeMutableBufferPointer { out in
      picture.pixels.withUnsafeBufferPointer { source in
        for row in seen.y..<seen.maxY {
          let to = (row * width + seen.x) * 3
          let from = ((row - y) * picture.width + seen.x - x) * 3
          for i in 0..<seen.width * 3 { out[to + i] = source[from + i] }
        }
      }
    }
  }

  /// Mixes `color` over `rect`, as much as `coverage(x, y)` in [0, 1] says; it is asked only for pixels inside.
  package mutating func cover(_ rect: PixelRect, _ color: RGBColor, coverage: (Int, Int) -> Float) {
    guard let seen = rect.intersection(bounds) else { return }
    let width = image.width
    let (red, green, blue) = (Float(color.red), Float(color.green), Float(color.blue))
    image.pixels.withUnsafeMutableBufferPointer { out in
      for y in seen.y..<seen.maxY {
        for x in seen.x..<seen.maxX {
          let share = coverage(x, y)
          guard share > 0 else { continue }
          let i = (y * width + x) * 3
          let (r, g, b) = (Float(out[i]), Float(out[i + 1]), Float(out[i + 2]))
          out[i] = UInt8(r + (red - r) * share + 0.5)
          out[i + 1] = UInt8(g + (green - g) * share + 0.5)
          out[i + 2] = UInt8(b + (blue - b) * share + 0.5)
        }
      }
    }
  }

  /// A round line through `points` with soft edges, `thickness` pixels wide, cut at `clip`.
  package mutating func line(
    _ points: [(x: Double, y: Double)], _ color: RGBColor, thickness: Double, opacity: Double = 1,
    clip: PixelRect
  ) {
    guard let clip = clip.intersection(bounds), let first = points.first else { return }
    let radius = Float(thickness / 2)
    // One plane of coverage for the whole line, so that joints are not painted twice.
    var coverage = [Float](repeating: 0, count: clip.width * clip.height)
    var previous = first
    for point in points {
      let segment = Segment(
        x0: Float(previous.x), y0: Float(previous.y), x1: Float(point.x), y1: Float(point.y))
      previous = point
      guard let seen = segment.bounds(radius: radius).intersection(clip) else { continue }
      for y in seen.y..<seen.maxY {
        for x in seen.x..<seen.maxX {
          let i = (y - clip.y) * clip.width + x - clip.x
          let distance = segment.distance(x: Float(x) + 0.5, y: Float(y) + 0.5)
          coverage[i] = max(coverage[i], min(1, max(0, radius + 0.5 - distance)))
        }
      }
    }
    cover(clip, color) { x, y in coverage[(y - clip.y) * clip.width + x - clip.x] * Float(opacity) }
  }
}

/// A straight stroke between two points; pixel edges are integers.
struct Segment: Sendable {
  var x0: Float
  var y0: Float
  var x1: Float
  var y1: Float

  /// Distance of (x, y) from the stroke's nearest point.
  func distance(x: Float, y: Float) -> Float {
    let (dx, dy) = (x1 - x0, y1 - y0)
    let length = dx * dx + dy * dy
    let along = length > 0 ? min(1, max(0, ((x - x0) * dx + (y - y0) * dy) / length)) : 0
    let (ex, ey) = (x - x0 - along * dx, y - y0 - along * dy)
    return (ex * ex + ey * ey).squareRoot()
  }

  /// The pixels that a round stroke of `radius` can touch.
  func bounds(radius: Float) -> PixelRect {
    func whole(_ v: Float) -> Int { Int(min(1e6, max(-1e6, v))) }
    let (left, right) = (whole((min(x0, x1) - radius - 1).rounded(.down)), whole(max(x0, x1) + radius + 2))
    let (top, bottom) = (whole((min(y0, y1) - radius - 1).rounded(.down)), whole(max(y0, y1) + radius + 2))
    return PixelRect(x: left, y: top, width: right - left, height: bottom - top)
  }
}
