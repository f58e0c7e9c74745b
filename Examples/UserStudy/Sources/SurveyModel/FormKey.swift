public import Foundation

/// What the columns and answers of another service's form mean, such as a CSV that Google Forms exports: a row for each respondent, the
/// questions as header, several chosen options in one cell.
///
/// ```json
/// {"screen": {"column": "Your screen", "answers": {"Large": "large", "Small": "small"}},
///  "familiarity": {"column": 3, "answers": {"Yes": "yes", "I have heard of them": "heard", "No": "no"}},
///  "sections": [{"number": 1, "video": "183_253", "label": "fake",
///                "choice": {"column": "1. Which is fake?", "answers": {"Video 1": "right", "Video 2": "wrong", "I do not know": "unknown"}},
///                "preferred": {"column": "1. Which explains best?", "answers": {"A": "gradcam", "B": "shap"}}}]}
/// ```
///
/// A column is its header, or its number from 1 where headers repeat.
public struct FormKey: Sendable, Decodable {
  /// A column and what its answers mean.
  public struct Question: Sendable, Decodable {
    /// Where it is.
    public enum Column: Sendable, Decodable {
      /// The header's text.
      case name(String)
      /// From 1.
      case number(Int)

      /// Reads a text or a number.
      public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
          self = .number(number)
        } else {
          self = .name(try container.decode(String.self))
        }
      }
    }

    /// Where it is.
    public var column: Column
    /// What each text of an answer means.
    public var answers: [String: String]
  }

  /// A section's two questions.
  public struct Section: Sendable, Decodable {
    /// From 1; unique over all forms of the study.
    public var number: Int
    /// As in ``Responses/Section``.
    public var video, path, label, belief: String?
    /// Q1: to `right`, `wrong`, `unknown`.
    public var choice: Question?
    /// Q2: to names of explainers.
    public var preferred: Question?
  }

  /// To `large`, `small`.
  public var screen: Question?
  /// To `yes`, `heard`, `no`.
  public var familiarity: Question?
  /// What was asked.
  public var sections: [Section]

  /// Reads a key.
  ///
  /// - Throws: ``SurveyError``: no such file, no key, meanings that are none.
  public static func read(_ path: String) throws(SurveyError) -> FormKey {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SurveyError("cannot be read", path: path)
    }
    let key: FormKey
    do {
      key = try JSONDecoder().decode(FormKey.self, from: data)
    } catch {
      throw SurveyError("is no key to a form: JSON with sections, each with choice and preferred", path: path)
    }
    func check(_ question: Question?, _ meanings: [String], _ what: String) throws(SurveyError) {
      if let other = question?.answers.values.sorted().first(where: { !meanings.contains($0) }) {
        throw SurveyError("\(what) means \(other); there is \(meanings.joined(separator: ", "))", path: path)
      }
    }
    try check(key.screen, GivenAnswer.screens, "screen")
    try check(key.familiarity, GivenAnswer.familiarities, "familiarity")
    for section in key.sections {
      try check(
        section.choice, Responses.Choice.allCases.map(\.rawValue), "choice of section \(section.number)")
      guard section.label.map({ Study.Label(rawValue: $0) != nil }) ?? true,
        section.belief.map({ Study.Label(rawValue: $0) != nil }) ?? true
      else {
        throw SurveyError(
          "section \(section.number) has a label or belief that is neither real nor fake", path: path)
      }
    }
    guard !key.sections.isEmpty, Set(key.sections.map(\.number)).count == key.sections.count else {
      throw SurveyError("has no section, or one twice", path: path)
    }
    return key
  }

  /// The responses in a form's CSV.
  ///
  /// - Parameters:
  ///   - data: the file.
  ///   - path: its name, for errors.
  ///   - form: the form's number: respondents are called `<form>.<row>`.
  /// - Throws: ``SurveyError`` with row and column of what cannot be read.
  public func responses(_ data: Data, path: String, form: Int) throws(SurveyError) -> Responses {
    let table = try CSVRows(data, path: path)
    let explainers = sections.flatMap { ($0.preferred?.answers.values).map(Array.init)?.sorted() ?? [] }
      .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    guard (2...12).contains(explainers.count) else {
      throw SurveyError("the key names \(explainers.count) explainers; 2 to 12 can be compared", path: path)
    }
    var people: [Responses.Respondent] = []
    for row in table.rows {
      var answers: [Responses.Answer] = []
      for section in sections {
        let choice = try meaning(section.choice, row, table).flatMap(Responses.Choice.init)
        let preferred = try meanings(section.preferred, row, table)
        if choice != nil || preferred != nil {
          answers.append(Responses.Answer(section: section.number, choice: choice, preferred: preferred))
        }
      }
      people.append(
        Responses.Respondent(
          id: "\(form).\(row.number)", form: form, screen: try meaning(screen, row, table),
          familiarity: try meaning(familiarity, row, table),
          isFinished: answers.count == sections.count
            && answers.allSatisfy { $0.choice != nil && $0.preferred != nil }, answers: answers))
    }
    return Responses(
      explainers: explainers,
      sections: sections.map {
        Responses.Section(
          number: $0.number, video: $0.video, path: $0.path, label: $0.label, belief: $0.belief)
      }, respondents: people)
  }

  private typealias Row = (number: Int, cells: [String])

  private func place(_ column: Question.Column, _ table: CSVRows) throws(SurveyError) -> Int {
    switch column {
    case .name(let name): return try table.places([name])[name]!
    case .number(let number):
      guard table.header.indices.contains(number - 1) else {
        throw SurveyError(
          "has \(table.header.count) columns, and the key asks for column \(number)", path: table.path)
      }
      return number - 1
    }
  }

  private func meaning(_ question: Question?, _ row: Row, _ table: CSVRows) throws(SurveyError) -> String? {
    guard let question else { return nil }
    let place = try place(question.column, table)
    let cell = row.cells[place].trimmingCharacters(in: .whitespaces)
    if cell.isEmpty { return nil }
    guard let meaning = question.answers[cell] else { throw unknown(cell, row, place, table) }
    return meaning
  }

  /// Several options in one cell. They are joined by `;` or by `, `, which options may contain too: the longest option that fits is taken.
  private func meanings(_ question: Question?, _ row: Row, _ table: CSVRows) throws(SurveyError) -> Set<
    String
  >? {
    guard let question else { return nil }
    let place = try place(question.column, table)
    let cell = row.cells[place].trimmingCharacters(in: .whitespaces)
    if cell.isEmpty { return nil }
    let options = question.answers.keys.sorted { ($1.count, $0) < ($0.count, $1) }
    func split(_ rest: Substring) -> [String]? {
      for option in options where rest.hasPrefix(option) {
        let after = rest.dropFirst(option.count)
        if after.isEmpty { return [option] }
        for separator in [";", ", "] where after.hasPrefix(separator) {
          if let others = split(after.dropFirst(separator.count)) { return [option] + others }
        }
      }
      return nil
    }
    guard let chosen = split(cell[...]) else { throw unknown(cell, row, place, table) }
    return Set(chosen.compactMap { question.answers[$0] })
  }

  private func unknown(_ cell: String, _ row: Row, _ place: Int, _ table: CSVRows) -> SurveyError {
    SurveyError(
      "row \(row.number), column \(place + 1) (\(table.header[place].prefix(60))): the key does not know “\(cell.prefix(80))”",
      path: table.path)
  }
}
