public import Explainers
import FaceCrop
import Tensor

/// What can be said of an explanation in words, with the measurement that makes it true or not.
public enum Finding: Sendable, Equatable {
  /// Nothing in the map speaks for the class.
  case empty
  /// The relevance is spread: no part has both a fifth of it and much more than its area's share. The part that exceeds its
  /// area's share by most is named.
  case diffuse(Place)
  /// The relevance is concentrated, and the detector was asked whether it relies on that part.
  case concentrated(Place, Check)

  /// A part of the face over a span of frames.
  public struct Place: Sendable, Equatable {
    /// One part, or its left and right side.
    public var regions: [FaceRegion]
    /// Positions in the clip.
    public var frames: Range<Int>
    /// Whether the span is the whole clip.
    public var isWholeClip: Bool
    /// Presentation times of the first frame and of the one after the last (or of the last, at the clip's end), in
    /// seconds; nil where there is no time.
    public var times: ClosedRange<Double>?
    /// Share of the span's relevance, in [0, 1].
    public var share: Double
    /// Share of the span's crops that it covers, in [0, 1].
    public var areaShare: Double

    /// A place from its parts.
    public init(
      regions: [FaceRegion], frames: Range<Int>, isWholeClip: Bool, times: ClosedRange<Double>?,
      share: Double,
      areaShare: Double
    ) {
      (self.regions, self.frames, self.isWholeClip) = (regions, frames, isWholeClip)
      (self.times, self.share, self.areaShare) = (times, share, areaShare)
    }
  }

  /// What the detector says without a part.
  public struct Check: Sendable, Equatable {
    /// What was put in its place.
    public var replacement: Replacement
    /// The clip's logit as it is.
    public var logit: Double
    /// The clip's logit with the part replaced in the span.
    public var logitWithout: Double
    /// The clip's logits with as many pixels elsewhere in the span replaced, drawn anew each time.
    public var controls: [Double]
    /// The class that the part should speak for: that which is explained; of attention, which speaks for none, that which the
    /// model itself predicts.
    public var target: Target

    /// A check from its numbers.
    public init(
      replacement: Replacement, logit: Double, logitWithout: Double, controls: [Double], target: Target
    ) {
      (self.replacement, self.logit, self.logitWithout) = (replacement, logit, logitWithout)
      (self.controls, self.target) = (controls, target)
    }

    /// By how much the logit of the class falls.
    public var fall: Double { Double(target.sign) * (logit - logitWithout) }
    /// What the check comes to.
    public enum Outcome: String, Sendable, Codable {
      /// The detector relied on the part: without it the class's logit falls by a fifth of its size or more, its probability by
      /// 0.05 or more, and the logit by more than with any of the controls (all chosen).
      case confirmed
      /// The logit moves the other way, or not at all.
      case opposite
      /// It falls by less than a fifth, or the probability by less than 0.05.
      case little
      /// One of the controls moves it as far.
      case elsewhere
    }

    /// What it comes to.
    public var outcome: Outcome {
      if fall <= 0 { return .opposite }
      if fall < 0.2 * abs(logit) || abs(logistic(logit) - logistic(logitWithout)) < 0.05 { return .little }
      return fall > Double(target.sign) * (logit - strongestControl) ? .confirmed : .elsewhere
    }

    /// Whether the detector relied on the part.
    public var isConfirmed: Bool { outcome == .confirmed }

    /// The logit with the control that moves it most.
    public var strongestControl: Double {
      (target == .fake ? controls.min() : controls.max()) ?? logit
    }
  }
}

/// Finds what can be said of an explanation, and checks it.
///
/// First the span: the shortest run of frames with 70 % of the relevance, if that is at most half of the clip; else the
/// whole clip. Then the part: of all parts, and of left and right sides together, the one whose share of the relevance
/// exceeds its share of the area by most. It counts as concentrated if it is a fifth or more, and at least half as much again as
/// the area's. All of this is chosen. Then the check (``Finding/Check``).
public struct FindingSearch: Sendable {
  /// What is put in a part's place; nil for the paired real video where there is one, else blur.
  public var replacement: Replacement?
  /// How often as many pixels elsewhere are replaced.
  public var controls: Int
  /// Seed of where these are.
  public var seed: UInt64

  /// A search; everything has a default.
  public init(replacement: Replacement? = nil, controls: Int = 3, seed: UInt64 = 0) {
    precondition(controls > 0, "FindingSearch: \(controls) controls")
    (self.replacement, self.controls, self.seed) = (replacement, controls, seed)
  }

