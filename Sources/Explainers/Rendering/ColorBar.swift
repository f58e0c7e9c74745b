public import VideoIO

/// The scale beside a map: what colour is how much relevance.
public enum ColorBar {
  /// A bar with ticks at 0, 0.5 and 1 on the overlay's dark ground.
  ///
  /// Colours are shown as they look over a middle grey, opacity included: a pale colour in the picture is pale here.
  ///
  /// - Parameter height: of the picture, at least 48.
  public static func image(overlay: MapOverlay = MapOverlay(), height: Int = 256) -> RGBImage {
    let (height, lettering) = (max(48, height), Lettering(unit: 1.5))
    var canvas = Canvas(width: 64, height: height, color: Theme.background)
    let rect = PixelRect(x: 8, y: 8, width: OverlayLayout.barWidth, height: height - 16)
    draw(on: &canvas, rect: rect, overlay: overlay, lettering: lettering)
    return canvas.image
  }

  static func draw(on canvas: inout Canvas, rect: PixelRect, overlay: MapOverlay, lettering: Lettering) {
    let grey = RGBColor(128, 128, 128)
    for row in 0..<rect.height {
      let value = rect.height > 1 ? 1 - Double(row) / Double(rect.height - 1) : 1
      let index = ColorMap.index(Float(value))
      let color = grey.mixed(with: overlay.colorMap.colors[index], share: Double(overlay.share(index)))
      canvas.fill(PixelRect(x: rect.x, y: rect.y + row, width: rect.width, height: 1), color)
    }
    let half = lettering.capHeight / 2
    for (value, label) in [(1.0, "1"), (0.5, "0.5"), (0, "0")] {
      let y = rect.y + Int(((1 - value) * Double(rect.height - 1)).rounded())
      canvas.fill(PixelRect(x: rect.maxX, y: y, width: 4, height: 1), Theme.dim)
      let textY = min(max(y - half, rect.y), rect.maxY - lettering.capHeight)
      lettering.draw(label, on: &canvas, x: rect.maxX + 8, y: textY, color: Theme.dim)
    }
  }
}
