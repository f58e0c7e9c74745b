import Evaluation
import SurveyModel
import Testing

@testable import SurveyAnalysis

/// What has to hold whatever people answered.
struct PropertyTests {
  private let options = StudyAnalysis.Options(permutations: 200)

  @Test(
    "other names and another order of explainers give the same numbers, in that order",
    arguments: 0..<8 as Range<UInt64>)
  func relabelling(seed: UInt64) {
    let before = simulated(seed)
    // Reversed, so that each pair is turned round too.
    let names = ["gradcam": "z", "shap": "y", "ltpa": "x"]
    var after = before
    after.explainers = before.explainers.reversed().map { names[$0]! }
    for i in after.respondents.indices {
      for j in after.respondents[i].answers.indices {
        let answer = before.respondents[i].answers[j]
        after.respondents[i].answers[j].preferred = answer.preferred.map { Set($0.map { names[$0]! }) }
        after.respondents[i].answers[j].shown = answer.shown.map { $0.map { names[$0]! } }
      }
    }
    let (a, b) = (StudyAnalysis(before, options: options), StudyAnalysis(after, options: options))
    #expect(a.votes.map(\.share) == b.votes.reversed().map(\.share))
    #expect(a.right == b.right && a.places == b.places)
    #expect(a.sections.map(\.votes) == b.sections.map { $0.votes.reversed() })
    #expect(a.dependence?.pValue == b.dependence?.pValue)
    for pair in a.preferences {
      let turned = b.preferences.first { $0.first == names[pair.second] && $0.second == names[pair.first] }
      #expect(turned?.people.wins == pair.people.losses && turned?.answers.losses == pair.answers.wins)
      #expect(
        turned?.people.pValue == pair.people.pValue && turned?.answers.corrected == pair.answers.corrected)
      #expect(turned?.signFlip == pair.signFlip)
    }
  }

  @Test("the order of respondents changes no share, interval or exact p", arguments: 0..<8 as Range<UInt64>)
  func orderOfRespondents(seed: UInt64) throws {
    let before = simulated(seed)
    var after = before
    after.respondents.reverse()
    let (a, b) = (StudyAnalysis(before, options: options), StudyAnalysis(after, options: options))
    for (x, y) in zip(
      a.votes.map(\.share) + a.votes.map(\.chosen), b.votes.map(\.share) + b.votes.map(\.chosen))
    {
      #expect(x.value == y.value && abs(x.lower - y.lower) < 1e-14 && abs(x.upper - y.upper) < 1e-14)
    }
    #expect(a.preferences == b.preferences && a.sections == b.sections && a.finished == b.finished)
    for (x, y) in zip(a.divisions, b.divisions) {
      #expect(abs((x.kruskalWallis?.pValue ?? 0) - (y.kruskalWallis?.pValue ?? 0)) < 1e-14)
    }
  }

  @Test("two explainers turned round have the same p")
  func turnedRound() {
    for (wins, losses) in [(0, 0), (5, 5), (3, 12), (200, 137)] {
      let (a, b) = (SignTest(wins: wins, losses: losses), SignTest(wins: losses, losses: wins, ties: 9))
      #expect(a.pValue == b.pValue && a.pValue <= 1)
    }
  }

  @Test("people who chose both or neither of a pair change nothing but its ties")
  func ties() {
    let taste = [
      [answer(1, "shap"), answer(2, "shap")], [answer(1, "shap")], [answer(1, "gradcam")],
      [answer(2, "shap")],
    ]
    let few = StudyAnalysis(responses(taste), options: options).preferences[0]
    let many = StudyAnalysis(
      responses(taste + [[Responses.Answer]](repeating: [answer(1, "gradcam", "shap")], count: 5)),
      options: options
    ).preferences[0]
    #expect(few.answers.ties == 0 && many.answers.ties == 5 && many.people.ties == 5)
    #expect(few.answers.pValue == many.answers.pValue && few.people.pValue == many.people.pValue)
    #expect(few.signFlip == many.signFlip)
    #expect((many.people.wins, many.people.losses) == (1, 3))
  }

  @Test("corrected p-values are no smaller than p and in the same order", arguments: 0..<8 as Range<UInt64>)
  func holm(seed: UInt64) {
    let tests = StudyAnalysis(simulated(seed, people: 30), options: options).preferences.map(\.people)
    for a in tests {
      #expect(a.corrected >= a.pValue && a.corrected <= 1)
      for b in tests where a.pValue <= b.pValue { #expect(a.corrected <= b.corrected) }
    }
  }

  @Test("equal seeds give equal analyses, another seed other drawn p-values")
  func seeds() {
    let responses = simulated(3, people: 25)
    let (a, b) = (StudyAnalysis(responses, options: options), StudyAnalysis(responses, options: options))
    #expect(a == b)
    let others = (1...8).map { seed in
      StudyAnalysis(responses, options: .init(permutations: options.permutations, seed: seed)).dependence
    }
    #expect(
      Set(others.map { $0?.pValue }).count > 1
        && others.allSatisfy { $0?.statistic == a.dependence?.statistic })
  }

  @Test("people of one taste for each video make votes depend on it, people of one taste do not")
  func dependence() throws {
    let byVideo = responses(
      (0..<12).map { _ in [answer(1, "gradcam"), answer(2, "shap"), answer(3, "gradcam")] })
    let byTaste = responses((0..<12).map { i in (1...3).map { answer($0, i % 2 == 0 ? "gradcam" : "shap") } })
    #expect(try #require(StudyAnalysis(byVideo, options: options).dependence).pValue < 0.01)
    #expect(try #require(StudyAnalysis(byTaste, options: options).dependence).pValue == 1)
  }

  @Test("the dependence of two people on two videos is found by looking at all four orders")
  func exactDependence() throws {
    let test = try #require(
      StudyAnalysis(
        responses([[answer(1, "gradcam"), answer(2, "shap")], [answer(1, "gradcam"), answer(2, "shap")]]),
        options: options
      )
      .dependence)
    // Expected is 1 in each cell; both in step give Σ (2 − 1)² + (0 − 1)² = 4, in two of the four orders.
    #expect(test == PermutationTest(statistic: 4, pValue: 0.5, arrangements: 4, isExact: true))
  }

  @Test("a higher level makes longer intervals, and more people shorter ones")
  func lengths() throws {
    func length(_ people: Int, _ level: Double) throws -> Double {
      let share = try #require(
        StudyAnalysis(simulated(5, people: people), options: .init(level: level, permutations: 1)).right)
      #expect(share.lower <= share.value && share.value <= share.upper && share.method == .people)
      return share.upper - share.lower
    }
    #expect(try length(20, 0.99) > length(20, 0.9))
    #expect(try length(20, 0.95) > length(200, 0.95))
  }

  @Test("one person, or people who all do alike, have exact intervals over answers")
  func degenerate() throws {
    let one = try #require(Share([(3, 4)], level: 0.95))
    let alike = try #require(Share([(2, 2), (2, 2)], level: 0.95))
    #expect(one.method == .answers && alike.method == .answers && alike.upper == 1)
    // All of n: the lower end is the n-th root of half of 1 − level.
    #expect(abs(alike.lower - 0.39763536438352526) < 1e-12)
    #expect(Share([], level: 0.95) == nil && Share([(0, 0)], level: 0.95) == nil)
  }

  @Test("rules leave people out one after the other, each who is left")
  func exclusions() {
    var all = simulated(1, people: 20)
    for i in 0..<20 { all.respondents[i].isFinished = i >= 5 }
    for i in 2..<6 { all.respondents[i].answers = [Responses.Answer(section: 1, choice: .unknown)] }
    all.respondents.append(.init(id: "silent", answers: []))
    func counts(_ rules: [Exclusion]) -> [Int] {
      let analysis = StudyAnalysis(all, options: .init(exclusions: rules, permutations: 1))
      #expect(
        analysis.silent >= 1
          && analysis.included + analysis.excluded.reduce(0) { $0 + $1.count } == analysis.respondents)
      return analysis.excluded.map(\.count)
    }
    let (first, turned) = (counts([.unfinished, .allUnknown]), counts([.allUnknown, .unfinished]))
    #expect(first == [5, 1] && turned == [4, 2])
  }
}
