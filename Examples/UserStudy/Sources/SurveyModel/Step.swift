import Foundation

/// A page with a question.
public enum Step: Sendable, Equatable {
  /// Screen and familiarity.
  case about
  /// Which video is fake, of the section at a place of the schedule (from 0).
  case choice(Int)
  /// Which animation explains best, of the same.
  case preference(Int)

  /// The step of a number; nil where a schedule of `sections` has none.
  public init?(_ number: Int, sections: Int) {
    guard number >= 0, number <= 2 * sections else { return nil }
    self = number == 0 ? .about : number % 2 == 1 ? .choice((number - 1) / 2) : .preference((number - 1) / 2)
  }

  /// Its number: 0, then two for each section.
  public var number: Int {
    switch self {
    case .about: 0
    case .choice(let place): 2 * place + 1
    case .preference(let place): 2 * place + 2
    }
  }
}

/// An answer as it was given, before anybody asks what it means.
public enum GivenAnswer: Sendable, Equatable {
  /// Step 0.
  case about(screen: String, familiarity: String)
  /// Q1: `1`, `2` or `unknown`.
  case choice(String)
  /// Q2: numbers of animations, from 1.
  case preference([Int])

  /// What may be said of the screen.
  public static let screens = ["large", "small"]
  /// What may be said of deepfakes.
  public static let familiarities = ["yes", "heard", "no"]
  /// What may be said to Q1.
  public static let choices = ["1", "2", "unknown"]

  /// The answer in a form's fields; nil where one is missing, twice or none of those that may be given.
  public init?(_ fields: [(name: String, value: String)], to step: Step, explainers: Int) {
    func one(_ name: String, of values: [String]) -> String? {
      let given = fields.filter { $0.name == name }.map(\.value)
      return given.count == 1 && values.contains(given[0]) ? given[0] : nil
    }
    switch step {
    case .about:
      guard let screen = one("screen", of: Self.screens),
        let familiarity = one("familiarity", of: Self.familiarities)
      else { return nil }
      self = .about(screen: screen, familiarity: familiarity)
    case .choice:
      guard let choice = one("choice", of: Self.choices) else { return nil }
      self = .choice(choice)
    case .preference:
      let given = fields.filter { $0.name == "best" }.map(\.value)
      let numbers = given.compactMap { value in (1...explainers).first { String($0) == value } }
      guard !given.isEmpty, numbers.count == given.count, Set(numbers).count == numbers.count else {
        return nil
      }
      self = .preference(numbers.sorted())
    }
  }

  /// The answer as the database keeps it: JSON with sorted keys.
  public var text: String {
    switch self {
    case .about(let screen, let familiarity): #"{"familiarity":"\#(familiarity)","screen":"\#(screen)"}"#
    case .choice(let choice): #"{"choice":"\#(choice)"}"#
    case .preference(let best): #"{"best":[\#(best.map { "\"\($0)\"" }.joined(separator: ","))]}"#
    }
  }

  /// The answer that the database kept; nil where it is none to this step.
  public init?(text: String, to step: Step, explainers: Int) {
    struct Kept: Decodable { var familiarity, screen, choice: String?, best: [String]? }
    guard let kept = try? JSONDecoder().decode(Kept.self, from: Data(text.utf8)) else { return nil }
    var fields: [(name: String, value: String)] = []
    for (name, value) in [
      ("familiarity", kept.familiarity), ("screen", kept.screen), ("choice", kept.choice),
    ] {
      if let value { fields.append((name, value)) }
    }
    fields += (kept.best ?? []).map { ("best", $0) }
    self.init(fields, to: step, explainers: explainers)
  }
}
