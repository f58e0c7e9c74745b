import Foundation
import GRDB
import SurveyModel
import Testing

@testable import SurveyServer

/// A store in a folder of its own.
struct StoreTests {
  let folder: TemporaryFolder
  let study: Study
  let store: Store

  init() throws {
    folder = try TemporaryFolder()
    study = smallStudy(sections: 4, forms: 2)
    store = try Store(folder: folder.path, study: study)
  }

  func link(_ number: Int) -> Data { Data("link \(number)".utf8) }
  func nonce(_ number: Int) -> [UInt8] { Array("nonce \(number)".utf8) }

  func begin(_ number: Int, limit: Int = 1000, now: Date = Date()) async throws -> Int? {
    try await store.begin(link: link(number), language: "en", limit: limit, now: now)
  }

  func respondent(_ number: Int) async throws -> Store.Respondent {
    try #require(try await store.respondent(link: link(number)))
  }

  /// What everybody answers here.
  func usual(_ step: Step) -> GivenAnswer {
    switch step {
    case .about: .about(screen: "large", familiarity: "no")
    case .choice: .choice("1")
    case .preference: .preference([1, 3])
    }
  }

  /// Visits and answers the steps up to `end`.
  func answer(_ number: Int, upTo end: Int) async throws {
    for n in 0..<end {
      let (person, step) = (try await respondent(number), try #require(Step(n, sections: 2)))
      try await store.visit(person, step: n)
      #expect(try await store.answer(usual(step), to: step, of: person.id, nonce: nonce(n)) == .stored)
    }
  }

  func rows(_ table: String) throws -> Int {
    let queue = try DatabaseQueue(path: folder.path + "/answers.sqlite")
    defer { try? queue.close() }
    return try queue.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM \(table)") ?? -1 }
  }

  func change(_ sql: String) throws {
    let queue = try DatabaseQueue(path: folder.path + "/answers.sqlite")
    try queue.write { try $0.execute(sql: sql) }
    try queue.close()
  }

  // MARK: Respondents

  @Test("who begins twice with one link is one respondent")
  func twice() async throws {
    #expect(try await begin(1) == 1)
    #expect(try await begin(2) == 2)
    #expect(try await begin(1) == 1)
    #expect(try await store.counts().begun == 2)
    #expect(try await store.respondent(link: link(3)) == nil)
  }

  @Test("a hundred who begin at once with ten links are ten")
  func race() async throws {
    let ids = try await withThrowingTaskGroup(of: (Int, Int?).self) { group in
      for i in 0..<100 { group.addTask { (i % 10, try await begin(i % 10)) } }
      return try await group.reduce(into: [Int: Set<Int?>]()) { $0[$1.0, default: []].insert($1.1) }
    }
    #expect(ids.count == 10 && ids.values.allSatisfy { $0.count == 1 })
    #expect(Set(ids.values.flatMap { $0 }) == Set(1...10))
    #expect(try await store.counts().begun == 10)
  }

  @Test("forms are dealt evenly, and each respondent has the schedule that study and number decide")
  func forms() async throws {
    for i in 1...9 {
      #expect(try await begin(i) == i)
      let counts = try await store.counts().forms
      #expect(abs((counts[1]?.begun ?? 0) - (counts[2]?.begun ?? 0)) <= 1)
      let person = try await respondent(i)
      #expect(person.schedule == Schedule(study, form: person.form, respondent: i))
      #expect(Set(person.schedule.sections.map(\.section)) == Set(study.sections(ofForm: person.form)))
      #expect(person.answers.isEmpty && person.visited.isEmpty && !person.isFinished && person.next == 0)
    }
  }

  @Test("there are no more respondents than the limit, but those there are can come again")
  func limit() async throws {
    #expect(try await begin(1, limit: 2) == 1)
    #expect(try await begin(2, limit: 2) == 2)
    #expect(try await begin(3, limit: 2) == nil)
    #expect(try await begin(2, limit: 2) == 2)
    #expect(try await store.counts().begun == 2)
    #expect(try await begin(3, limit: 3) == 3)
  }

  // MARK: Answers

  @Test("one form gives one answer")
  func nonces() async throws {
    _ = try await begin(1)
    #expect(try await store.answer(usual(.about), to: .about, of: 1, nonce: nonce(0)) == .stored)
    #expect(try await store.answer(usual(.about), to: .about, of: 1, nonce: nonce(0)) == .stored)
    #expect(try rows("answer") == 1)
    let other = GivenAnswer.about(screen: "small", familiarity: "no")
    guard case .refused = try await store.answer(other, to: .about, of: 1, nonce: nonce(0)) else {
      Issue.record("another answer in the same form was taken")
      return
    }
    #expect(try rows("answer") == 1)
    #expect(try await respondent(1).answers[0] == usual(.about))
    // The same form at another step, or of another respondent, is another form.
    #expect(try await store.answer(.choice("1"), to: .choice(0), of: 1, nonce: nonce(0)) == .stored)
    _ = try await begin(2)
    #expect(try await store.answer(other, to: .about, of: 2, nonce: nonce(0)) == .stored)
    #expect(try rows("answer") == 3)
  }

  @Test("twenty clicks at once on one form store one answer, whichever it is")
  func clicks() async throws {
    _ = try await begin(1)
    try await answer(1, upTo: 1)
    let stored = try await withThrowingTaskGroup(of: (String, Bool).self) { group in
      for i in 0..<20 {
        group.addTask {
          let choice = i % 2 == 0 ? "1" : "2"
          return (
            choice, try await store.answer(.choice(choice), to: .choice(0), of: 1, nonce: nonce(7)) == .stored
          )
        }
      }
      return try await group.reduce(into: [String]()) { if $1.1 { $0.append($1.0) } }
    }
    #expect(stored.count == 10 && Set(stored).count == 1)
    #expect(try await respondent(1).answers[1] == .choice(stored[0]))
    #expect(try rows("answer") == 2)
  }

  @Test("a step that is not due is not answered, nor by nobody")
  func due() async throws {
    _ = try await begin(1)
    for n in 1..<5 {
      let step = try #require(Step(n, sections: 2))
      #expect(try await store.answer(usual(step), to: step, of: 1, nonce: nonce(n)) != .stored)
    }
    #expect(try await store.answer(usual(.about), to: .about, of: 2, nonce: nonce(0)) != .stored)
    #expect(try rows("answer") == 0)
    try await answer(1, upTo: 2)
    #expect(try await store.answer(usual(.choice(1)), to: .choice(1), of: 1, nonce: nonce(3)) != .stored)
    #expect(
      try await store.answer(usual(.preference(0)), to: .preference(0), of: 1, nonce: nonce(3)) == .stored)
  }

