import Foundation
public import VideoIO

/// A panel of an overlay video: one explainer.
public struct OverlayPanel: Sendable, Equatable {
  /// The explainer's name as people read it.
  public var title: String
  /// What is written over the map, such as that it is empty; nil for nothing.
  public var note: String?

  /// A panel from its parts.
  public init(title: String, note: String? = nil) {
    self.title = title
    self.note = note
  }
}

/// What is written above an overlay video.
public struct OverlayHeading: Sendable, Equatable {
  /// The verdict in words.
  public var verdict: String
  /// The verdict's class, which gives it a colour; nil for undecided.
  public var target: Target?
  /// What was looked at, such as the file's name.
  public var subject: String

  /// A heading from its parts.
  public init(verdict: String, target: Target?, subject: String) {
    self.verdict = verdict
    self.target = target
    self.subject = subject
  }
}

/// A frame of the clip as it is to be drawn.
public struct OverlayFrame: Sendable {
  /// Position in the clip, from 0.
  public var position: Int
  /// The video's frame, at ``OverlayLayout/thumbnailSize`` or any other size; nil for none.
  public var picture: RGBImage?
  /// The detected face in pixels of the upright frame; nil for none.
  public var box: Box?
  /// The crop, any size.
  public var crop: RGBImage
  /// For each panel the relevance in [0, 1], one value per pixel of `crop`, row by row.
  public var relevance: [[Float]]

  /// A frame from its parts.
  public init(position: Int, picture: RGBImage?, box: Box?, crop: RGBImage, relevance: [[Float]]) {
    self.position = position
    self.picture = picture
    self.box = box
    self.crop = crop
    self.relevance = relevance
  }
}

/// Draws the frames of an overlay video.
///
/// Everything that stays the same over the clip is drawn once, at the start. All frames share one colour scale:
/// relevance is normalised over the clip before it comes here.
public struct OverlayRenderer: Sendable {
  /// Where things are; gives the size of the frames.
  public let layout: OverlayLayout

  private let overlay: MapOverlay
  private let panels: [OverlayPanel]
  private let frameSize: (width: Int, height: Int)?
  private let indices: [Int]
  private let times: [Double]?
  private let curve: ProbabilityCurve
  private let background: Canvas
  private let accent: RGBColor
  private let headingEnd: Int
  private let lettering: Lettering

  /// A renderer for one clip.
  ///
  /// - Parameters:
  ///   - heading: what is written above.
  ///   - panels: one per explainer, in order.
  ///   - indices: index of each of the clip's frames in its video.
  ///   - times: presentation time of each frame in seconds; nil (or one that is nil) for a clip without times, whose
  ///     curve then runs over positions.
  ///   - probabilities: the probability of fake of each frame, in [0, 1].
  ///   - frameSize: size of the video's upright frames, which boxes refer to; nil for a clip without a video.
  ///   - overlay: how maps are laid over crops.
  ///   - panelSide: side of each panel in pixels, at least 32.
  public init(
    heading: OverlayHeading, panels: [OverlayPanel], indices: [Int], times: [Double?]?,
    probabilities: [Double],
    frameSize: (width: Int, height: Int)?, overlay: MapOverlay = MapOverlay(), panelSide: Int = 256
  ) {
    precondition(
      !indices.isEmpty && probabilities.count == indices.count && (times ?? []).count % indices.count == 0,
      "OverlayRenderer: \(indices.count) frames, \(probabilities.count) probabilities, \(times?.count ?? 0) times"
    )
    let layout = OverlayLayout(panels: panels.count, frameSize: frameSize, panelSide: panelSide)
    self.layout = layout
    self.panels = panels
    self.overlay = overlay
    self.frameSize = frameSize
    self.indices = indices
    let known = times?.compactMap { $0 } ?? []
    self.times = known.count == indices.count ? known : nil
    curve = ProbabilityCurve(rect: layout.curve, times: self.times, probabilities: probabilities)
    accent = Theme.accent(heading.target)
    let lettering = Lettering(unit: 1.5)
    self.lettering = lettering

    var canvas = Canvas(width: layout.width, height: layout.height, color: Theme.background)
    // What is written per frame stands at the right and needs this much.
    let reserved = lettering.width("frame 000000 · 0000.00 s · p 0.00") + 16
    headingEnd = Self.drawHeading(heading, accent, layout, reserved: reserved, on: &canvas)
    if let thumbnail = layout.thumbnail {
      Self.title("Video", above: thumbnail, layout, lettering, on: &canvas)
    }
    Self.title("Face", above: layout.crop, layout, lettering, on: &canvas)
    for (panel, rect) in zip(panels, layout.panels) {
      Self.title(panel.title, above: rect, layout, lettering, on: &canvas)
    }
    if !panels.isEmpty {
      ColorBar.draw(on: &canvas, rect: layout.bar, overlay: overlay, lettering: lettering)
    }
    curve.drawBackground(on: &canvas, lettering: lettering)
    background = canvas
  }

