import Detector
import FaceCrop
import Tensor

/// The games of a clip, played side by side: round by round, until the budget is spent or the values are precise enough.
struct ShapleyRun {
  private let masked: MaskedClip
  private let games: [SegmentGame]
  private let precision: Double?
  private let isFrameWise: Bool
  private var estimators: [ShapleyGame]
  /// What is known of the patterns of each frame; only where one game has several frames, whose coalitions may look alike
  /// in some of them.
  private var known: [[[Bool]: Float]]
  /// Frame passes at the most.
  private let planned: Int
  private var done = 0

  /// The logit of each frame as it is.
  private(set) var logits: [Float]
  private(set) var framePasses = 0

  /// Coalitions that are turned into requests at once; bounds memory, whatever the budget.
  private static let slice = 256

  init(_ method: KernelSHAP, _ masked: MaskedClip) throws {
    self.masked = masked
    precision = method.precision
    isFrameWise = method.detector.info.scoresFrameByFrame
    games = SegmentGame.games(of: masked.supervoxels, splitsFrames: isFrameWise && method.splitsFrames)
    let budgets = try method.budget.evaluations(for: games)
    var seeds = SplitMix(seed: method.seed)
    estimators = try zip(games, budgets).map { game, budget in
      try ShapleyGame(players: game.players.count, budget: budget, seed: seeds.next())
    }
    let frames = masked.clip.frames.count
    let sharesFrames = isFrameWise && games.count == 1 && frames > 1
    known = Array(repeating: [:], count: sharesFrames ? frames : 0)
    logits = Array(repeating: 0, count: frames)
    planned = zip(games, budgets).reduce(0) { sum, next in
      let (game, budget) = next
      let all = game.players.count < 40 ? 1 << game.players.count : Int.max
      return sum + game.frames.count * min(budget, all)
    }
  }

  /// Evaluations so far, of all games.
  var evaluations: Int { estimators.reduce(0) { $0 + $1.evaluations } }

  /// Plays to the end.
  mutating func play(_ context: ExplanationContext) throws -> (SegmentAttributions, completenessGap: Double) {
    var result: (SegmentAttributions, completenessGap: Double)?
    // Asking costs time too: only after a tenth more evaluations.
    var nextLook = 0
    while true {
      var isOver = true
      for g in games.indices {
        let coalitions = estimators[g].next()
        guard !coalitions.isEmpty else { continue }
        isOver = false
        estimators[g].record(try values(of: coalitions, in: games[g], context))
      }
      if isOver { break }
      result = nil
      if let precision, evaluations >= nextLook {
        nextLook = evaluations + evaluations / 10
        let now = try attributions()
        result = now
        let largest = now.0.values.map(abs).max() ?? 0
        if (now.0.standardErrors ?? []).allSatisfy({ $0 <= precision * largest }) { break }
      }
    }
    return try result ?? attributions()
  }

  /// The values of coalitions of one game.
  private mutating func values(
    of coalitions: [Coalition], in game: SegmentGame, _ context: ExplanationContext
  ) throws -> [Double] {
    var values: [Double] = []
    for first in stride(from: 0, to: coalitions.count, by: Self.slice) {
      let slice = coalitions[first..<min(first + Self.slice, coalitions.count)].map { coalition in
        var keeps = [Bool](repeating: true, count: masked.supervoxels.count)
        for (player, segment) in game.players.enumerated() { keeps[segment] = coalition[player] }
        return keeps
      }
      let sums = try isFrameWise ? byFrame(slice, game, context) : byClip(slice, context)
      values += sums.map { $0 / Double(game.frames.count) }
    }
    return values
  }

