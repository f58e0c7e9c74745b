import Foundation
import SurveyModel
import Testing

@testable import SurveyAnalysis

/// The root of the whole repository.
let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../..")
  .standardizedFileURL

/// A JSON object.
func object(_ text: String) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}

/// What the script in `Golden` wrote.
struct Golden: Decodable {
  struct Study: Decodable {
    var csv: String
    var videos: String?
    var level: Double
    var expected: [String: Double]
  }

  struct Slides: Decodable {
    var votes: [String: Int]
    var p, holm: [String: Double]
  }

  struct Distributions: Decodable { var student, chiSquare, fair, exact: [[Double]] }

  var studies: [Study]
  var slides: Slides
  var distributions: Distributions

  static func read() throws -> Golden {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/golden.json")
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }
}

/// Gives `body` a folder that is gone afterwards.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.path + "/survey-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// Responses that a seed decides: people differ, some answers are missing.
func simulated(
  _ seed: UInt64, people: Int = 12, sections: Int = 4, explainers: [String] = ["gradcam", "shap", "ltpa"]
) -> Responses {
  var generator = SeededGenerator(seed: seed)
  func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }
  let respondents = (1...people).map { number in
    let skill = Double.random(in: 0.4..<1, using: &generator)
    let answers = (1...sections).compactMap { section -> Responses.Answer? in
      guard chance(0.9) else { return nil }
      let shown = explainers.shuffled(using: &generator)
      let preferred = explainers.enumerated().filter { chance(0.3 + 0.2 * Double($0.offset)) }.map(\.element)
      let choice: Responses.Choice = chance(skill) ? .right : chance(0.5) ? .wrong : .unknown
      return Responses.Answer(
        section: section, choice: choice, preferred: preferred.isEmpty ? nil : Set(preferred), shown: shown,
        seconds: (Double.random(in: 1..<60, using: &generator), nil))
    }
    return Responses.Respondent(
      id: String(format: "%03d", number), screen: chance(0.5) ? "large" : "small",
      familiarity: ["yes", "heard", "no", nil].randomElement(using: &generator)!, isFinished: chance(0.9),
      answers: answers)
  }
  return Responses(
    explainers: explainers,
    sections: (1...sections).map {
      Responses.Section(
        number: $0, video: "set/v\($0)", path: "/videos/set/v\($0).mp4", label: "fake", belief: "fake")
    }, respondents: respondents)
}

/// An answer to Q2 only.
func answer(_ section: Int, _ preferred: String..., shown: [String]? = nil) -> Responses.Answer {
  Responses.Answer(section: section, preferred: Set(preferred), shown: shown)
}

/// People who gave these answers, in sections 1, 2, … of a study.
func responses(
  explainers: [String] = ["gradcam", "shap"], _ answers: [[Responses.Answer]]
) -> Responses {
  Responses(
    explainers: explainers,
    sections: Set(answers.joined().map(\.section)).sorted().map { Responses.Section(number: $0) },
    respondents: answers.enumerated().map { Responses.Respondent(id: String($0 + 1), answers: $1) })
}
