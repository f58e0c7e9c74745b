import Foundation

extension LineFigure {
  /// The figure as an SVG document, without an XML declaration, so that it can also stand within HTML.
  public func svg() -> String {
    let layout = Layout(self)
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" class="wf-figure" viewBox="0 0 \(number(width)) \(number(height))" \
      width="\(number(width))" height="\(number(height))" role="img" aria-label="\(escaped(title))">
      """,
      "<title>\(escaped(title))</title>",
    ]
    if let summary { parts.append("<desc>\(escaped(summary))</desc>") }
    parts.append("<style>\(Self.style)</style>")
    parts.append("<rect class=\"paper\" width=\"\(number(width))\" height=\"\(number(height))\"/>")
    if !title.isEmpty {
      parts.append("<text class=\"title\" x=\"\(number(layout.left))\" y=\"22\">\(escaped(title))</text>")
    }
    parts += layout.legend(self)
    parts += layout.axes(self)
    let drawn = series.enumerated().flatMap { layout.draw($1, colour: colour(of: $0)) }
    if layout.isCut {
      // A nested picture cuts off what lies outside.
      parts.append(
        """
        <svg x="\(number(layout.left))" y="\(number(layout.top))" width="\(number(layout.plotWidth))" \
        height="\(number(layout.plotHeight))" viewBox="\(number(layout.left)) \(number(layout.top)) \
        \(number(layout.plotWidth)) \(number(layout.plotHeight))">
        """)
      parts += drawn + ["</svg>"]
    } else {
      parts += drawn
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  /// The number of a series' colour; `m` for grey.
  func colour(of index: Int) -> String {
    if series[index].isMuted { return "m" }
    return String(series[..<index].count { !$0.isMuted } % Self.colours.count)
  }

  /// For light and for dark paper.
  private static let colours = [
    ("#2457a6", "#8fb8ff"), ("#b3261e", "#ff8a80"), ("#1f6f43", "#7bd6a1"), ("#8a5a00", "#f0c060"),
    ("#7b3fa0", "#d3a4f0"), ("#0f7c8a", "#6fd3e0"),
  ]

  private static let style: String = {
    func sheet(
      _ choose: ((String, String)) -> String, _ soft: String, _ ink: String, _ paper: String, _ grid: String
    )
      -> String
    {
      let series = (colours.map(choose) + [soft]).enumerated().map { i, value in
        let name = i < Self.colours.count ? "\(i)" : "m"
        return ".wf-figure .l\(name){stroke:\(value)}.wf-figure .f\(name){fill:\(value)}"
      }
      return ".wf-figure text{fill:\(ink)}.wf-figure .soft{fill:\(soft)}.wf-figure .paper{fill:\(paper)}"
        + ".wf-figure .grid{stroke:\(grid)}.wf-figure .frame{stroke:\(soft)}" + series.joined()
    }
    let light = sheet(\.0, "#5b6570", "#1c2024", "#ffffff", "#e3e7eb")
    let dark = sheet(\.1, "#a3adb8", "#e8eaed", "#15181c", "#2d343b")
    return ".wf-figure text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
      + ".wf-figure .title{font-size:15px;font-weight:600}"
      + ".wf-figure .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
      + ".wf-figure .dash{fill:none;stroke-width:1.5;stroke-dasharray:6 4}"
      + ".wf-figure .area{fill-opacity:.18}.wf-figure .bar{stroke-width:1.5;stroke-opacity:.6}"
      + ".wf-figure .stone{stroke-width:1;stroke-dasharray:2 3}.wf-figure .frame{fill:none}"
      + light + "@media (prefers-color-scheme:dark){\(dark)}"
  }()
}

/// A coordinate: at most two decimal places.
func number(_ value: Double) -> String {
  let hundredths = (value * 100).rounded() / 100
  if hundredths == hundredths.rounded(), abs(hundredths) < 1e9 { return String(Int(hundredths)) }
  return String(hundredths)
}

/// Text as XML has it; control characters, which XML does not allow, become U+FFFD.
func escaped(_ text: String) -> String {
  var out = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": out += "&amp;"
    case "<": out += "&lt;"
    case ">": out += "&gt;"
    case "\"": out += "&quot;"
    case _ where scalar.properties.generalCategory == .control, "\u{FFFE}", "\u{FFFF}": out += "\u{FFFD}"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}
