import Foundation

/// What was found, in sentences that say no more than the tests do.
struct Findings {
  let analysis: StudyAnalysis
  let alpha: Double

  init(_ analysis: StudyAnalysis) { (self.analysis, alpha) = (analysis, 1 - analysis.level) }

  var sentences: [String] {
    [people, right, votes, preferences, dependence, metrics].compactMap(\.self)
  }

  private var people: String? {
    var text = "\(Words.count(analysis.included, "person is", "people are")) in the figures"
    if analysis.included != analysis.respondents {
      text += " of \(analysis.respondents) who answered something"
    }
    return text + ", \(analysis.finished) of them to the end."
  }

  private var right: String? {
    guard let right = analysis.right else { return nil }
    return "They named the fake video in \(interval(right)) of \(right.total) answers."
  }

  private var votes: String? {
    guard let first = analysis.votes.max(by: { $0.share.count < $1.share.count }) else { return nil }
    return
      "Most votes went to \(Names.title(first.explainer)): \(first.share.count) of \(first.share.total), \(interval(first.share))."
  }

  /// Words follow the test over people, corrected.
  private var preferences: String? {
    guard !analysis.preferences.isEmpty else { return nil }
    let clear = analysis.preferences.filter { $0.people.corrected < alpha }
    guard !clear.isEmpty else {
      return
        "No explainer is preferred to another beyond chance: over people, with Holm's correction, the least p is "
        + Words.p(analysis.preferences.map(\.people.corrected).min() ?? 1) + "."
    }
    let list = clear.map { preference -> String in
      let isFirst = preference.people.wins > preference.people.losses
      let (better, worse) =
        isFirst ? (preference.first, preference.second) : (preference.second, preference.first)
      let (wins, losses) =
        isFirst
        ? (preference.people.wins, preference.people.losses)
        : (preference.people.losses, preference.people.wins)
      return
        "\(Names.title(better)) to \(Names.title(worse)) (\(wins) people against \(losses), p \(Words.p(preference.people.corrected)))"
    }
    return "Beyond chance people prefer " + list.joined(separator: "; ") + "."
  }

  private var dependence: String? {
    guard let test = analysis.dependence else { return nil }
    return test.pValue < alpha
      ? "What is preferred depends on the video (p \(Words.p(test.pValue)))."
      : "That what is preferred depends on the video cannot be told from chance (p \(Words.p(test.pValue)))."
  }

  private var metrics: String? {
    let known = analysis.metrics.filter { $0.perVideo != nil }
    guard !known.isEmpty else { return nil }
    let clear = known.filter { $0.perVideo!.lower > 0 || $0.perVideo!.upper < 0 }
    guard !clear.isEmpty else {
      return
        "No metric goes with what people prefer: of \(known.count), every interval of the rank correlation holds 0."
    }
    let list = clear.map { metric in
      "\(metric.metric) (ρ \(Words.number(metric.perVideo!.value, 2))\(metric.isLowerBetter ? ", lower is better" : ""))"
    }
    return
      "Of \(known.count) metrics \(clear.count) \(clear.count == 1 ? "goes" : "go") with or against what people prefer, "
      + "by intervals that are not corrected for their number: \(list.joined(separator: ", "))."
  }

  private func interval(_ share: Share) -> String {
    "\(Words.percent(share.value)) (\(Words.number(100 * analysis.level, 0))\u{A0}% interval \(Words.number(100 * share.lower, 0)) to \(Words.percent(share.upper)))"
  }
}

/// Explainers as people write them.
enum Names {
  static func title(_ name: String) -> String {
    ["gradcam": "GradCAM", "shap": "SHAP", "ltpa": "LTPA", "attention": "Bonettini's attention"][name] ?? name
  }
}