  /// The sum of the frames' logits for each pattern, frame after frame.
  private mutating func byFrame(
    _ patterns: [[Bool]], _ game: SegmentGame, _ context: ExplanationContext
  ) throws -> [Double] {
    var sums = [Double](repeating: 0, count: patterns.count)
    for t in game.frames {
      if known.isEmpty {
        let logits = try run(patterns.map { .init(frame: t, keeps: $0) }, context)
        take(patterns, logits, t, &sums)
        done += patterns.count
      } else {
        let isHere = Set(masked.supervoxels.plane(t))
        // What is not in the frame changes nothing in it.
        let seen = patterns.map { keeps in keeps.indices.map { keeps[$0] || !isHere.contains(Int32($0)) } }
        var fresh: [[Bool]] = []
        var asked = Set<[Bool]>()
        for pattern in seen where known[t][pattern] == nil && asked.insert(pattern).inserted {
          fresh.append(pattern)
        }
        for (pattern, logit) in zip(fresh, try run(fresh.map { .init(frame: t, keeps: $0) }, context)) {
          known[t][pattern] = logit
        }
        take(patterns, seen.map { known[t][$0]! }, t, &sums)
        done += patterns.count
      }
    }
    return sums
  }

  /// The sum of the frames' logits for each pattern, clip after clip.
  private mutating func byClip(_ patterns: [[Bool]], _ context: ExplanationContext) throws -> [Double] {
    let frames = masked.clip.frames.indices
    let requests = patterns.flatMap { keeps in frames.map { MaskedClip.Request(frame: $0, keeps: keeps) } }
    let logits = try run(requests, context)
    done += requests.count
    var sums = [Double](repeating: 0, count: patterns.count)
    for t in frames {
      take(patterns, patterns.indices.map { logits[$0 * frames.count + t] }, t, &sums)
    }
    return sums
  }

  private mutating func run(
    _ requests: [MaskedClip.Request], _ context: ExplanationContext
  ) throws -> [Float] {
    let (before, planned) = (done, planned)
    let logits = try masked.logits(requests) { try context.report(Double(before + $0) / Double(planned)) }
    framePasses += requests.count
    return logits
  }

  /// Adds the logits of frame `t`; that of the whole frame is kept.
  private mutating func take(_ patterns: [[Bool]], _ logits: [Float], _ t: Int, _ sums: inout [Double]) {
    for (i, logit) in logits.enumerated() {
      sums[i] += Double(logit)
      if patterns[i].allSatisfy({ $0 }) { self.logits[t] = logit }
    }
  }

  /// What the games say together.
  private func attributions() throws -> (SegmentAttributions, completenessGap: Double) {
    let count = masked.supervoxels.count
    var (values, variances, gap) = (
      [Double](repeating: 0, count: count), [Double](repeating: 0, count: count), 0.0
    )
    for (game, estimator) in zip(games, estimators) {
      let estimate = try estimator.estimate()
      for (player, segment) in game.players.enumerated() {
        values[segment] += game.share * estimate.values[player]
        let error = game.share * estimate.standardErrors[player]
        variances[segment] += error * error
      }
      gap += game.share * estimate.completenessGap
    }
    let attributions = SegmentAttributions(
      supervoxels: masked.supervoxels, values: values, standardErrors: variances.map { $0.squareRoot() })
    return (attributions, gap)
  }
}

extension KernelSHAP.Budget {
  /// Evaluations for each game.
  ///
  /// - Throws: ``ExplanationError`` if a game gets fewer than its segments + 1.
  func evaluations(for games: [SegmentGame]) throws(ExplanationError) -> [Int] {
    let least = games.reduce(0) { $0 + $1.frames.count * ($1.players.count + 1) }
    switch self {
    case .perSegment(let each):
      let budgets = games.map { game in
        each.multipliedReportingOverflow(by: game.players.count)
      }
      // Two for each are enough: a game needs one more than its segments.
      guard each > 1, !budgets.contains(where: \.overflow) else {
        throw ExplanationError(
          "shap: a budget of \(each) evaluations for each segment cannot be spent; give at least 2")
      }
      return budgets.map(\.partialValue)
    case .framePasses(let total):
      guard total >= least else {
        throw ExplanationError(
          "shap: a budget of \(total) frame passes is too small: \(games.reduce(0) { $0 + $1.players.count }) "
            + "segments of \(games.count) games need at least \(least)")
      }
      // The least for each, and the rest by the numbers of segments.
      let weight = games.reduce(0) { $0 + $1.frames.count * $1.players.count }
      return games.map { game in
        game.players.count + 1 + Int(Double(total - least) * Double(game.players.count) / Double(weight))
      }
    }
  }
}
