public import VideoIO

/// Stills for a report: crops beside what mattered in them.
public enum ContactSheet {
  /// A crop and, right of it, the same crop under each relevance map, without labels.
  ///
  /// - Parameters:
  ///   - crop: any size.
  ///   - relevance: for each explainer one value in [0, 1] per pixel of `crop`, row by row.
  ///   - side: side at which each is shown, at least 1.
  /// - Returns: a picture of (1 + maps) · side + maps · 4 columns and `side` rows.
  public static func strip(
    crop: RGBImage, relevance: [[Float]], overlay: MapOverlay = MapOverlay(), side: Int = 224
  ) -> RGBImage {
    let side = max(1, side)
    var canvas = Canvas(
      width: side + relevance.count * (side + gap), height: side, color: Theme.background)
    canvas.draw(crop.resized(width: side, height: side, filter: .area), x: 0, y: 0)
    for (index, plane) in relevance.enumerated() {
      precondition(
        plane.count == crop.width * crop.height,
        "ContactSheet: \(plane.count) values over \(crop.width)×\(crop.height)")
      let shown = overlay.relevance(plane, over: crop).resized(width: side, height: side, filter: .area)
      canvas.draw(shown, x: (index + 1) * (side + gap), y: 0)
    }
    return canvas.image
  }

  /// Strips one below the other, left-aligned on the dark ground.
  ///
  /// - Parameter strips: at least one.
  public static func sheet(_ strips: [RGBImage]) -> RGBImage {
    precondition(!strips.isEmpty, "ContactSheet: no strips")
    let width = strips.reduce(0) { max($0, $1.width) }
    let height = strips.reduce(-gap) { $0 + $1.height + gap }
    var canvas = Canvas(width: width, height: height, color: Theme.background)
    var y = 0
    for strip in strips {
      canvas.draw(strip, x: 0, y: y)
      y += strip.height + gap
    }
    return canvas.image
  }

  private static let gap = 4
}