  @Test("an answer can be changed; each version is kept, and the last one counts")
  func versions() async throws {
    _ = try await begin(1)
    try await answer(1, upTo: 2)
    for (place, choice) in ["2", "unknown", "2", "1"].enumerated() {
      #expect(
        try await store.answer(.choice(choice), to: .choice(0), of: 1, nonce: nonce(10 + place)) == .stored)
      #expect(try await respondent(1).answers[1] == .choice(choice))
    }
    #expect(try rows("answer WHERE step = 1") == 5)
    // What is the answer already adds no row.
    #expect(try await store.answer(.choice("1"), to: .choice(0), of: 1, nonce: nonce(99)) == .stored)
    #expect(try rows("answer WHERE step = 1") == 5)
    #expect(try await respondent(1).next == 2)
  }

  @Test("Q1 can be changed until its Q2 was shown, and others still after that")
  func closed() async throws {
    _ = try await begin(1)
    try await answer(1, upTo: 2)
    #expect(try await respondent(1).isOpen(.choice(0)))
    #expect(try await store.answer(.choice("2"), to: .choice(0), of: 1, nonce: nonce(10)) == .stored)
    try await store.visit(try await respondent(1), step: 2)
    #expect(try await !respondent(1).isOpen(.choice(0)))
    #expect(try await store.answer(.choice("1"), to: .choice(0), of: 1, nonce: nonce(11)) != .stored)
    #expect(try await respondent(1).answers[1] == .choice("2"))
    // The same again changes nothing, so it is no error.
    #expect(try await store.answer(.choice("2"), to: .choice(0), of: 1, nonce: nonce(12)) == .stored)
    let about = GivenAnswer.about(screen: "small", familiarity: "yes")
    #expect(try await store.answer(about, to: .about, of: 1, nonce: nonce(13)) == .stored)
    for best in [[1], [2, 3]] {
      #expect(
        try await store.answer(.preference(best), to: .preference(0), of: 1, nonce: nonce(13 + best[0]))
          == .stored)
    }
    // The Q1 of the next section is open.
    #expect(try await store.answer(.choice("1"), to: .choice(1), of: 1, nonce: nonce(1)) == .stored)
    #expect(try await store.answer(.choice("2"), to: .choice(1), of: 1, nonce: nonce(2)) == .stored)
  }

  @Test("who has answered all has finished, and nothing can be changed")
  func finished() async throws {
    _ = try await begin(1)
    try await answer(1, upTo: 4)
    #expect(try await !respondent(1).isFinished)
    try await answer(1, upTo: 5)
    let person = try await respondent(1)
    #expect(person.isFinished && person.next == 5)
    #expect(try await store.counts().finished == 1)
    let others: [(Step, GivenAnswer)] = [
      (.about, .about(screen: "small", familiarity: "no")), (.choice(0), .choice("2")),
      (.preference(0), .preference([2])), (.choice(1), .choice("2")), (.preference(1), .preference([2])),
    ]
    for (step, other) in others {
      #expect(!person.isOpen(step))
      #expect(try await store.answer(other, to: step, of: 1, nonce: nonce(50)) != .stored)
    }
    #expect(try await respondent(1) == person)
    #expect(try rows("answer") == 5)
  }

  @Test("answers of a hundred at once are each stored, once and rightly")
  func concurrent() async throws {
    /// What respondent `i` answers to a step.
    @Sendable func given(_ i: Int, _ step: Step) -> GivenAnswer {
      switch step {
      case .about: .about(screen: GivenAnswer.screens[i % 2], familiarity: GivenAnswer.familiarities[i % 3])
      case .choice(let place): .choice(GivenAnswer.choices[(i + place) % 3])
      case .preference(let place): .preference([(i + place) % 3 + 1])
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for i in 0..<100 {
        group.addTask {
          let id = try #require(try await begin(i))
          for n in 0..<5 {
            let step = try #require(Step(n, sections: 2))
            try await store.visit(try await respondent(i), step: n)
            // The double click.
            async let first = store.answer(given(i, step), to: step, of: id, nonce: nonce(n))
            async let second = store.answer(given(i, step), to: step, of: id, nonce: nonce(n))
            let outcomes = try await [first, second]
            #expect(outcomes == [.stored, .stored])
          }
        }
      }
      try await group.waitForAll()
    }
    let counts = try await store.counts()
    #expect(counts.begun == 100 && counts.finished == 100 && counts.answers == 500)
    #expect(
      counts.forms[1]?.begun == 50 && counts.forms[2]?.finished == 50 && counts.languages == ["en": 100])
    #expect(try rows("visit") == 500)
    for i in 0..<100 {
      let person = try await respondent(i)
      #expect(person.answers.count == 5)
      for (n, answer) in person.answers { #expect(answer == given(i, Step(n, sections: 2)!)) }
    }
  }

  // MARK: The file

  @Test("all is there after it was closed and opened")
  func reopened() async throws {
    _ = try await begin(1)
    try await answer(1, upTo: 3)
    let before = try await respondent(1)
    let responses = try await store.responses()
    try store.close()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["answers.sqlite"])
    let again = try Store(folder: folder.path, study: study)
    #expect(try await again.respondent(link: link(1)) == before)
    #expect(try await again.responses() == responses)
    #expect(try await again.begin(link: link(1), language: "en", limit: 10) == 1)
    #expect(try await again.answer(.choice("1"), to: .choice(1), of: 1, nonce: nonce(3)) == .stored)
    try again.close()
  }

  @Test("a store that is closed says so, and is not alive")
  func isAlive() async throws {
    #expect(await store.isAlive())
    try store.close()
    #expect(await !store.isAlive())
    await #expect(throws: (any Error).self) { _ = try await begin(1) }
  }

  @Test("the file, its log and its index are for nobody else")
  func mode() async throws {
    _ = try await begin(1)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["answers.sqlite", "answers.sqlite-shm", "answers.sqlite-wal"])
    for name in names {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
    }
  }

  private func problem(_ study: Study, in folder: TemporaryFolder) -> String? {
    do {
      try Store(folder: folder.path, study: study).close()
      return nil
    } catch let error as SurveyError { return error.description } catch { return "no SurveyError: \(error)" }
  }

  @Test("the answers to another study, or of a newer version, are refused and left alone")
  func others() async throws {
    _ = try await begin(1)
    try store.close()
    var other = study
    other.sections[0].probability = 0.5
    #expect(problem(other, in: folder)?.contains("another study.json") == true)
    #expect(problem(study, in: folder) == nil)
    try change("PRAGMA user_version = 2")
    #expect(problem(study, in: folder)?.contains("not of this version") == true)
    try change("PRAGMA user_version = 1")
    #expect(problem(study, in: folder) == nil)
    #expect(try rows("respondent") == 1)
  }

  @Test(
    "a file that is no database is refused in one line, and left alone",
    arguments: [
      Data("no database, but a text of more than sixteen characters\n".utf8),
      Data(repeating: 0xFF, count: 9000),
      Data("SQLite format 3\0".utf8) + Data(repeating: 7, count: 5000),
    ])
  func garbage(content: Data) throws {
    let other = try TemporaryFolder()
    try other.write("answers.sqlite", content)
    let said = problem(study, in: other)
    let problem = try #require(said)
    #expect(problem.contains("answers.sqlite: cannot be used as the database of answers"))
    #expect(!problem.contains("\n"))
    #expect(FileManager.default.contents(atPath: other.path + "/answers.sqlite") == content)
  }

  @Test("a folder that is none is refused in one line")
  func noFolder() throws {
    #expect(throws: SurveyError.self) { try Store(folder: folder.path + "/nowhere", study: study) }
  }

  @Test("a row that was damaged is an error, not a guess")
  func damage() async throws {
    _ = try await begin(1)
    try await answer(1, upTo: 2)
    try change("UPDATE answer SET value = '{\"choice\":\"3\"}' WHERE step = 1")
    await #expect(throws: SurveyError.self) { try await store.respondent(link: link(1)) }
    try change("UPDATE answer SET value = '{\"choice\":\"2\"}' WHERE step = 1")
    #expect(try await respondent(1).answers[1] == .choice("2"))
    try change("UPDATE respondent SET schedule = '{}'")
    await #expect(throws: SurveyError.self) { try await store.respondent(link: link(1)) }
  }

  @Test("a backup that is made meanwhile is sound, and holds whatever was acknowledged before")
  func backup() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        var i = 0
        while !Task.isCancelled {
          _ = try await begin(i)
          try await answer(i, upTo: 5)
          i += 1
        }
      }
      for round in 0..<5 {
        while try await store.counts().finished < 3 * round { await Task.yield() }
        let (before, copy) = (try await store.counts(), try TemporaryFolder())
        try await store.backup(to: copy.path + "/answers.sqlite")
        let after = try await store.counts()
        #expect(try FileManager.default.contentsOfDirectory(atPath: copy.path) == ["answers.sqlite"])
        let queue = try DatabaseQueue(path: copy.path + "/answers.sqlite")
        #expect(try await queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
        try queue.close()
        let restored = try Store(folder: copy.path, study: study)
        let counts = try await restored.counts()
        #expect((before.begun...after.begun).contains(counts.begun))
        #expect((before.answers...after.answers).contains(counts.answers))
        for i in 0..<counts.begun {
          let person = try #require(try await restored.respondent(link: link(i)))
          #expect(Set(person.answers.keys) == Set(0..<person.answers.count))
          #expect(person.isFinished == (person.answers.count == 5))
          #expect(person.isFinished || i == counts.begun - 1)
        }
        try restored.close()
      }
      group.cancelAll()
      do { try await group.waitForAll() } catch is CancellationError {}
    }
  }
}
