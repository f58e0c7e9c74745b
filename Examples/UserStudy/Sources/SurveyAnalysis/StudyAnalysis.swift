import Evaluation
public import SurveyModel

/// What a study's answers say: shares, preferences, and how far chance could have made them.
public struct StudyAnalysis: Sendable, Equatable, Encodable {
  /// How it is done.
  public struct Options: Sendable {
    /// Who is left out, rule after rule.
    public var exclusions: [Exclusion]
    /// Of intervals.
    public var level: Double
    /// Arrangements that permutation tests draw.
    public var permutations: Int
    /// Of what is drawn.
    public var seed: UInt64

    /// Everybody who answered something, 95 %, 100,000 arrangements.
    public init(
      exclusions: [Exclusion] = [], level: Double = 0.95, permutations: Int = 100_000, seed: UInt64 = 0
    ) {
      precondition(
        level > 0 && level < 1 && permutations > 0,
        "StudyAnalysis: level \(level), \(permutations) permutations")
      (self.exclusions, self.level) = (exclusions, level)
      (self.permutations, self.seed) = (permutations, seed)
    }
  }

  /// A rule and whom it left out.
  public struct Excluded: Sendable, Equatable, Encodable {
    /// The rule in words.
    public let rule: String
    /// How many it left out that no rule before did.
    public let count: Int
  }

  /// An explainer's votes.
  public struct Votes: Sendable, Equatable, Encodable {
    /// Its name.
    public let explainer: String
    /// How many votes it has, of all votes.
    public let share: Share
    /// In how many of the answers to Q2 it was chosen.
    public let chosen: Share
  }

  /// What was answered in a section. People answer it once each, so intervals are over answers.
  public struct SectionResult: Sendable, Equatable, Encodable {
    /// The section.
    public let number: Int
    /// The video that is explained, its label and what the detector believes, where that is known.
    public let video, label, belief: String?
    /// Right answers to Q1.
    public let right: Share?
    /// Votes by explainer.
    public let votes: [Int]
    /// Answers to Q2.
    public let answers: Int
  }

  /// People who said the same of themselves.
  public struct Group: Sendable, Equatable, Encodable {
    /// What they said.
    public let name: String
    /// How many they are.
    public let people: Int
    /// Right answers to Q1.
    public let right: Share?
    /// Each explainer's share of their votes.
    public let votes: [Share?]
  }

  /// People divided by what they said of themselves.
  public struct Division: Sendable, Equatable, Encodable {
    /// `screen` or `familiarity`.
    public let by: String
    /// The groups; those who said nothing are left out.
    public let groups: [Group]
    /// Kruskal & Wallis' H over people's shares of right answers, and its p.
    public let kruskalWallis: Statistic?
    /// The same question by rearranging people over groups.
    public let right: PermutationTest?
    /// Whether people's shares of votes differ between groups.
    public let votes: PermutationTest?
  }

  /// A statistic and its p.
  public struct Statistic: Sendable, Equatable, Encodable {
    /// The statistic.
    public let value: Double
    /// Its p.
    public let pValue: Double
  }

  /// The explainers, in the order of all lists.
  public let explainers: [String]
  /// Of intervals.
  public let level: Double
  /// Who began and answered something.
  public let respondents: Int
  /// Who began and answered nothing; they are in no figure.
  public let silent: Int
  /// Who was left out.
  public let excluded: [Excluded]
  /// Who is in the figures.
  public let included: Int
  /// Of these, who reached the end.
  public let finished: Int
  /// How many began each form, of those in the figures.
  public let forms: [Int]
  /// Right answers, of all to Q1: who does not know is not right.
  public let right: Share?
  /// Right answers, of those that name a video.
  public let rightOfDecided: Share?
  /// "I do not know", of all to Q1.
  public let unknown: Share?
  /// By explainer.
  public let votes: [Votes]
  /// All votes of all answers to Q2.
  public let votesPerAnswer: Double?
  /// By pair of explainers.
  public let preferences: [Preference]
  /// By section.
  public let sections: [SectionResult]
  /// Whether what is preferred depends on the video.
  public let dependence: PermutationTest?
  /// By screen and familiarity.
  public let divisions: [Division]
  /// Votes by the place at which an explanation was shown, from the first, of all votes whose places are known.
  public let places: [Share]
  /// Metrics beside people; empty where there are none.
  public internal(set) var metrics: [MetricAgreement] = []

  /// The analysis of responses.
  public init(_ responses: Responses, options: Options = .init()) {
    let level = options.level
    let active = responses.respondents.filter { !$0.answers.isEmpty }
    var (people, excluded) = (active, [Excluded]())
    for rule in options.exclusions {
      let left = people.filter { !rule.excludes($0) }
      excluded.append(Excluded(rule: rule.description, count: people.count - left.count))
      people = left
    }
    let tally = Tally(responses, people: people, level: level)
    explainers = responses.explainers
    self.level = level
    (respondents, silent) = (active.count, responses.respondents.count - active.count)
    (self.excluded, included) = (excluded, people.count)
    finished = people.count(where: \.isFinished)
    forms = (1...max(1, people.map(\.form).max() ?? 1)).map { form in people.count { $0.form == form } }
    right = tally.choices(people) { $0 == .right }
    rightOfDecided = Share(
      people.map { person in
        let choices = person.answers.compactMap(\.choice).filter { $0 != .unknown }
        return (choices.count { $0 == .right }, choices.count)
      }, level: level)
    unknown = tally.choices(people) { $0 == .unknown }
    votes = responses.explainers.indices.compactMap { e in
      guard let share = tally.votes(people, e), let chosen = tally.chosen(people, e) else { return nil }
      return Votes(explainer: responses.explainers[e], share: share, chosen: chosen)
    }
    votesPerAnswer = votes.first.map { Double($0.share.total) / Double($0.chosen.total) }
    preferences = tally.preferences(options)
    sections = tally.sections()
    dependence = tally.dependence.test(draws: options.permutations, seed: options.seed)
    divisions = [
      tally.division("screen", GivenAnswer.screens, options) { $0.screen },
      tally.division("familiarity", GivenAnswer.familiarities, options) { $0.familiarity },
    ].compactMap(\.self)
    places = tally.places()
  }
}
