public import Foundation

/// Responses as a CSV table: a row for each respondent and section that they answered.
///
/// Columns: `respondent,form,screen,familiarity,finished,section,video,path,label,belief,choice,preferred,shown,choiceSeconds,`
/// `preferredSeconds`. `choice` is `right`, `wrong` or `unknown`; `preferred` and `shown` are explainers joined by `;`; what is not
/// known is empty. Who answered nothing has a row without a section. What is written is read back as it was.
public enum ResponsesTable {
  static let columns = [
    "respondent", "form", "screen", "familiarity", "finished", "section", "video", "path", "label", "belief",
    "choice",
    "preferred", "shown", "choiceSeconds", "preferredSeconds",
  ]

  /// The table of responses.
  public static func csv(_ responses: Responses) -> String {
    var lines = [columns.joined(separator: ",")]
    let sections = Dictionary(responses.sections.map { ($0.number, $0) }) { first, _ in first }
    func add(_ person: Responses.Respondent, _ cells: [String]) {
      let head = [
        person.id, String(person.form), person.screen ?? "", person.familiarity ?? "",
        person.isFinished ? "yes" : "no",
      ]
      lines.append((head + cells).map(CSVRows.quoted).joined(separator: ","))
    }
    for person in responses.respondents {
      if person.answers.isEmpty { add(person, [String](repeating: "", count: 10)) }
      for answer in person.answers {
        let section = sections[answer.section]
        let preferred = answer.preferred.map { chosen in responses.explainers.filter(chosen.contains) }
        add(
          person,
          [
            String(answer.section), section?.video ?? "", section?.path ?? "", section?.label ?? "",
            section?.belief ?? "", answer.choice?.rawValue ?? "", preferred?.joined(separator: ";") ?? "",
            answer.shown?.joined(separator: ";") ?? "", answer.seconds.choice.map { String($0) } ?? "",
            answer.seconds.preferred.map { String($0) } ?? "",
          ])
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads such a table.
  ///
  /// The explainers are those that it names: the study's four in their order, then others by name. Sections that nobody answered
  /// are not in it.
  ///
  /// - Throws: ``SurveyError`` with the row: a column that is missing, a value that is none, a section twice for one respondent, rows that
  ///   contradict each other.
  public static func read(_ data: Data, path: String) throws(SurveyError) -> Responses {
    let table = try CSVRows(data, path: path)
    guard table.header.contains("respondent") else {
      throw SurveyError(
        "has no column respondent; what another service's form exports needs its key (--key)", path: path)
    }
    let places = try table.places(columns)
    var responses = Responses(explainers: [], sections: [], respondents: [])
    var people: [String: Int] = [:]
    for row in table.rows {
      let row = Row(cells: row.cells, number: row.number, places: places, path: path)
      let person = try row.respondent()
      if let place = people[person.id] {
        var known = responses.respondents[place]
        known.answers = []
        guard known == person else {
          throw row.error("says something else of respondent \(person.id) than a row before")
        }
      } else {
        people[person.id] = responses.respondents.count
        responses.respondents.append(person)
      }
      guard let (section, answer) = try row.answer() else { continue }
      let place = people[person.id]!
      guard !responses.respondents[place].answers.contains(where: { $0.section == answer.section }) else {
        throw row.error("has section \(answer.section) of respondent \(person.id) again")
      }
      if let known = responses.sections.first(where: { $0.number == section.number }) {
        guard known == section else {
          throw row.error("says something else of section \(section.number) than a row before")
        }
      } else {
        responses.sections.append(section)
      }
      for name in (answer.shown ?? []).sorted() + (answer.preferred ?? []).sorted()
      where !responses.explainers.contains(name) {
        responses.explainers.append(name)
      }
      responses.respondents[place].answers.append(answer)
    }
    responses.sections.sort { $0.number < $1.number }
    let known = ["gradcam", "shap", "ltpa", "attention"]
    responses.explainers.sort {
      (known.firstIndex(of: $0) ?? known.count, $0) < (known.firstIndex(of: $1) ?? known.count, $1)
    }
    guard responses.explainers.count >= 2, responses.explainers.count <= 12 else {
      throw SurveyError("names \(responses.explainers.count) explainers; 2 to 12 can be compared", path: path)
    }
    return responses
  }

  private struct Row {
    let cells: [String]
    let number: Int
    let places: [String: Int]
    let path: String

    subscript(column: String) -> String? {
      let cell = cells[places[column]!]
      return cell.isEmpty ? nil : cell
    }

    func error(_ message: String) -> SurveyError { SurveyError("row \(number) \(message)", path: path) }

    private func one(_ column: String, of values: [String]) throws(SurveyError) -> String? {
      guard let value = self[column] else { return nil }
      guard values.contains(value) else {
        throw error("has the \(column) \(value.prefix(40)); there is \(values.joined(separator: ", "))")
      }
      return value
    }

    private func whole(_ column: String) throws(SurveyError) -> Int? {
      guard let value = self[column] else { return nil }
      guard let number = Int(value), (1...100_000).contains(number) else {
        throw error("has the \(column) \(value.prefix(40)), which is no number from 1")
      }
      return number
    }

    private func seconds(_ column: String) throws(SurveyError) -> Double? {
      guard let value = self[column] else { return nil }
      guard let number = Double(value), number.isFinite, number >= 0 else {
        throw error("has the \(column) \(value.prefix(40)), which is no time")
      }
      return number
    }

    private func names(_ column: String) throws(SurveyError) -> [String]? {
      guard let value = self[column] else { return nil }
      let names = value.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
      guard Set(names).count == names.count, !names.contains("") else {
        throw error("has a name empty or twice in \(column)")
      }
      return names
    }

    func respondent() throws(SurveyError) -> Responses.Respondent {
      guard let id = self["respondent"] else { throw error("has no respondent") }
      return Responses.Respondent(
        id: id, form: try whole("form") ?? 1, screen: try one("screen", of: GivenAnswer.screens),
        familiarity: try one("familiarity", of: GivenAnswer.familiarities),
        isFinished: try one("finished", of: ["yes", "no"]) != "no", answers: [])
    }

    func answer() throws(SurveyError) -> (Responses.Section, Responses.Answer)? {
      guard let section = try whole("section") else { return nil }
      let choice = try one("choice", of: Responses.Choice.allCases.map(\.rawValue))
      let answer = Responses.Answer(
        section: section, choice: choice.flatMap(Responses.Choice.init),
        preferred: try names("preferred").map { Set($0) },
        shown: try names("shown"), seconds: (try seconds("choiceSeconds"), try seconds("preferredSeconds")))
      if let shown = answer.shown, let preferred = answer.preferred, !preferred.isSubset(of: shown) {
        throw error("prefers what was not shown")
      }
      return (
        Responses.Section(
          number: section, video: self["video"], path: self["path"],
          label: try one("label", of: ["real", "fake"]),
          belief: try one("belief", of: ["real", "fake"])), answer
      )
    }
  }
}
