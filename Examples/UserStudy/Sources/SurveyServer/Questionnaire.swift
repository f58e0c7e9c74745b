import Foundation
import SurveyModel

/// What a respondent sees at each step.
struct Questionnaire: Sendable {
  let study: Study
  let texts: [String: Texts]
  let pages: Pages
  let signer: Signer

  /// The texts of a language; of English or the first where it is gone.
  func texts(_ language: String) -> Texts { texts[language] ?? texts[Texts.preferred(nil, of: texts.keys)]! }

  func introduction(language: String, problem: Texts.Key? = nil) -> String {
    let text = texts(language)
    let most = (1...study.forms).map { study.sections(ofForm: $0).count }.max() ?? 0
    return pages.render(
      "introduction",
      [
        "language": text.language, "title": text[.title], "chooseLanguage": text[.chooseLanguage],
        "languages": texts.values.sorted { $0.language < $1.language }.map {
          ["tag": $0.language, "name": $0[.languageName], "current": $0.language == text.language]
            as [String: Any]
        },
        "paragraphs": [
          text[.introduction], text[.duration, ["sections": String(most)]], text[.privacy], text[.withdrawal],
        ],
        "problem": problem.map { text[$0] }, "form": signer.token(for: .start), "consent": text[.consent],
        "start": text[.start],
      ])
  }

  /// The page of a step; `link` is the respondent's.
  func page(_ step: Step, of respondent: Store.Respondent, link: String, problem: Texts.Key? = nil) -> String
  {
    let text = texts(respondent.language)
    let sections = respondent.schedule.sections
    var values: [String: Any?] = [
      "language": text.language, "action": "/r/\(link)/\(step.number)", "next": text[.next],
      "back": text[.back],
      "problem": problem.map { text[$0] }, "backward": "/r/\(link)/\(step.number - 1)",
      "forward": "/r/\(link)/\(step.number + 1)", "done": step.number, "steps": respondent.schedule.steps,
      "form": signer.token(for: .answer(respondent: respondent.id, step: step.number)),
    ]
    let answer = respondent.answers[step.number]
    switch step {
    case .about:
      values.merge(about(text, answer)) { $1 }
      return pages.render("about", values)
    case .choice(let place), .preference(let place):
      values["progress"] =
        text[.progress, ["section": String(place + 1), "sections": String(sections.count)]]
      let section = study.sections[sections[place].section - 1]
      if case .choice = step {
        values.merge(choice(text, section, sections[place], answer)) { $1 }
        if !respondent.isOpen(step) { values["closed"] = text[.choiceClosed] }
        return pages.render("choice", values)
      }
      values.merge(preference(text, section, sections[place], answer)) { $1 }
      // While this is looked at, the next pair comes; never what would tell which of a pair is explained.
      if place + 1 < sections.count {
        values["ahead"] = videos(text, sections[place + 1]).map { $0["media"] as? String ?? "" }
      }
      return pages.render("preference", values)
    }
  }

  private func about(_ text: Texts, _ answer: GivenAnswer?) -> [String: Any?] {
    var (screen, familiarity) = (String?.none, String?.none)
    if case .about(let given, let other) = answer { (screen, familiarity) = (given, other) }
    return [
      "title": text[.aboutTitle], "linkNotice": text[.linkNotice],
      "questions": [
        Pages.question(
          "screen", text[.screenQuestion], [("large", text[.screenLarge]), ("small", text[.screenSmall])],
          chosen: screen),
        Pages.question(
          "familiarity", text[.familiarityQuestion],
          [("yes", text[.familiarityYes]), ("heard", text[.familiarityHeard]), ("no", text[.familiarityNo])],
          chosen: familiarity),
      ],
    ]
  }

  /// The pair in the order in which the respondent sees it.
  private func videos(_ text: Texts, _ shown: Schedule.Section) -> [[String: Any]] {
    let section = study.sections[shown.section - 1]
    let names = shown.left == .fake ? [section.fake, section.real] : [section.real, section.fake]
    return names.enumerated().map { place, name in
      let video = study.video(name)
      return [
        "media": video?.media ?? "", "poster": video?.poster ?? "",
        "label": text[.video, ["number": String(place + 1)]], "width": study.width, "height": study.height,
      ]
    }
  }

