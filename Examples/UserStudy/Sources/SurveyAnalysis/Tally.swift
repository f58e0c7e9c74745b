import Evaluation
import SurveyModel

/// Counts what people answered.
struct Tally {
  let responses: Responses
  let people: [Responses.Respondent]
  let level: Double
  /// The place of each section's number.
  private let rows: [Int: Int]

  init(_ responses: Responses, people: [Responses.Respondent], level: Double) {
    (self.responses, self.people, self.level) = (responses, people, level)
    rows = Dictionary(responses.sections.enumerated().map { ($1.number, $0) }) { first, _ in first }
  }

  private var explainers: [String] { responses.explainers }

  func choices(_ people: [Responses.Respondent], _ counts: (Responses.Choice) -> Bool) -> Share? {
    Share(
      people.map { person in
        let choices = person.answers.compactMap(\.choice)
        return (choices.count(where: counts), choices.count)
      }, level: level)
  }

  /// An explainer's votes of all votes.
  func votes(_ people: [Responses.Respondent], _ explainer: Int) -> Share? {
    share(people, explainer) { $0.count }
  }

  /// How often an explainer was chosen, of all answers.
  func chosen(_ people: [Responses.Respondent], _ explainer: Int) -> Share? {
    share(people, explainer) { _ in 1 }
  }

  /// How often an explainer was chosen, of what `weight` makes of each answer.
  private func share(
    _ people: [Responses.Respondent], _ explainer: Int, _ weight: (Set<String>) -> Int
  ) -> Share? {
    let name = explainers[explainer]
    return Share(
      people.map { person in
        let chosen = person.answers.compactMap(\.preferred)
        return (chosen.count { $0.contains(name) }, chosen.reduce(0) { $0 + weight($1) })
      }, level: level)
  }

  func preferences(_ options: StudyAnalysis.Options) -> [Preference] {
    var preferences: [Preference] = []
    for i in explainers.indices {
      for j in explainers.indices where j > i {
        let (a, b) = (explainers[i], explainers[j])
        let nets = people.compactMap { person -> (wins: Int, losses: Int, ties: Int)? in
          let chosen = person.answers.compactMap(\.preferred)
          guard !chosen.isEmpty else { return nil }
          let wins = chosen.count { $0.contains(a) && !$0.contains(b) }
          let losses = chosen.count { $0.contains(b) && !$0.contains(a) }
          return (wins, losses, chosen.count - wins - losses)
        }
        let flip = PairedTest(
          nets.map { Double($0.wins - $0.losses) }, draws: options.permutations, seed: options.seed)
        preferences.append(
          Preference(
            first: a, second: b,
            answers: SignTest(
              wins: nets.reduce(0) { $0 + $1.wins }, losses: nets.reduce(0) { $0 + $1.losses },
              ties: nets.reduce(0) { $0 + $1.ties }),
            people: SignTest(
              wins: nets.count { $0.wins > $0.losses }, losses: nets.count { $0.wins < $0.losses },
              ties: nets.count { $0.wins == $0.losses }), signFlip: flip?.pValue ?? 1))
      }
    }
    let (answers, persons) = (
      PairedTest.holm(preferences.map(\.answers.pValue)), PairedTest.holm(preferences.map(\.people.pValue))
    )
    for i in preferences.indices {
      preferences[i].answers.corrected = answers[i]
      preferences[i].people.corrected = persons[i]
    }
    return preferences
  }

  func sections() -> [StudyAnalysis.SectionResult] {
    responses.sections.map { section in
      let answers = people.flatMap { $0.answers.filter { $0.section == section.number } }
      let (choices, chosen) = (answers.compactMap(\.choice), answers.compactMap(\.preferred))
      return StudyAnalysis.SectionResult(
        number: section.number, video: section.video, label: section.label, belief: section.belief,
        right: Share(count: choices.count { $0 == .right }, of: choices.count, level: level),
        votes: explainers.map { name in chosen.count { $0.contains(name) } }, answers: chosen.count)
    }
  }

  var dependence: Dependence {
    Dependence(
      people.map { person in
        let given = person.answers.compactMap { answer in
          answer.preferred.flatMap { preferred in rows[answer.section].map { ($0, preferred) } }
        }
        return Dependence.Person(
          sections: given.map(\.0),
          choices: given.map { _, preferred in
            explainers.indices.reduce(UInt32(0)) {
              $0 | (preferred.contains(explainers[$1]) ? 1 << UInt32($1) : 0)
            }
          })
      }, sections: responses.sections.count, explainers: explainers.count)
  }

  func division(
    _ by: String, _ names: [String], _ options: StudyAnalysis.Options, _ of: (Responses.Respondent) -> String?
  ) -> StudyAnalysis.Division? {
    let divided = names.map { name in people.filter { of($0) == name } }
    guard divided.contains(where: { !$0.isEmpty }) else { return nil }
    let groups = zip(names, divided).map { name, people in
      StudyAnalysis.Group(
        name: name, people: people.count, right: choices(people) { $0 == .right },
        votes: explainers.indices.map { votes(people, $0) })
    }
    var (shares, shareGroups) = ([[Double]](), [Int]())
    var (tastes, tasteGroups) = ([[Double]](), [Int]())
    for (group, people) in divided.enumerated() {
      for person in people {
        let choices = person.answers.compactMap(\.choice)
        if !choices.isEmpty {
          shares.append([Double(choices.count { $0 == .right }) / Double(choices.count)])
          shareGroups.append(group)
        }
        let votes = explainers.map { name in
          Double(person.answers.count { $0.preferred?.contains(name) == true })
        }
        let all = votes.reduce(0, +)
        if all > 0 {
          tastes.append(votes.map { $0 / all })
          tasteGroups.append(group)
        }
      }
    }
    let kruskal = Ranks.kruskalWallis(shares.map { $0[0] }, groups: shareGroups)
    return StudyAnalysis.Division(
      by: by, groups: groups,
      kruskalWallis: kruskal.map { StudyAnalysis.Statistic(value: $0.statistic, pValue: $0.pValue) },
      right: GroupDifference(values: shares, groups: shareGroups).test(
        draws: options.permutations, seed: options.seed),
      votes: GroupDifference(values: tastes, groups: tasteGroups).test(
        draws: options.permutations, seed: options.seed))
  }

  /// Votes by place; empty where places are not known.
  func places() -> [Share] {
    let width = people.flatMap { $0.answers.compactMap { $0.shown?.count } }.max() ?? 0
    return (0..<width).compactMap { place in
      Share(
        people.map { person in
          let voted = person.answers.compactMap { answer -> [Int]? in
            guard let shown = answer.shown, let preferred = answer.preferred else { return nil }
            return preferred.compactMap { shown.firstIndex(of: $0) }
          }
          return (voted.count { $0.contains(place) }, voted.reduce(0) { $0 + $1.count })
        }, level: level)
    }
  }
}
