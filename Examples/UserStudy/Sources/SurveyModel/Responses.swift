/// What people answered, however it was collected: by our server, in a CSV file, or by another service's form.
public struct Responses: Sendable, Equatable {
  /// What the questionnaire compares, by the tool's names (`gradcam`, `shap`, …), in the study's order.
  public var explainers: [String]
  /// What was asked, by number.
  public var sections: [Section]
  /// Who answered, in the order in which they began.
  public var respondents: [Respondent]

  /// Responses from their parts.
  public init(explainers: [String], sections: [Section], respondents: [Respondent]) {
    (self.explainers, self.sections, self.respondents) = (explainers, sections, respondents)
  }

  /// Two questions: which video is fake (Q1), and which animation explains best (Q2).
  public struct Section: Sendable, Equatable {
    /// From 1.
    public var number: Int
    /// The name of the video whose explanations Q2 shows; nil where nobody says.
    public var video: String?
    /// Where that video was when the study was made; nil where nobody says.
    public var path: String?
    /// Whether that video is `real` or `fake`; nil where nobody says.
    public var label: String?
    /// What the detector believes of it, `real` or `fake`; nil where nobody says.
    public var belief: String?

    /// A section from its parts.
    public init(
      number: Int, video: String? = nil, path: String? = nil, label: String? = nil, belief: String? = nil
    ) {
      (self.number, self.video, self.path) = (number, video, path)
      (self.label, self.belief) = (label, belief)
    }
  }

  /// A person's answer to Q1.
  public enum Choice: String, Sendable, Equatable, CaseIterable {
    /// The fake was named.
    case right
    /// The real one was named.
    case wrong
    /// "I do not know".
    case unknown
  }

  /// What one person answered in one section.
  public struct Answer: Sendable, Equatable {
    /// The section's number.
    public var section: Int
    /// Q1; nil where it was not answered.
    public var choice: Choice?
    /// Q2: the explainers that were chosen, one or more; nil where it was not answered.
    public var preferred: Set<String>?
    /// The explainers in the order in which they were shown; nil where nobody says.
    public var shown: [String]?
    /// Seconds from when each question was first shown to its (last) answer; nil where nobody says.
    public var seconds: (choice: Double?, preferred: Double?)

    /// An answer from its parts.
    public init(
      section: Int, choice: Choice? = nil, preferred: Set<String>? = nil, shown: [String]? = nil,
      seconds: (choice: Double?, preferred: Double?) = (nil, nil)
    ) {
      (self.section, self.choice, self.preferred) = (section, choice, preferred)
      (self.shown, self.seconds) = (shown, seconds)
    }

    /// Whether all parts are equal.
    public static func == (a: Answer, b: Answer) -> Bool {
      a.section == b.section && a.choice == b.choice && a.preferred == b.preferred && a.shown == b.shown
        && a.seconds == b.seconds
    }
  }

  /// A person.
  public struct Respondent: Sendable, Equatable {
    /// A number, or what else tells them apart; says nothing of who they are.
    public var id: String
    /// The form that they were given, from 1.
    public var form: Int
    /// `large` or `small`; nil where it was not answered.
    public var screen: String?
    /// How well they know deepfakes: `yes`, `heard` or `no`; nil where it was not answered.
    public var familiarity: String?
    /// Whether they reached the end.
    public var isFinished: Bool
    /// What they answered, in the order in which they were asked.
    public var answers: [Answer]

    /// A respondent from the parts.
    public init(
      id: String, form: Int = 1, screen: String? = nil, familiarity: String? = nil, isFinished: Bool = true,
      answers: [Answer]
    ) {
      (self.id, self.form, self.screen, self.familiarity) = (id, form, screen, familiarity)
      (self.isFinished, self.answers) = (isFinished, answers)
    }
  }

  /// These responses and those to another form of the same study.
  ///
  /// - Throws: ``SurveyError``: a section or a respondent that both have, or other explainers.
  public func joined(with other: Responses, path: String) throws(SurveyError) -> Responses {
    guard Set(explainers) == Set(other.explainers) else {
      throw SurveyError("compares other explainers than the input before it", path: path)
    }
    for section in other.sections
    where sections.contains(where: { $0.number == section.number && $0 != section }) {
      throw SurveyError(
        "says something else of section \(section.number) than the input before it", path: path)
    }
    let known = Set(respondents.map(\.id))
    if let twice = other.respondents.first(where: { known.contains($0.id) }) {
      throw SurveyError("has the respondent \(twice.id), whom an input before it has too", path: path)
    }
    let added = other.sections.filter { section in !sections.contains { $0.number == section.number } }
    return Responses(
      explainers: explainers, sections: (sections + added).sorted { $0.number < $1.number },
      respondents: respondents + other.respondents)
  }
}