  /// Draws one frame.
  ///
  /// - Parameter frame: `position` must be one of the clip's, and there must be a relevance plane for each panel.
  /// - Returns: a picture of `layout.width` × `layout.height`.
  public func render(_ frame: OverlayFrame) -> RGBImage {
    precondition(
      indices.indices.contains(frame.position) && frame.relevance.count == panels.count,
      "OverlayRenderer: frame \(frame.position) of \(indices.count), \(frame.relevance.count) maps for "
        + "\(panels.count) panels")
    var canvas = background
    drawStatus(frame.position, on: &canvas)
    drawPicture(frame, on: &canvas)
    let side = layout.panelSide
    let crop = frame.crop.resized(width: side, height: side, filter: .area)
    canvas.draw(crop, x: layout.crop.x, y: layout.crop.y)
    for (index, rect) in layout.panels.enumerated() {
      let plane = frame.relevance[index]
      precondition(
        plane.count == frame.crop.width * frame.crop.height,
        "OverlayRenderer: \(plane.count) values over \(frame.crop.width)×\(frame.crop.height)")
      let shown = overlay.relevance(plane, over: frame.crop)
      canvas.draw(shown.resized(width: side, height: side, filter: .area), x: rect.x, y: rect.y)
      if let note = panels[index].note {
        lettering.draw(
          note, on: &canvas, x: rect.x + side / 2, y: rect.maxY - lettering.lineHeight - 6, color: Theme.text,
          align: .centre, limit: side - 12, outline: Theme.background)
      }
    }
    curve.draw(position: frame.position, accent: accent, on: &canvas, lettering: lettering)
    return canvas.image
  }

  private func drawStatus(_ position: Int, on canvas: inout Canvas) {
    var parts = ["frame \(indices[position])"]
    if let times { parts.append(String(format: "%.2f s", times[position])) }
    if let probability = curve.probability(position) { parts.append(String(format: "p %.2f", probability)) }
    let right = layout.width - OverlayLayout.margin
    lettering.draw(
      parts.joined(separator: " · "), on: &canvas, x: right, y: layout.header.y + 6, color: Theme.dim,
      align: .right, limit: max(0, right - headingEnd - 8))
  }

  private func drawPicture(_ frame: OverlayFrame, on canvas: inout Canvas) {
    guard let rect = layout.thumbnail else { return }
    guard let picture = frame.picture else {
      canvas.fill(rect, Theme.hollow)
      return
    }
    canvas.draw(
      picture.resized(width: rect.width, height: rect.height, filter: .area), x: rect.x, y: rect.y)
    guard let box = frame.box, let size = frameSize else { return }
    func place(_ value: Double, _ scale: Int, _ of: Int) -> Int {
      let v = value / Double(of) * Double(scale)
      return v.isFinite ? Int(min(Double(scale), max(0, v)).rounded()) : 0
    }
    let (left, right) = (place(box.x, rect.width, size.width), place(box.maxX, rect.width, size.width))
    let (top, bottom) = (place(box.y, rect.height, size.height), place(box.maxY, rect.height, size.height))
    guard right > left, bottom > top else { return }
    let shown = PixelRect(x: rect.x + left, y: rect.y + top, width: right - left, height: bottom - top)
    // A dark line inside the bright one keeps the box visible on any picture.
    canvas.stroke(shown, Theme.background, thickness: 3)
    canvas.stroke(shown, accent, thickness: 2)
  }

  private static func title(
    _ text: String, above rect: PixelRect, _ layout: OverlayLayout, _ lettering: Lettering,
    on canvas: inout Canvas
  ) {
    lettering.draw(text, on: &canvas, x: rect.x, y: layout.titleY, color: Theme.text, limit: rect.width)
  }

  /// Draws verdict and subject; returns where they end.
  private static func drawHeading(
    _ heading: OverlayHeading, _ accent: RGBColor, _ layout: OverlayLayout, reserved: Int,
    on canvas: inout Canvas
  ) -> Int {
    let (large, small) = (Lettering(unit: 2.25), Lettering(unit: 1.5))
    let header = layout.header
    let room = max(0, layout.width - 2 * OverlayLayout.margin - reserved - 12)
    canvas.fill(PixelRect(x: header.x, y: header.y, width: 4, height: large.capHeight + 1), accent)
    let verdict = large.truncated(heading.verdict, to: room)
    large.draw(verdict, on: &canvas, x: header.x + 12, y: header.y, color: Theme.text)
    let end = header.x + 12 + large.width(verdict)
    let left = header.x + 12 + room - (end + 14)
    guard left > 40 else { return end }
    let subject = small.truncated(heading.subject, to: left)
    // On the verdict's base line.
    let y = header.y + large.capHeight - small.capHeight
    small.draw(subject, on: &canvas, x: end + 14, y: y, color: Theme.dim)
    return end + 14 + small.width(subject)
  }
}
