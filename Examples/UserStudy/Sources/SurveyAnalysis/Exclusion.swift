import SurveyModel

/// A rule by which respondents are left out, before anything is counted.
public enum Exclusion: Sendable, Equatable, CustomStringConvertible {
  /// Who did not reach the end.
  case unfinished
  /// Who answered Q1 or Q2 in fewer sections.
  case fewerThan(Int)
  /// Whose median time for a question is less, in seconds; where no times are known nobody is.
  case fasterThan(Double)
  /// Who never named a video in Q1.
  case allUnknown
  /// Who chose the same places, and only these, in Q2 of every section, of three or more; where places are not known nobody is.
  case samePlace

  /// A rule as it is written on the command line: `unfinished`, `fewer-than=N`, `faster-than=SECONDS`, `all-unknown`, `same-place`.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    switch (parts.first, parts.count) {
    case ("unfinished", 1): self = .unfinished
    case ("all-unknown", 1): self = .allUnknown
    case ("same-place", 1): self = .samePlace
    case ("fewer-than", 2):
      guard let number = Int(parts[1]), number > 0 else { return nil }
      self = .fewerThan(number)
    case ("faster-than", 2):
      guard let seconds = Double(parts[1]), seconds > 0, seconds.isFinite else { return nil }
      self = .fasterThan(seconds)
    default: return nil
    }
  }

  /// What it leaves out, in words.
  public var description: String {
    switch self {
    case .unfinished: "did not reach the end"
    case .fewerThan(let number): "answered fewer than \(number) sections"
    case .fasterThan(let seconds): "took less than \(seconds) s for a question, in the median"
    case .allUnknown: "never named a video"
    case .samePlace: "always chose the same places"
    }
  }

  /// Whether it leaves someone out.
  func excludes(_ person: Responses.Respondent) -> Bool {
    switch self {
    case .unfinished: return !person.isFinished
    case .fewerThan(let number): return person.answers.count < number
    case .fasterThan(let seconds):
      let times = person.answers.flatMap { [$0.seconds.choice, $0.seconds.preferred].compactMap(\.self) }
        .sorted()
      guard !times.isEmpty else { return false }
      return (times[(times.count - 1) / 2] + times[times.count / 2]) / 2 < seconds
    case .allUnknown:
      let choices = person.answers.compactMap(\.choice)
      return !choices.isEmpty && choices.allSatisfy { $0 == .unknown }
    case .samePlace:
      let places = person.answers.compactMap { answer -> Set<Int>? in
        guard let shown = answer.shown, let preferred = answer.preferred else { return nil }
        return Set(preferred.compactMap { shown.firstIndex(of: $0) })
      }
      return places.count >= 3 && Set(places).count == 1
    }
  }
}
