/// A chart of lines and points over two axes, written as SVG: for training curves, ROC and reliability.
///
/// ```swift
/// var figure = LineFigure(title: "Loss", x: .init(label: "step"), y: .init(label: "log-loss"))
/// figure.series = [.init(name: "training", points: points)]
/// let text = figure.svg()
/// ```
///
/// Equal figures give equal text. The picture needs no script and nothing from elsewhere, its text is text, and its
/// colours follow the reader's choice of light or dark; it can stand in a file of its own or in the middle of a page.
public struct LineFigure: Sendable {
  /// A place in the units of the axes.
  public struct Point: Sendable, Hashable {
    /// To the right.
    public var x: Double
    /// Up.
    public var y: Double

    /// A point from its coordinates.
    public init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
  }

  /// What lies between two values at a place of the horizontal axis.
  public struct Span: Sendable, Hashable {
    /// The place.
    public var x: Double
    /// The lower value.
    public var lower: Double
    /// The upper value.
    public var upper: Double

    /// A span from its ends.
    public init(_ x: Double, _ lower: Double, _ upper: Double) {
      (self.x, self.lower, self.upper) = (x, lower, upper)
    }
  }

  /// How a series is drawn.
  public enum Mark: Sendable, Hashable, CaseIterable {
    /// A line from point to point.
    case line
    /// The same, dashed.
    case dashed
    /// Level from each point back to the one before: what holds up to a point.
    case steps
    /// Dots.
    case points
    /// A line and dots on it.
    case linePoints
  }

  /// How the intervals of a series are drawn.
  public enum SpanMark: Sendable, Hashable {
    /// As an area from place to place.
    case area
    /// As a bar at each place.
    case bars
  }

  /// What is drawn in one colour.
  public struct Series: Sendable {
    /// Its name in the legend; nil leaves it out there.
    public var name: String?
    /// In the order in which they are joined. What is not finite, or not above 0 on a logarithmic axis, leaves a gap.
    public var points: [Point]
    /// How they are drawn.
    public var mark: Mark
    /// Intervals, by increasing place; none if empty.
    public var spans: [Span]
    /// How intervals are drawn.
    public var spanMark: SpanMark
    /// Whether it is in grey, for what others are compared with.
    public var isMuted: Bool

    /// A series from its parts.
    public init(
      name: String?, points: [Point], mark: Mark = .line, spans: [Span] = [], spanMark: SpanMark = .area,
      isMuted: Bool = false
    ) {
      (self.name, self.points, self.mark) = (name, points, mark)
      (self.spans, self.spanMark, self.isMuted) = (spans, spanMark, isMuted)
    }
  }

  /// How values become places.
  public enum Scale: Sendable, Hashable {
    /// Evenly.
    case linear
    /// By their logarithm.
    case logarithmic
  }

  /// One of the two directions.
  public struct Axis: Sendable {
    /// What it shows, with its unit.
    public var label: String
    /// From where to where; by default what the series need, out to the next ticks. What lies outside is cut off.
    public var range: ClosedRange<Double>?
    /// How values become places.
    public var scale: Scale

    /// An axis from its parts.
    public init(label: String, range: ClosedRange<Double>? = nil, scale: Scale = .linear) {
      (self.label, self.range, self.scale) = (label, range, scale)
    }
  }

  /// A place of the horizontal axis that is worth a line, such as the end of an epoch.
  public struct Milestone: Sendable, Hashable {
    /// The place.
    public var x: Double
    /// What happened there.
    public var label: String

    /// A milestone from its parts.
    public init(_ x: Double, _ label: String) { (self.x, self.label) = (x, label) }
  }

  /// What stands above it.
  public var title: String
  /// What it shows, in a sentence, for readers who cannot see it.
  public var summary: String?
  /// To the right.
  public var x: Axis
  /// Up.
  public var y: Axis
  /// Later ones are drawn over earlier ones; six colours, then again from the first.
  public var series: [Series] = []
  /// Dotted lines from top to bottom.
  public var milestones: [Milestone] = []
  /// Width of the picture in pixels.
  public var width = 640.0
  /// Height of the picture in pixels.
  public var height = 400.0

  /// A figure without series.
  public init(title: String, x: Axis, y: Axis) { (self.title, self.x, self.y) = (title, x, y) }
}
