/// Where things are in the frames of an overlay video; worked out once, so that all frames have one size.
///
/// Left the video's frame, beside it the crop, then a panel per explainer and the colour bar; above them titles and
/// the verdict, below them the probability over time.
public struct OverlayLayout: Sendable, Equatable {
  /// Width of the overlay's frames, even.
  public let width: Int
  /// Height of the overlay's frames, even.
  public let height: Int
  /// Size at which the video's frame is shown; nil for clips that came without a video. Frames that are already of
  /// this size are drawn as they are, others are resized.
  public let thumbnailSize: (width: Int, height: Int)?
  /// Side of the crop and of each panel.
  public let panelSide: Int

  package let thumbnail: PixelRect?
  package let crop: PixelRect
  package let panels: [PixelRect]
  package let bar: PixelRect
  package let header: PixelRect
  package let titleY: Int
  package let curve: PixelRect

  package static let margin = 16
  static let gap = 12
  static let headerHeight = 22
  static let titleHeight = 24
  static let barWidth = 14
  static let barLabels = 40
  static let curveHeight = 64
  static let curveLabels = 34

  /// The layout for `panels` explainers.
  ///
  /// - Parameters:
  ///   - panels: number of explainers, 0 or more.
  ///   - frameSize: size of the video's upright frames in pixels; nil for clips that came without a video.
  ///   - panelSide: side of the crop and of each panel in pixels; at least 32.
  public init(panels count: Int, frameSize: (width: Int, height: Int)?, panelSide: Int = 256) {
    precondition(count >= 0, "OverlayLayout: \(count) panels")
    let side = max(32, panelSide)
    self.panelSide = side
    let (margin, gap) = (Self.margin, Self.gap)
    header = PixelRect(x: margin, y: margin, width: 0, height: Self.headerHeight)
    titleY = header.maxY + 14
    let top = titleY + Self.titleHeight
    var x = margin
    if let frameSize, frameSize.width > 0, frameSize.height > 0 {
      // As high as the panels, but no wider than 16:9.
      let aspect = Double(frameSize.width) / Double(frameSize.height)
      var (w, h) = (Double(side) * aspect, Double(side))
      let widest = (Double(side) * 16 / 9).rounded()
      if w > widest { (w, h) = (widest, widest / aspect) }
      let (width, height) = (max(1, Int(w.rounded())), max(1, Int(h.rounded())))
      thumbnailSize = (width, height)
      thumbnail = PixelRect(x: x, y: top + (side - height) / 2, width: width, height: height)
      x += width + gap
    } else {
      thumbnailSize = nil
      thumbnail = nil
    }
    crop = PixelRect(x: x, y: top, width: side, height: side)
    x += side + gap
    var panels: [PixelRect] = []
    for _ in 0..<count {
      panels.append(PixelRect(x: x, y: top, width: side, height: side))
      x += side + gap
    }
    self.panels = panels
    bar = PixelRect(x: x, y: top, width: Self.barWidth, height: side)
    x += Self.barWidth + Self.barLabels + margin
    width = x + x % 2
    let bottom = top + side + 18
    curve = PixelRect(
      x: margin + Self.curveLabels, y: bottom, width: max(1, width - 2 * margin - Self.curveLabels),
      height: Self.curveHeight)
    let total = curve.maxY + 24 + margin / 2
    height = total + total % 2
  }

  /// Whether both describe the same picture.
  public static func == (a: OverlayLayout, b: OverlayLayout) -> Bool {
    a.panelSide == b.panelSide && a.panels == b.panels && a.thumbnail == b.thumbnail
  }
}
