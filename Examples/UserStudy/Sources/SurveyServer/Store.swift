import Crypto
import Foundation
import GRDB
public import SurveyModel

/// The answers of a study: `answers.sqlite` in its folder.
///
/// Answers are only ever added. A transaction is on the disk before it is acknowledged (write-ahead log, `synchronous = FULL`),
/// so what a respondent saw accepted survives a crash of the program and of the machine. Every value is bound, none is put into SQL.
public struct Store: Sendable {
  private let pool: DatabasePool
  let study: Study

  /// Who answers, as pages need them.
  struct Respondent: Sendable, Equatable {
    var id: Int
    var form: Int
    var language: String
    var schedule: Schedule
    var isFinished: Bool
    /// The last answer to each step.
    var answers: [Int: GivenAnswer]
    /// The steps that were shown.
    var visited: Set<Int>

    /// The first step without an answer; the number of steps where there is none.
    var next: Int { (0..<schedule.steps).first { answers[$0] == nil } ?? schedule.steps }

    /// Whether a step may still be answered anew: Q1 not, once its Q2 was shown.
    func isOpen(_ step: Step) -> Bool {
      guard !isFinished else { return false }
      if case .choice = step { return answers[step.number] == nil || !visited.contains(step.number + 1) }
      return true
    }
  }

  /// What became of an answer.
  enum Outcome: Sendable, Equatable {
    /// It is stored, or the same one was before.
    case stored
    /// The form was used for another answer, the step is not due, or it is closed.
    case refused(String)
  }

  /// Opens the database of the study in `folder`, or makes it.
  ///
  /// - Throws: ``SurveyError``: it is another study's, newer than this program, damaged, or there is no room.
  public init(folder: String, study: Study) throws {
    try self.init(path: folder + "/answers.sqlite", study: study, readOnly: false)
  }

