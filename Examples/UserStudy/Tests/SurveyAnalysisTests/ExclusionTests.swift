import SurveyModel
import Testing

@testable import SurveyAnalysis

/// Whom each rule leaves out.
struct ExclusionTests {
  private func person(_ answers: [Responses.Answer], isFinished: Bool = true) -> Responses.Respondent {
    Responses.Respondent(id: "1", isFinished: isFinished, answers: answers)
  }

  @Test("rules are read as they are written, and what is none is not")
  func reading() {
    #expect(Exclusion("unfinished") == .unfinished && Exclusion("all-unknown") == .allUnknown)
    #expect(Exclusion("same-place") == .samePlace && Exclusion("fewer-than=3") == .fewerThan(3))
    #expect(Exclusion("faster-than=2.5") == .fasterThan(2.5))
    for text in [
      "", "slow", "fewer-than", "fewer-than=0", "fewer-than=x", "faster-than=-1", "faster-than=inf",
      "unfinished=1", "Unfinished",
    ] {
      #expect(Exclusion(text) == nil, "\(text)")
    }
  }

  @Test("who did not reach the end, or answered too few")
  func unfinished() {
    #expect(
      Exclusion.unfinished.excludes(person([], isFinished: false))
        && !Exclusion.unfinished.excludes(person([])))
    let three = person([answer(1, "shap"), answer(2, "shap"), answer(3, "shap")])
    #expect(Exclusion.fewerThan(4).excludes(three) && !Exclusion.fewerThan(3).excludes(three))
  }

  @Test("who was faster in the median of all questions whose times are known")
  func fast() {
    func times(_ pairs: [(Double?, Double?)]) -> Responses.Respondent {
      person(
        pairs.enumerated().map { Responses.Answer(section: $0 + 1, choice: .right, seconds: ($1.0, $1.1)) })
    }
    let median3 = times([(1, 2), (4, nil), (100, nil)])
    #expect(Exclusion.fasterThan(3.1).excludes(median3) && !Exclusion.fasterThan(3).excludes(median3))
    #expect(!Exclusion.fasterThan(1000).excludes(times([(nil, nil)])))
  }

  @Test("who never named a video, though asked")
  func allUnknown() {
    func choices(_ choices: [Responses.Choice?]) -> Responses.Respondent {
      person(choices.enumerated().map { Responses.Answer(section: $0 + 1, choice: $1) })
    }
    #expect(Exclusion.allUnknown.excludes(choices([.unknown, nil, .unknown])))
    #expect(
      !Exclusion.allUnknown.excludes(choices([.unknown, .wrong]))
        && !Exclusion.allUnknown.excludes(choices([nil])))
  }

  @Test("who always chose the same places, where these are known and three or more")
  func samePlace() {
    let orders = [["gradcam", "shap"], ["shap", "gradcam"], ["gradcam", "shap"], ["shap", "gradcam"]]
    let first = person(orders.enumerated().map { answer($0 + 1, $1[0], shown: $1) })
    let taste = person(orders.enumerated().map { answer($0 + 1, "shap", shown: $1) })
    #expect(Exclusion.samePlace.excludes(first) && !Exclusion.samePlace.excludes(taste))
    #expect(!Exclusion.samePlace.excludes(person(Array(first.answers.prefix(2)))))
    #expect(!Exclusion.samePlace.excludes(person((1...5).map { answer($0, "shap") })))
  }
}
