import Evaluation
import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Figures")
struct LineFigureTests {
  /// Names and attributes of all elements, and all text; nil if it is not well-formed XML.
  final class Reader: NSObject, XMLParserDelegate {
    var elements: [(name: String, attributes: [String: String])] = []
    var text: [String] = []

    static func read(_ svg: String) -> Reader? {
      let reader = Reader()
      let parser = XMLParser(data: Data(svg.utf8))
      parser.delegate = reader
      return parser.parse() ? reader : nil
    }
    func parser(
      _: XMLParser, didStartElement name: String, namespaceURI _: String?, qualifiedName _: String?,
      attributes: [String: String]
    ) {
      elements.append((name, attributes))
    }
    func parser(_: XMLParser, foundCharacters characters: String) { text.append(characters) }

    func paths(_ kind: String) -> [String] {
      elements.filter { $0.attributes["class"] == kind }.compactMap { $0.attributes["d"] }
    }
    var all: String { text.joined() }
  }

  private func figure(_ points: [LineFigure.Point], _ mark: LineFigure.Mark = .line) -> LineFigure {
    var figure = LineFigure(title: "T", x: .init(label: "x"), y: .init(label: "y"))
    figure.series = [.init(name: "s", points: points, mark: mark)]
    return figure
  }

  /// The points of a path of moves and lines.
  private func points(_ path: String) -> [[Double]] {
    path.split { "ML".contains($0) }.map { $0.split(separator: " ").compactMap { Double($0) } }
  }