  private func choice(
    _ text: Texts, _ section: Study.Section, _ shown: Schedule.Section, _ answer: GivenAnswer?
  ) -> [String: Any?] {
    var given: String?
    if case .choice(let choice) = answer { given = choice }
    let labels = ["1", "2"].map { (value: $0, label: text[.video, ["number": $0]]) }
    return [
      "title": text[.choiceTitle], "question": text[.choiceQuestion], "videos": videos(text, shown),
      "options": Pages.options("choice", labels + [("unknown", text[.choiceUnknown])]) { $0 == given },
    ]
  }

  private func preference(
    _ text: Texts, _ section: Study.Section, _ shown: Schedule.Section, _ answer: GivenAnswer?
  ) -> [String: Any?] {
    var given: [Int] = []
    if case .preference(let best) = answer { given = best }
    let animations: [[String: Any]] = shown.explainers.enumerated().map { place, explainer in
      [
        "media": section.animations[explainer] ?? "", "value": String(place + 1),
        "label": text[.animation, ["number": String(place + 1)]], "chosen": given.contains(place + 1),
      ]
    }
    return [
      "title": text[.preferenceTitle], "question": text[.preferenceQuestion], "help": text[.preferenceHelp],
      "pause": text[.pause], "play": text[.play],
      "belief": belief(text, section, number: section.subject == shown.left ? "1" : "2"),
      "animations": animations,
    ]
  }

  private func belief(_ text: Texts, _ section: Study.Section, number: String) -> String {
    let sure = section.belief == .fake ? section.probability : 1 - section.probability
    // Never 100 % of what is not certain.
    let percent = "\(min(99, max(1, Int((sure * 100).rounded()))))\u{A0}%"
    return text[section.belief == .fake ? .beliefFake : .beliefReal, ["number": number, "percent": percent]]
  }

  /// A page with a message and, for who has one, the way on.
  func message(_ title: Texts.Key, _ message: Texts.Key, language: String, link: String? = nil) -> String {
    let text = texts(language)
    return pages.render(
      "message",
      [
        "language": text.language, "title": text[title], "message": text[message], "link": link,
        "label": text[.goOn],
      ])
  }

  // MARK: The administrator's pages

  func overview(_ counts: Store.Counts, now: Date = Date()) -> String {
    pages.render(
      "overview",
      [
        "language": "en", "title": "The study", "begun": counts.begun, "finished": counts.finished,
        "sections": study.sections.count, "answers": counts.answers, "now": now.formatted(.iso8601),
        "last": counts.last?.formatted(.iso8601),
        "languages": counts.languages.sorted { $0.key < $1.key }.map {
          ["language": $0.key, "count": $0.value] as [String: Any]
        },
        "forms": (1...study.forms).map { form in
          [
            "form": form, "sections": study.sections(ofForm: form).count,
            "begun": counts.forms[form]?.begun ?? 0,
            "finished": counts.forms[form]?.finished ?? 0,
          ]
        },
        "list": study.sections.map { section in
          [
            "number": section.number, "form": section.form, "real": section.real, "fake": section.fake,
            "subject": section.subject.rawValue,
            "belief": "\(section.belief.rawValue) (\(String(format: "%.3f", section.probability)))",
          ] as [String: Any]
        },
      ])
  }

  /// A preview of a section, with what respondents are not told; nil where there is none.
  func preview(_ number: Int, language: String) -> String? {
    guard study.sections.indices.contains(number - 1) else { return nil }
    let (section, text) = (study.sections[number - 1], texts(language))
    let shown = Schedule.Section(section: number, left: .real, explainers: study.explainers)
    var values = choice(text, section, shown, nil).merging(preference(text, section, shown, nil)) { $1 }
    values["language"] = text.language
    values["title"] = "Section \(number)"
    values["question"] = text[.choiceQuestion]
    values["earlier"] = number > 1 ? number - 1 : nil
    values["later"] = number < study.sections.count ? number + 1 : nil
    values["videos"] = zip(videos(text, shown), ["real: \(section.real)", "fake: \(section.fake)"]).map {
      video, label in
      video.merging(["label": label]) { $1 }
    }
    values["animations"] = study.explainers.map { ["media": section.animations[$0] ?? "", "label": $0] }
    return pages.render("section", values)
  }
}
