import Explainers
import Testing
import VideoIO

@Suite("Overlay frames")
struct RenderingOverlayTests {
  static func renderer(
    panels: [OverlayPanel] = [OverlayPanel(title: "GradCAM")], frames: Int = 3, times: Bool = true,
    size: (width: Int, height: Int)? = (1920, 1080), side: Int = 128, probabilities: [Double]? = nil
  ) -> OverlayRenderer {
    OverlayRenderer(
      heading: OverlayHeading(verdict: "fake 0.97", target: .fake, subject: "a.mp4"), panels: panels,
      indices: (0..<frames).map { $0 * 10 }, times: times ? (0..<frames).map { Double($0) * 0.4 } : nil,
      probabilities: probabilities ?? (0..<frames).map { Double($0) / Double(max(1, frames - 1)) },
      frameSize: size, panelSide: side)
  }

  static func frame(_ position: Int, side: Int = 16, hot: Int? = nil, maps: Int = 1) -> OverlayFrame {
    var plane = [Float](repeating: 0, count: side * side)
    if let hot { plane[hot] = 1 }
    return OverlayFrame(
      position: position, picture: RGBImage(width: 64, height: 36, red: 90, green: 90, blue: 90),
      box: Box(x: 600, y: 200, width: 400, height: 500), crop: RenderingMapTests.crop(side),
      relevance: Array(repeating: plane, count: maps))
  }

  @Test("every frame has the layout's even size", arguments: [0, 1, 4], [33, 64, 255])
  func evenSizes(panels: Int, side: Int) {
    for size in [nil, (1, 1), (1920, 1080), (720, 1280), (5000, 10), (10, 5000)] as [(Int, Int)?] {
      let layout = OverlayLayout(panels: panels, frameSize: size, panelSide: side)
      #expect(layout.width % 2 == 0 && layout.height % 2 == 0)
      let bounds = PixelRect(x: 0, y: 0, width: layout.width, height: layout.height)
      let all =
        layout.panels + [layout.crop, layout.bar, layout.curve] + (layout.thumbnail.map { [$0] } ?? [])
      for rect in all { #expect(rect.intersection(bounds) == rect) }
      for (a, rect) in layout.panels.enumerated() {
        for other in layout.panels[(a + 1)...] + [layout.crop, layout.bar] {
          #expect(rect.intersection(other) == nil)
        }
      }
    }
  }

  @Test("one-pixel pictures, tiny panels, long titles and strange boxes stay inside the frame")
  func extremes() {
    let long = String(repeating: "A very long title that fits nowhere ", count: 20)
    for size in [(1, 1), (3, 2000), (2000, 3)] {
      let renderer = OverlayRenderer(
        heading: OverlayHeading(verdict: long, target: nil, subject: long),
        panels: [OverlayPanel(title: long, note: long), OverlayPanel(title: "")], indices: [0], times: [nil],
        probabilities: [.nan], frameSize: size, panelSide: 1)
      for box in [
        Box(x: -1e9, y: -1e9, width: 2e9, height: 2e9), Box(x: .nan, y: 0, width: 1, height: 1),
        Box(x: 0, y: 0, width: 0, height: 0), Box(x: 5e5, y: 5e5, width: 1, height: 1),
      ] {
        let image = renderer.render(
          OverlayFrame(
            position: 0, picture: RGBImage(width: 1, height: 1, red: 200), box: box,
            crop: RGBImage(width: 1, height: 1), relevance: [[1], [0]]))
        #expect(image.width == renderer.layout.width && image.height == renderer.layout.height)
        // The outermost pixels belong to nobody.
        let ground = image[0, 0]
        for x in 0..<image.width {
          #expect(image[x, 0] == ground && image[x, image.height - 1] == ground)
        }
        for y in 0..<image.height {
          #expect(image[0, y] == ground && image[image.width - 1, y] == ground)
        }
      }
    }
  }

  @Test("the crop is shown as it is, and the panel differs from it only where something is relevant")
  func panelShowsMap() {
    let renderer = Self.renderer(side: 64)
    let side = renderer.layout.panelSide
    let image = renderer.render(Self.frame(0, side: side, hot: 20 * side + 10))
    let crop = RenderingMapTests.crop(side)
    let (left, right) = (renderer.layout.crop, renderer.layout.panels[0])
    for y in 0..<side {
      for x in 0..<side {
        #expect(image[left.x + x, left.y + y] == crop[x, y])
        let same = image[right.x + x, right.y + y] == crop[x, y]
        #expect(same == !(x == 10 && y == 20))
      }
    }
  }

  @Test("the same frame is drawn the same, and another position, box or map is not")
  func determinism() {
    let renderer = Self.renderer()
    let image = renderer.render(Self.frame(1, hot: 100))
    #expect(image == Self.renderer().render(Self.frame(1, hot: 100)))
    #expect(image != renderer.render(Self.frame(2, hot: 100)))
    #expect(image != renderer.render(Self.frame(1, hot: 101)))
    var elsewhere = Self.frame(1, hot: 100)
    elsewhere.box?.x += 100
    #expect(image != renderer.render(elsewhere))
  }

  @Test("the cursor moves right with time and the curve rises with the probability")
  func curve() {
    let renderer = Self.renderer(frames: 3, probabilities: [0.1, 0.1, 0.9])
    let other = Self.renderer(frames: 3, probabilities: [0.1, 0.9, 0.9])
    let strip = renderer.layout.curve
    func cursor(_ position: Int) -> Int? {
      let image = renderer.render(Self.frame(position))
      // The cursor is the only bright thing in the strip's top row.
      return (strip.x..<strip.maxX).first { image[$0, strip.y].green > 150 }
    }
    let found = (0..<3).compactMap(cursor)
    #expect(found.count == 3 && found == found.sorted() && Set(found).count == 3)
    #expect(renderer.render(Self.frame(0)) != other.render(Self.frame(0)))
  }

  @Test("clips without a video, times or probabilities can be drawn")
  func bareClips() {
    let renderer = Self.renderer(frames: 1, times: false, size: nil, probabilities: [.nan])
    let image = renderer.render(
      OverlayFrame(
        position: 0, picture: nil, box: nil, crop: RenderingMapTests.crop(8),
        relevance: [[Float](repeating: 0, count: 64)]))
    #expect(renderer.layout.thumbnailSize == nil)
    #expect(image.width == renderer.layout.width)
    let missing = Self.renderer(frames: 1)
    var frame = Self.frame(0)
    frame.picture = nil
    #expect(missing.render(frame) != missing.render(Self.frame(0)))
  }

  @Test("the colour bar is brightest at the top and has a picture of its own")
  func colorBar() {
    let image = ColorBar.image(height: 100)
    #expect(image.height == 100)
    let column = (8..<92).map { y in
      let p = image[12, y]
      return RGBColor(p.red, p.green, p.blue).luminance
    }
    #expect(column.max() == column.first)
    #expect(ColorBar.image(overlay: MapOverlay(colorMap: .inferno), height: 100) != image)
  }
}

@Suite("Lettering")
struct RenderingTextTests {
  private func drawn(_ text: String, unit: Double = 2) -> RGBImage {
    var canvas = Canvas(width: 200, height: 40, color: RGBColor(0, 0, 0))
    Lettering(unit: unit).draw(text, on: &canvas, x: 10, y: 10, color: RGBColor(255, 255, 255))
    return canvas.image
  }