  /// What can be named: each part by itself, and sides together.
  static let candidates: [[FaceRegion]] =
    FaceRegion.allCases.map { [$0] }
    + [[.rightBrow, .leftBrow], [.rightEye, .leftEye], [.rightCheek, .leftCheek]]

  /// What can be said of `subject`.
  ///
  /// - Throws: ``ExplanationError`` if it has no clip or model, or the clip no keypoints.
  public func find(_ subject: MetricSubject, context: ExplanationContext = .init()) throws -> Finding {
    let (clip, _) = try subject.material(for: "a check in words")
    let table = try RegionTable(subject.relevance, clip: clip)
    guard !subject.relevance.isEmpty else { return .empty }
    let span = self.span(table)
    let ranked = FindingSearch.candidates.map { regions in
      (
        regions: regions, share: table.share(of: regions, in: span) ?? 0,
        area: table.areaShare(of: regions, in: span)
      )
    }
    // Of equals the first: single parts come before pairs.
    let best = ranked.reduce(ranked[0]) { $1.share - $1.area > $0.share - $0.area + 1e-9 ? $1 : $0 }
    let place = Finding.Place(
      regions: best.regions, frames: span, isWholeClip: span.count == table.frames, times: times(span, clip),
      share: best.share, areaShare: best.area)
    guard best.share >= 0.2, best.share >= 1.5 * best.area else { return .diffuse(place) }
    return .concentrated(place, try check(place, subject, clip, context))
  }

  /// The shortest run of frames with 70 % of the relevance if it is at most half of the clip, else the clip.
  private func span(_ table: RegionTable) -> Range<Int> {
    let totals = (0..<table.frames).map(table.total)
    let wanted = 0.7 * totals.reduce(0, +)
    for length in stride(from: 1, through: table.frames / 2, by: 1) {
      let sums = (0...(table.frames - length)).map { totals[$0..<($0 + length)].reduce(0, +) }
      if let most = sums.max(), most >= wanted, let first = sums.firstIndex(of: most) {
        return first..<(first + length)
      }
    }
    return 0..<table.frames
  }

  private func times(_ span: Range<Int>, _ clip: Clip) -> ClosedRange<Double>? {
    let last = min(span.upperBound, clip.frames.count - 1)
    guard let from = clip.frames[span.lowerBound].time, let to = clip.frames[last].time, from <= to else {
      return nil
    }
    return from...to
  }

  private func check(
    _ place: Finding.Place, _ subject: MetricSubject, _ clip: Clip, _ context: ExplanationContext
  ) throws -> Finding.Check {
    let replacement = replacement ?? (clip.paired == nil ? .blur() : .paired)
    let scorer = try ClipScorer(subject, replacement: replacement, metric: "a check in words")
    let named = try FaceSegments(framesPerSegment: 1).named(of: clip)
    var without = scorer.untouched
    for t in place.frames {
      for (i, label) in named.supervoxels.plane(t).enumerated()
      where place.regions.contains(named.regions[Int(label)]) { without[t].insert(i) }
    }
    var generator = SplitMix(seed: seed)
    let controls = (0..<controls).map { _ in elsewhere(without, scorer, clip.size, &generator) }
    let logits = try scorer.logits([scorer.untouched, without] + controls) { try context.report($0) }
    return Finding.Check(
      replacement: replacement, logit: logits[0], logitWithout: logits[1],
      controls: Array(logits.dropFirst(2)),
      target: subject.isAttention ? Target(predictedBy: Float(logits[0])) : subject.target)
  }

  /// As many pixels of each frame that are not in `change`, in squares of a fourteenth of the side at places that are drawn;
  /// where there are fewer, all of them.
  private func elsewhere(
    _ change: ClipScorer.Change, _ scorer: ClipScorer, _ size: Int, _ generator: inout SplitMix
  ) -> ClipScorer.Change {
    let grid = PatchGrid(frames: 1, size: size, side: max(1, size / 14))
    var pixels = [[Int]](repeating: [], count: grid.columns * grid.columns)
    for (i, label) in grid.tubes.labels.enumerated() { pixels[Int(label)].append(i) }
    var order = Array(pixels.indices)
    for i in order.indices.dropLast() {
      order.swapAt(i, i + Int(generator.uniform() * Double(order.count - i)))
    }
    return change.map { removal in
      var other = Removal(area: scorer.area)
      var wanted = removal.count
      for i in order.lazy.flatMap({ pixels[$0] }) where wanted > 0 && !removal[i] {
        other.insert(i)
        wanted -= 1
      }
      return other
    }
  }
}
