import Foundation
import SurveyModel
import Testing

@testable import SurveyServer

/// What answers mean.
extension StoreTests {
  @Test("answers mean what the study's key and the respondent's schedule say")
  func meaning() async throws {
    for i in 1...12 {
      _ = try await begin(i)
      for n in 0..<5 {
        let (person, step) = (try await respondent(i), try #require(Step(n, sections: 2)))
        let given: GivenAnswer =
          switch step {
          case .about: .about(screen: "small", familiarity: "heard")
          case .choice(let place): .choice(GivenAnswer.choices[(i + place) % 3])
          case .preference(let place): .preference(place == 0 ? [2] : [1, 3])
          }
        if i == 12 && n > 1 { continue }
        #expect(try await store.answer(given, to: step, of: person.id, nonce: nonce(n)) == .stored)
      }
    }
    let responses = try await store.responses()
    #expect(
      responses.explainers == study.explainers && responses.respondents.map(\.id) == (1...12).map(String.init)
    )
    var meanings = Set<String>()
    for (i, person) in zip(1..., responses.respondents) {
      let kept = try await respondent(i)
      #expect(person.form == kept.form && person.screen == "small" && person.familiarity == "heard")
      #expect(person.isFinished == (i < 12))
      #expect(
        person.answers.map(\.section) == Array(kept.schedule.sections.map(\.section).prefix(i < 12 ? 2 : 1)))
      for (place, answer) in person.answers.enumerated() {
        let shown = kept.schedule.sections[place]
        #expect(answer.shown == shown.explainers)
        // The fake is the video at the left, number 1, or the other.
        let expected: Responses.Choice =
          switch (GivenAnswer.choices[(i + place) % 3], shown.left) {
          case ("unknown", _): .unknown
          case ("1", .fake), ("2", .real): .right
          default: .wrong
          }
        #expect(answer.choice == expected)
        meanings.insert("\(expected) \(shown.left)")
        let preferred = place == 0 ? [shown.explainers[1]] : [shown.explainers[0], shown.explainers[2]]
        #expect(answer.preferred == (i < 12 ? Set(preferred) : nil))
      }
    }
    // Each meaning was there, and each side.
    #expect(Set(meanings.map { $0.prefix { $0 != " " } }) == ["right", "wrong", "unknown"])
    #expect(meanings.contains { $0.hasSuffix("fake") } && meanings.contains { $0.hasSuffix("real") })
  }

  @Test("a section says which video is explained, what it is and what the detector believes")
  func sections() async throws {
    var study = smallStudy(sections: 3)
    study.sections[1].subject = .real
    study.sections[2].belief = .real
    let place = try TemporaryFolder()
    let store = try Store(folder: place.path, study: study)
    #expect(
      try await store.responses().sections == [
        .init(
          number: 1, video: "ffpp/c23/Deepfakes/001_183", path: "/videos/clip1.mp4", label: "fake",
          belief: "fake"),
        .init(
          number: 2, video: "ffpp/c23/original/002", path: "/videos/clip2.mp4", label: "real", belief: "fake"),
        .init(
          number: 3, video: "ffpp/c23/Deepfakes/005_183", path: "/videos/clip5.mp4", label: "fake",
          belief: "real"),
      ])
  }

  @Test("seconds are from when a question was first shown to its last answer")
  func seconds() async throws {
    let start = Date(timeIntervalSince1970: 1_800_000_000)
    _ = try await begin(1, now: start)
    try await self.answer(1, upTo: 1)
    func visit(_ step: Int, _ seconds: Double) async throws {
      try await store.visit(try await respondent(1), step: step, now: start + seconds)
    }
    func answer(_ given: GivenAnswer, _ step: Step, _ seconds: Double) async throws {
      #expect(
        try await store.answer(given, to: step, of: 1, nonce: nonce(Int(seconds)), now: start + seconds)
          == .stored)
    }
    try await visit(1, 10)
    try await visit(1, 12)
    try await answer(.choice("1"), .choice(0), 17.25)
    #expect(try await store.responses().respondents[0].answers[0].seconds == (7.25, nil))
    try await answer(.choice("2"), .choice(0), 20.5)
    // The same again adds nothing.
    try await answer(.choice("2"), .choice(0), 30)
    try await visit(2, 40.001)
    try await answer(.preference([1]), .preference(0), 41.003)
    #expect(try await store.responses().respondents[0].answers[0].seconds == (10.5, 1.002))
    // A question that was answered without having been shown has none.
    try await answer(.choice("1"), .choice(1), 50)
    #expect(try await store.responses().respondents[0].answers[1].seconds == (nil, nil))
  }

  @Test("where the clock was put back meanwhile, nobody says how many seconds it took")
  func clock() async throws {
    let start = Date(timeIntervalSince1970: 1_800_000_000)
    _ = try await begin(1)
    try await answer(1, upTo: 1)
    try await store.visit(try await respondent(1), step: 1, now: start)
    _ = try await store.answer(.choice("1"), to: .choice(0), of: 1, nonce: nonce(1), now: start - 30)
    let responses = try await store.responses()
    #expect(responses.respondents[0].answers[0].seconds == (nil, nil))
    #expect(responses.respondents[0].answers[0].choice != nil)
  }

  @Test("answers can be read beside the server, and after it")
  func beside() async throws {
    #expect(throws: SurveyError.self) { try Store.responses(folder: folder.path) }
    try folder.write("study.json", try study.json())
    _ = try await begin(1)
    try await answer(1, upTo: 5)
    let responses = try await store.responses()
    #expect(responses.respondents[0].answers.count == 2)
    #expect(try Store.responses(folder: folder.path) == responses)
    _ = try await begin(2)
    #expect(try Store.responses(folder: folder.path).respondents.count == 2)
    try store.close()
    #expect(try Store.responses(folder: folder.path).respondents.count == 2)
    try FileManager.default.removeItem(atPath: folder.path + "/answers.sqlite")
    #expect {
      _ = try Store.responses(folder: folder.path)
    } throws: { ($0 as? SurveyError)?.message.contains("no answers yet") == true }
  }
}