  @Test("every printable ASCII character has a shape of its own")
  func shapes() {
    let all = (33..<127).map { drawn(String(Character(Unicode.Scalar($0)))) }
    #expect(all.allSatisfy { $0.pixels.contains { $0 > 200 } })
    #expect(Set(all.map(\.pixels)).count == all.count)
    #expect(drawn(" ").pixels.allSatisfy { $0 == 0 })
  }

  @Test("an unknown character is a box, not nothing and not a crash")
  func unknown() {
    let box = drawn("漢")
    #expect(box.pixels.contains { $0 > 200 })
    #expect(box == drawn("👩‍🚀") && box != drawn("n"))
  }

  @Test("text that is too wide ends in an ellipsis and keeps within the width")
  func truncation() {
    let letters = Lettering(unit: 2)
    let text = "probability of fake"
    #expect(letters.truncated(text, to: letters.width(text)) == text)
    for limit in 0..<letters.width(text) {
      let short = letters.truncated(text, to: limit)
      #expect(letters.width(short) <= limit)
      #expect(short.isEmpty || short.hasSuffix("…"))
    }
  }

  @Test("digits are equally wide, so that numbers do not jump")
  func digits() {
    let letters = Lettering(unit: 1.5)
    #expect(Set("0123456789".map { letters.width(String($0)) }).count == 1)
  }

  @Test("what falls outside of the canvas is not drawn")
  func clipped() {
    var canvas = Canvas(width: 3, height: 3, color: RGBColor(0, 0, 0))
    let letters = Lettering(unit: 3)
    for (x, y) in [(-500, -500), (-3, -3), (2, 2), (900, 900)] {
      letters.draw("Wg#", on: &canvas, x: x, y: y, color: RGBColor(255, 255, 255), outline: RGBColor(9, 9, 9))
    }
    canvas.line([(-50, -50), (50, 50)], RGBColor(255, 0, 0), thickness: 1, clip: canvas.bounds)
    #expect(canvas.image[1, 1].red > 200 && canvas.image.pixels.count == 27)
  }
}
