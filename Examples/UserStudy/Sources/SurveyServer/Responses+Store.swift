import SurveyModel

extension Responses {
  /// What respondents answered, with what each answer means by the study's key and the respondent's schedule.
  init(_ study: Study, respondents: [(respondent: Store.Respondent, seconds: [Int: Double])]) {
    self.init(
      explainers: study.explainers,
      sections: study.sections.map { section in
        Section(
          number: section.number, video: section.explained, path: study.video(section.explained)?.path,
          label: section.subject.rawValue, belief: section.belief.rawValue)
      },
      respondents: respondents.map { respondent, seconds in
        var person = Respondent(
          id: String(respondent.id), form: respondent.form, isFinished: respondent.isFinished, answers: [])
        if case .about(let screen, let familiarity) = respondent.answers[0] {
          (person.screen, person.familiarity) = (screen, familiarity)
        }
        for (place, shown) in respondent.schedule.sections.enumerated() {
          let steps = (Step.choice(place).number, Step.preference(place).number)
          var answer = Answer(
            section: shown.section, shown: shown.explainers,
            seconds: (Self.milliseconds(seconds[steps.0]), Self.milliseconds(seconds[steps.1])))
          if case .choice(let choice) = respondent.answers[steps.0] {
            answer.choice = choice == "unknown" ? .unknown : choice == shown.fake ? .right : .wrong
          }
          if case .preference(let best) = respondent.answers[steps.1] {
            answer.preferred = Set(best.map { shown.explainers[$0 - 1] })
          }
          if answer.choice != nil || answer.preferred != nil { person.answers.append(answer) }
        }
        return person
      })
  }

  /// Times are kept to the millisecond; their differences have no more digits. Nil where the clock was put back meanwhile.
  private static func milliseconds(_ seconds: Double?) -> Double? {
    seconds.flatMap { $0 >= 0 ? ($0 * 1000).rounded() / 1000 : nil }
  }
}