  private init(path: String, study: Study, readOnly: Bool) throws {
    self.study = study
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { db in
      if !readOnly { try db.execute(sql: "PRAGMA synchronous = FULL") }
      try db.execute(sql: "PRAGMA foreign_keys = ON")
    }
    // Answers are for the researcher's eyes; SQLite gives its log the mode of the database.
    if !readOnly, !FileManager.default.fileExists(atPath: path),
      !FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    {
      throw SurveyError(
        "cannot be made; make room on the disk, or look at the folder's permissions", path: path)
    }
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      let digest = SHA256.hash(data: try study.json()).map { String($0, radix: 16) }.joined(separator: ".")
      if readOnly {
        try pool.read { try Self.check($0, digest, path) }
      } else {
        try pool.write { db in
          if try Int.fetchOne(db, sql: "PRAGMA user_version") == 0 { try Self.make(db, digest) }
          try Self.check(db, digest, path)
        }
      }
    } catch let error as DatabaseError {
      throw SurveyError(
        "cannot be used as the database of answers: \(error.message ?? "it is damaged")", path: path)
    }
  }

  private static func make(_ db: Database, _ digest: String) throws {
    try db.execute(
      sql: """
        CREATE TABLE study (digest TEXT NOT NULL) STRICT;
        CREATE TABLE respondent (
          id INTEGER PRIMARY KEY, link BLOB NOT NULL UNIQUE, form INTEGER NOT NULL, language TEXT NOT NULL,
          schedule TEXT NOT NULL, started REAL NOT NULL, finished REAL) STRICT;
        CREATE TABLE visit (
          respondent INTEGER NOT NULL REFERENCES respondent, step INTEGER NOT NULL, at REAL NOT NULL,
          PRIMARY KEY (respondent, step)) STRICT, WITHOUT ROWID;
        CREATE TABLE answer (
          id INTEGER PRIMARY KEY, respondent INTEGER NOT NULL REFERENCES respondent, step INTEGER NOT NULL,
          nonce BLOB NOT NULL, value TEXT NOT NULL, at REAL NOT NULL, UNIQUE (respondent, step, nonce)) STRICT;
        PRAGMA user_version = 1;
        """)
    try db.execute(sql: "INSERT INTO study (digest) VALUES (?)", arguments: [digest])
  }

  private static func check(_ db: Database, _ digest: String, _ path: String) throws {
    guard try Int.fetchOne(db, sql: "PRAGMA user_version") == 1 else {
      throw SurveyError("is not of this version of whyfake-survey", path: path)
    }
    guard try String.fetchOne(db, sql: "SELECT digest FROM study") == digest else {
      throw SurveyError(
        "holds the answers to another study.json; put the two that belong together in one folder", path: path)
    }
  }

  // MARK: Respondents

  /// A new respondent with the link of this digest, given the form that fewest have; whoever has it already, else. Nil where
  /// there are `limit` already.
  func begin(link digest: Data, language: String, limit: Int, now: Date = Date()) async throws -> Int? {
    try await pool.write { db in
      if let id = try Int.fetchOne(db, sql: "SELECT id FROM respondent WHERE link = ?", arguments: [digest]) {
        return id
      }
      let id = try Int.fetchOne(db, sql: "SELECT COALESCE(MAX(id), 0) + 1 FROM respondent") ?? 1
      guard id <= limit else { return nil }
      let counts = try Row.fetchAll(db, sql: "SELECT form, COUNT(*) AS n FROM respondent GROUP BY form")
        .reduce(into: [Int: Int]()) { $0[$1["form"]] = $1["n"] }
      let form = (1...study.forms).min { (counts[$0] ?? 0, $0) < (counts[$1] ?? 0, $1) } ?? 1
      let schedule = try JSONEncoder().encode(Schedule(study, form: form, respondent: id))
      try db.execute(
        sql: "INSERT INTO respondent (id, link, form, language, schedule, started) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [id, digest, form, language, String(decoding: schedule, as: UTF8.self), Self.seconds(now)])
      return id
    }
  }

  /// The respondent whose link has this digest.
  func respondent(link digest: Data) async throws -> Respondent? {
    try await pool.read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM respondent WHERE link = ?", arguments: [digest])
        .map { try respondent($0, db) }
    }
  }

  private func respondent(_ row: Row, _ db: Database) throws -> Respondent {
    let id: Int = row["id"]
    let text: String = row["schedule"]
    guard let schedule = try? JSONDecoder().decode(Schedule.self, from: Data(text.utf8)) else {
      throw SurveyError("respondent \(id) has no schedule that can be read", path: "answers.sqlite")
    }
    var answers: [Int: GivenAnswer] = [:]
    let given = try Row.fetchAll(
      db, sql: "SELECT step, value FROM answer WHERE respondent = ? ORDER BY id", arguments: [id])
    for row in given {
      let number: Int = row["step"]
      guard let step = Step(number, sections: schedule.sections.count),
        let answer = GivenAnswer(text: row["value"], to: step, explainers: study.explainers.count)
      else {
        throw SurveyError(
          "respondent \(id) has an answer that is none, to step \(number)", path: "answers.sqlite")
      }
      answers[number] = answer
    }
    let visited = try Int.fetchSet(db, sql: "SELECT step FROM visit WHERE respondent = ?", arguments: [id])
    return Respondent(
      id: id, form: row["form"], language: row["language"], schedule: schedule,
      isFinished: (row["finished"] as Double?) != nil, answers: answers, visited: visited)
  }

  /// Remembers that a step was shown, if it is the first time.
  func visit(_ respondent: Respondent, step: Int, now: Date = Date()) async throws {
    guard !respondent.visited.contains(step) else { return }
    try await pool.write { db in
      try db.execute(
        sql: "INSERT OR IGNORE INTO visit (respondent, step, at) VALUES (?, ?, ?)",
        arguments: [respondent.id, step, Self.seconds(now)])
    }
  }

  /// Stores an answer, if it may still be given; the form's nonce makes that happen once.
  func answer(
    _ answer: GivenAnswer, to step: Step, of id: Int, nonce: [UInt8], now: Date = Date()
  ) async throws -> Outcome {
    try await pool.write { db in
      let used = try String.fetchOne(
        db, sql: "SELECT value FROM answer WHERE respondent = ? AND step = ? AND nonce = ?",
        arguments: [id, step.number, Data(nonce)])
      if let used {
        return used == answer.text ? .stored : .refused("the form was used before, for another answer")
      }
      guard let row = try Row.fetchOne(db, sql: "SELECT * FROM respondent WHERE id = ?", arguments: [id])
      else {
        return .refused("no such respondent")
      }
      let respondent = try respondent(row, db)
      if respondent.answers[step.number] == answer { return .stored }
      guard step.number <= respondent.next else { return .refused("the step is not due") }
      guard respondent.isOpen(step) else { return .refused("the step is closed") }
      try db.execute(
        sql: "INSERT INTO answer (respondent, step, nonce, value, at) VALUES (?, ?, ?, ?, ?)",
        arguments: [id, step.number, Data(nonce), answer.text, Self.seconds(now)])
      let last = respondent.schedule.steps - 1
      if step.number == last && respondent.next == last {
        try db.execute(
          sql: "UPDATE respondent SET finished = ? WHERE id = ?", arguments: [Self.seconds(now), id])
      }
      return .stored
    }
  }

  private static func seconds(_ date: Date) -> Double { (date.timeIntervalSince1970 * 1000).rounded() / 1000 }

  // MARK: All of them

  /// What the administrator sees.
  struct Counts: Sendable {
    var begun = 0
    var finished = 0
    var answers = 0
    /// By form: begun, finished.
    var forms: [Int: (begun: Int, finished: Int)] = [:]
    /// By language.
    var languages: [String: Int] = [:]
    /// When the last answer was given.
    var last: Date?
  }

  func counts() async throws -> Counts {
    try await pool.read { db in
      var counts = Counts()
      for row in try Row.fetchAll(
        db, sql: "SELECT form, COUNT(*) AS n, COUNT(finished) AS done FROM respondent GROUP BY form")
      {
        counts.forms[row["form"]] = (row["n"], row["done"])
      }
      counts.begun = counts.forms.values.reduce(0) { $0 + $1.begun }
      counts.finished = counts.forms.values.reduce(0) { $0 + $1.finished }
      for row in try Row.fetchAll(db, sql: "SELECT language, COUNT(*) AS n FROM respondent GROUP BY language")
      {
        counts.languages[row["language"]] = row["n"]
      }
      counts.answers = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM answer") ?? 0
      counts.last = try Double.fetchOne(db, sql: "SELECT MAX(at) FROM answer").map(
        Date.init(timeIntervalSince1970:))
      return counts
    }
  }

  /// Writes a sound copy of the database to `path`, whatever is being written meanwhile.
  func backup(to path: String) async throws {
    let copy = try DatabaseQueue(path: path)
    try pool.backup(to: copy)
    try copy.close()
  }

  /// Whether the database answers.
  func isAlive() async -> Bool {
    ((try? await pool.read { try Int.fetchOne($0, sql: "SELECT 1") }) ?? nil) == 1
  }

  /// Writes what is in the log to the database itself, and lets go of it.
  public func close() throws {
    try pool.close()
    // The last connection to end takes the log away, if it may write; the pool's last one only reads.
    let last = try DatabaseQueue(path: pool.path)
    _ = try last.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM study") }
    try last.close()
  }

  /// What people answered to the study in `folder`, which may be served meanwhile.
  ///
  /// - Throws: ``SurveyError``: no study, no answers, damage.
  public static func responses(folder: String) throws -> Responses {
    let study = try Study.read(folder)
    let path = folder + "/answers.sqlite"
    guard FileManager.default.fileExists(atPath: path) else {
      throw SurveyError("there are no answers yet; run whyfake-survey serve", path: folder)
    }
    let store = try Store(path: path, study: study, readOnly: true)
    return try store.pool.read { try store.responses($0) }
  }

  func responses() async throws -> Responses { try await pool.read { try responses($0) } }

  private func responses(_ db: Database) throws -> Responses {
    let times = try Row.fetchAll(
      db,
      sql: """
        SELECT answer.respondent AS respondent, answer.step AS step, MAX(answer.at) - visit.at AS seconds
        FROM answer JOIN visit ON visit.respondent = answer.respondent AND visit.step = answer.step
        GROUP BY answer.respondent, answer.step
        """
    ).reduce(into: [Int: [Int: Double]]()) { $0[$1["respondent"], default: [:]][$1["step"]] = $1["seconds"] }
    let rows = try Row.fetchAll(db, sql: "SELECT * FROM respondent ORDER BY id")
    return Responses(
      study,
      respondents: try rows.map { row in
        let respondent = try respondent(row, db)
        return (respondent, times[respondent.id] ?? [:])
      })
  }
}