  @Test("Places are proportional to values, upwards")
  func places() throws {
    let svg = figure([.init(0, 0), .init(5, 10), .init(10, 5)]).svg()
    let reader = try #require(Reader.read(svg))
    let path = points(try #require(reader.paths("line l0").last))
    #expect(path.count == 3)
    #expect(abs(path[1][0] - (path[0][0] + path[2][0]) / 2) < 0.02)
    #expect(path[1][1] < path[2][1] && path[2][1] < path[0][1])
    #expect(abs(path[2][1] - (path[0][1] + path[1][1]) / 2) < 0.02)
    #expect(svg == figure([.init(0, 0), .init(5, 10), .init(10, 5)]).svg())
    #expect(!svg.contains("<script"))
    #expect(svg.contains("prefers-color-scheme:dark"))
  }

  @Test("Equal steps on a logarithmic axis are equal factors, and what has no logarithm leaves a gap")
  func logarithmic() throws {
    var figure = figure([.init(1, 0.01), .init(2, 0.1), .init(3, 0), .init(4, 1), .init(5, 10)])
    figure.y.scale = .logarithmic
    let reader = try #require(Reader.read(figure.svg()))
    let path = points(try #require(reader.paths("line l0").last))
    #expect(path.count == 4)
    #expect(abs((path[0][1] - path[1][1]) - (path[2][1] - path[3][1])) < 0.05)
    #expect(reader.all.contains("0.01") && reader.all.contains("10"))
  }

  @Test("Every mark is drawn in its own way")
  func marks() throws {
    let points = [LineFigure.Point(0, 0), .init(1, 2), .init(2, 1)]
    for mark in LineFigure.Mark.allCases {
      let reader = try #require(Reader.read(figure(points, mark).svg()))
      // One more of each in the legend.
      let dots = reader.elements.count { $0.name == "circle" }
      #expect(dots == (mark == .points || mark == .linePoints ? 4 : 0), "\(mark)")
      #expect(reader.paths("line l0").isEmpty == (mark == .points || mark == .dashed))
      #expect(reader.paths("dash l0").isEmpty == (mark != .dashed))
      #expect(reader.paths("line l0").contains { $0.contains("H") } == (mark == .steps))
    }
  }

  @Test("Spans are an area or bars; milestones, summary and muted series are there")
  func parts() throws {
    var figure = figure([.init(0, 1), .init(4, 2)])
    figure.series[0].spans = [.init(0, 0.5, 1.5), .init(4, 1, 3)]
    let area = try #require(Reader.read(figure.svg()))
    #expect(area.paths("area f0").count == 1 && area.paths("bar l0").isEmpty)
    figure.series[0].spanMark = .bars
    figure.series.append(.init(name: nil, points: [.init(0, 0), .init(4, 0)], isMuted: true))
    figure.milestones = [.init(2, "size 224")]
    figure.summary = "What it says."
    let bars = try #require(Reader.read(figure.svg()))
    #expect(bars.paths("bar l0").count == 1 && bars.paths("line lm").count == 1)
    #expect(bars.paths("stone lm").count == 1 && bars.all.contains("size 224"))
    #expect(bars.elements.contains { $0.name == "desc" } && bars.all.contains("What it says."))
  }

  @Test("A range that is asked for is kept, and what is outside is cut off by a nested picture")
  func cut() throws {
    var figure = figure([.init(0, 0), .init(1, 50)])
    func nested(_ figure: LineFigure) throws -> Int {
      try #require(Reader.read(figure.svg())).elements.count { $0.name == "svg" }
    }
    #expect(try nested(figure) == 1)
    figure.y.range = 0...10
    #expect(try nested(figure) == 2)
    figure.y.range = 0...50
    #expect(try nested(figure) == 1)
  }

  @Test("Ticks are round numbers, written with the places they need and a true minus")
  func ticks() throws {
    func labels(_ low: Double, _ high: Double) throws -> String {
      try #require(Reader.read(figure([.init(0, low), .init(1, high)]).svg())).all
    }
    for label in ["0.2", "0.4", "0.6", "0.8"] { #expect(try labels(0, 1).contains(label)) }
    for label in ["\u{2212}200", "400"] { #expect(try labels(-200, 400).contains(label)) }
    #expect(try labels(0.5001, 0.5004).contains("0.5001"))
    #expect(!(try labels(-1, 1).contains("\u{2212}0.0")))
  }

  @Test("Names are escaped; empty, constant and non-finite data draw something well-formed")
  func odd() throws {
    var names = figure([.init(0, 1)])
    names.title = "a <b> & \"c\" \u{7}"
    names.series[0].name = "<script>"
    let reader = try #require(Reader.read(names.svg()))
    #expect(reader.all.contains("a <b> & \"c\" \u{FFFD}") && reader.all.contains("<script>"))
    for points in [
      [], [LineFigure.Point(3, 3)], [.init(.nan, 1), .init(1, .infinity)], [.init(1, 0), .init(2, 0)],
    ] {
      let svg = figure(points).svg()
      #expect(Reader.read(svg) != nil && !svg.contains("nan") && !svg.contains("inf"))
    }
  }

  @Test("A hundred thousand points make a small picture that still shows the highest and the lowest")
  func many() throws {
    var points = (0..<100_000).map { LineFigure.Point(Double($0), sin(Double($0) / 3000)) }
    points[50_123].y = 30
    points[70_001].y = -30
    let svg = figure(points).svg()
    #expect(svg.utf8.count < 60_000)
    func drawn(_ svg: String) throws -> [Double] {
      let reader = try #require(Reader.read(svg))
      let path = try #require(reader.paths("line l0").last)
      return self.points(path).map { $0[1] }
    }
    let heights = try drawn(svg)
    let ends = try drawn(figure([.init(0, 30), .init(99_999, -30)]).svg())
    #expect(abs(heights.min()! - ends[0]) < 0.02 && abs(heights.max()! - ends[1]) < 0.02)
  }

  @Test("The figures of an evaluation have their curves, bands and numbers")
  func evaluation() throws {
    let samples = makeGroups(50, shared: 0.5, seed: 1)
    let bootstrap = Bootstrap(resamples: 50)
    let area = ClassificationMetrics(samples).areaUnderROC!
    let svg = try LineFigure.roc(samples, bootstrap: bootstrap).svg()
    let roc = try #require(Reader.read(svg))
    #expect(roc.paths("area f0").count == 1 && roc.all.contains(String(format: "%.3f", area)))
    let precisionRecall = try LineFigure.precisionRecall(samples, bootstrap: bootstrap).svg()
    let precision = try #require(Reader.read(precisionRecall))
    #expect(precision.paths("line l0").contains { $0.contains("H") })
    let diagram = try LineFigure.reliability(
      samples, others: [("cooled", samples.cooled(by: 2))], binning: .equalCount(8), bootstrap: bootstrap)
    let reliability = try #require(Reader.read(diagram.svg()))
    #expect(reliability.paths("bar l0").count == 1 && reliability.paths("bar l1").count == 1)
    #expect(reliability.all.contains("cooled"))
    #expect(throws: EvaluationError.self) { try LineFigure.roc(makeSamples([1], [true])) }
  }
}
