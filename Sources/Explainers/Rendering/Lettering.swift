/// Text of one size: ASCII and a few signs (– × · …) in a drawing of our own; other characters show as a box.
///
/// A glyph is a set of dots on a grid (``GlyphSheet``); dots that touch are joined by round strokes, and diagonal
/// neighbours are where no dot lies between them. That gives smooth monoline letters at any size.
package struct Lettering: Sendable {
  /// Where a line of text starts.
  package enum Alignment: Sendable {
    case left
    case centre
    case right
  }

  /// How a glyph covers its cell, in [0, 1], row by row; `halo` is the same with a wider stroke.
  private struct Glyph: Sendable {
    var ink: [Float]
    var halo: [Float]
    var advance: Int
  }

  /// Pixels between two dots of the grid.
  package let unit: Double
  private let glyphs: [Glyph]
  private let box: Glyph
  private let indices: [Character: Int]
  private let cellWidth: Int
  private let cellHeight: Int
  private let pad: Int

  /// Height of a line in pixels, from the top of the capitals to the lowest stroke, with the stroke's width.
  package var lineHeight: Int { cellHeight - 2 * pad }
  /// Height of a capital in pixels.
  package var capHeight: Int { Int((6 * unit + stroke).rounded(.up)) }
  private var stroke: Double { max(1.2, 0.82 * unit) }

  /// Letters whose capitals are about `6 · unit` pixels high; `unit` is at least 1.
  package init(unit: Double) {
    let unit = max(1, unit)
    self.unit = unit
    let stroke = max(1.2, 0.82 * unit)
    let pad = 2
    self.pad = pad
    let width = Int((4 * unit + stroke).rounded(.up)) + 2 * pad
    let height = Int((8 * unit + stroke).rounded(.up)) + 2 * pad
    (cellWidth, cellHeight) = (width, height)
    indices = Dictionary(uniqueKeysWithValues: GlyphSheet.characters.enumerated().map { ($1, $0) })

    func glyph(_ dots: [(column: Int, row: Int)], digit: Bool) -> Glyph {
      // Proportional, but digits keep one width so that numbers do not jump from frame to frame.
      let first = digit ? 0 : dots.map(\.column).min() ?? 0
      let last = digit ? 4 : dots.map(\.column).max() ?? 1
      let origin = Float(Double(pad) + stroke / 2)
      let segments = Self.strokes(dots).map { a, b in
        Segment(
          x0: origin + Float(unit) * Float(a.column - first), y0: origin + Float(unit) * Float(a.row),
          x1: origin + Float(unit) * Float(b.column - first), y1: origin + Float(unit) * Float(b.row))
      }
      var distances = [Float](repeating: .infinity, count: width * height)
      for segment in segments {
        for y in 0..<height {
          for x in 0..<width {
            let d = segment.distance(x: Float(x) + 0.5, y: Float(y) + 0.5)
            distances[y * width + x] = min(distances[y * width + x], d)
          }
        }
      }
      let radius = Float(stroke / 2)
      let gap = max(unit, stroke) + 0.6 * unit
      return Glyph(
        ink: distances.map { min(1, max(0, radius + 0.5 - $0)) },
        halo: distances.map { min(1, max(0, radius + 1.7 - $0)) },
        advance: Int((Double(last - first) * unit + gap + 0.2 * stroke).rounded()))
    }
    glyphs = zip(GlyphSheet.characters, GlyphSheet.dots).map { glyph($1, digit: $0.isASCII && $0.isNumber) }
    box = glyph(
      (0..<7).flatMap { row in
        (0..<4).filter { row == 0 || row == 6 || $0 == 0 || $0 == 3 }.map { (column: $0, row: row) }
      }, digit: false)
  }

  /// The strokes that join neighbouring dots; a dot alone is a stroke of no length.
  private static func strokes(
    _ dots: [(column: Int, row: Int)]
  ) -> [((column: Int, row: Int), (column: Int, row: Int))] {
    func lit(_ column: Int, _ row: Int) -> Bool { dots.contains { $0.column == column && $0.row == row } }
    return dots.flatMap { dot in
      var found = [(dot, dot)]
      let (c, r) = (dot.column, dot.row)
      if lit(c + 1, r) { found.append((dot, (column: c + 1, row: r))) }
      if lit(c, r + 1) { found.append((dot, (column: c, row: r + 1))) }
      for side in [-1, 1] where lit(c + side, r + 1) && !lit(c + side, r) && !lit(c, r + 1) {
        found.append((dot, (column: c + side, row: r + 1)))
      }
      return found
    }
  }

  private func glyph(_ character: Character) -> Glyph { indices[character].map { glyphs[$0] } ?? box }

  /// Width of `text` in pixels.
  package func width(_ text: String) -> Int { text.reduce(0) { $0 + glyph($1).advance } }

  /// `text`, or its beginning with an ellipsis where it is wider than `limit` pixels; empty if not even that fits.
  package func truncated(_ text: String, to limit: Int) -> String {
    if width(text) <= limit { return text }
    var room = limit - width("…")
    guard room >= 0 else { return "" }
    var kept = ""
    for character in text {
      room -= glyph(character).advance
      guard room >= 0 else { break }
      kept.append(character)
    }
    while kept.last == " " { kept.removeLast() }
    return kept + "…"
  }

  /// Draws a line of text with the top of its capitals at `y`, starting, centred or ending at `x`.
  ///
  /// - Parameters:
  ///   - limit: the widest it may be in pixels; longer text ends in an ellipsis.
  ///   - outline: a colour around the strokes that keeps text legible over a picture.
  package func draw(
    _ text: String, on canvas: inout Canvas, x: Int, y: Int, color: RGBColor, align: Alignment = .left,
    limit: Int = .max, outline: RGBColor? = nil
  ) {
    let text = truncated(text, to: limit)
    let start =
      switch align {
      case .left: x
      case .centre: x - width(text) / 2
      case .right: x - width(text)
      }
    func pass(_ color: RGBColor, _ plane: KeyPath<Glyph, [Float]>) {
      var left = start - pad
      for character in text {
        let glyph = glyph(character)
        let (originX, originY) = (left, y - pad)
        glyph[keyPath: plane].withUnsafeBufferPointer { coverage in
          let cell = PixelRect(x: originX, y: originY, width: cellWidth, height: cellHeight)
          canvas.cover(cell, color) { coverage[($1 - originY) * cellWidth + $0 - originX] }
        }
        left += glyph.advance
      }
    }
    if let outline { pass(outline, \.halo) }
    pass(color, \.ink)
  }
}
