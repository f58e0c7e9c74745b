/// What one respondent is shown, in which order and on which side: drawn once, and recorded with the answers.
public struct Schedule: Sendable, Equatable, Codable {
  /// The sections in the order in which they are shown.
  public var sections: [Section]

  /// A section as one respondent sees it.
  public struct Section: Sendable, Equatable, Codable {
    /// The section's number.
    public var section: Int
    /// Which video is video 1, at the left or on top.
    public var left: Study.Label
    /// The explainers of animations 1, 2, ….
    public var explainers: [String]

    /// A section from its parts.
    public init(section: Int, left: Study.Label, explainers: [String]) {
      (self.section, self.left, self.explainers) = (section, left, explainers)
    }

    /// The answer to Q1 that names the fake: `1` or `2`.
    public var fake: String { left == .fake ? "1" : "2" }
  }

  /// A schedule from its sections.
  public init(sections: [Section]) { self.sections = sections }

  /// The schedule of respondent number `respondent`, decided by this and the study's seed.
  public init(_ study: Study, form: Int, respondent: Int) {
    var generator = SeededGenerator(seed: study.seed, stream: UInt64(truncatingIfNeeded: respondent))
    sections = study.sections(ofForm: form).shuffled(using: &generator).map { number in
      Section(
        section: number, left: Bool.random(using: &generator) ? .fake : .real,
        explainers: study.explainers.shuffled(using: &generator))
    }
  }

  /// Steps with a question: 0, who answers, then Q1 and Q2 of each section.
  public var steps: Int { 1 + 2 * sections.count }
}
