public import Foundation

/// Every word that a respondent reads, in one language: a file of `texts` in a study's folder, to be edited and translated.
///
/// The file is a JSON object of strings. Each key of ``Key`` is there once; `{name}` stands for what is put in.
public struct Texts: Sendable, Equatable {
  /// The language, the file's name without its suffix: a BCP 47 tag such as `en`, `it`, `pt-BR`.
  public let language: String
  private let strings: [String: String]

  /// A text of the questionnaire. What is put into it is said by ``placeholders``.
  public enum Key: String, CaseIterable, Sendable {
    /// The questionnaire's title and what it says of itself.
    case languageName, title, introduction, duration, privacy, withdrawal, consent, start, chooseLanguage
    /// Step 0.
    case aboutTitle, linkNotice, screenQuestion, screenLarge, screenSmall
    /// Step 0, familiarity.
    case familiarityQuestion, familiarityYes, familiarityHeard, familiarityNo
    /// Q1.
    case progress, choiceTitle, choiceQuestion, video, choiceUnknown, choiceClosed
    /// Q2.
    case preferenceTitle, beliefFake, beliefReal, preferenceQuestion, preferenceHelp, animation, pause, play
    /// Everywhere.
    case next, back, answerMissing, consentMissing
    /// The end.
    case thanksTitle, thanks
    /// What went wrong.
    case errorTitle, notFound, forbidden, conflict, tooLarge, tooMany, full, badRequest, unavailable, goOn

    /// What must be put into it.
    public var placeholders: Set<String> {
      switch self {
      case .duration: ["sections"]
      case .progress: ["section", "sections"]
      case .video, .animation: ["number"]
      case .beliefFake, .beliefReal: ["number", "percent"]
      default: []
      }
    }
  }

  /// The text of a key with `values` put in.
  public subscript(key: Key, values: KeyValuePairs<String, String>) -> String {
    var text = strings[key.rawValue] ?? ""
    for (name, value) in values { text = text.replacingOccurrences(of: "{\(name)}", with: value) }
    return text
  }

  /// The text of a key.
  public subscript(key: Key) -> String { self[key, [:]] }

  /// Texts from a file's bytes.
  ///
  /// - Throws: ``SurveyError`` that names the key that is missing, unknown, empty or lacks something that is put into it.
  public init(_ data: Data, language: String, path: String) throws(SurveyError) {
    guard Texts.isTag(language) else {
      throw SurveyError("is to be named by its language, such as en.json or pt-BR.json", path: path)
    }
    guard let strings = try? JSONDecoder().decode([String: String].self, from: data) else {
      throw SurveyError("is no JSON object of strings", path: path)
    }
    for key in Key.allCases {
      guard let text = strings[key.rawValue], !text.allSatisfy(\.isWhitespace) else {
        throw SurveyError("has no text for \(key.rawValue)", path: path)
      }
      for placeholder in key.placeholders.sorted() where !text.contains("{\(placeholder)}") {
        throw SurveyError("its text for \(key.rawValue) lacks {\(placeholder)}", path: path)
      }
    }
    if let other = strings.keys.filter({ Key(rawValue: $0) == nil }).min() {
      throw SurveyError("has a text for \(other), which nothing asks for", path: path)
    }
    (self.language, self.strings) = (language, strings)
  }

  /// The texts that ship, by language.
  public static let shipped: [String: [UInt8]] = [
    "en": PackageResources.en_json, "it": PackageResources.it_json,
  ]

  /// All languages of a study's folder, by tag.
  ///
  /// - Throws: ``SurveyError``: none, or one that is not whole.
  public static func read(_ folder: String) throws(SurveyError) -> [String: Texts] {
    let place = folder + "/texts"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? [])
      .filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
    guard !names.isEmpty else {
      throw SurveyError(
        "holds no texts; there is to be one file for each language, such as en.json", path: place)
    }
    var languages: [String: Texts] = [:]
    for name in names {
      guard let data = FileManager.default.contents(atPath: "\(place)/\(name)") else {
        throw SurveyError("cannot be read", path: "\(place)/\(name)")
      }
      let texts = try Texts(data, language: String(name.dropLast(5)), path: "\(place)/\(name)")
      languages[texts.language] = texts
    }
    return languages
  }

  private static func isTag(_ tag: String) -> Bool {
    let parts = tag.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
      (1...8).contains(part.count)
        && part.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }
    } && (2...3).contains(parts[0].count)
  }

  /// Of `available`, the language that suits an `Accept-Language` header (RFC 9110) best; English, or else the first, where
  /// none does.
  public static func preferred(_ header: String?, of available: some Sequence<String>) -> String {
    let tags = available.sorted()
    let fallback = tags.contains("en") ? "en" : tags.first ?? "en"
    guard let header, header.utf8.count <= 1000 else { return fallback }
    let ranges = header.lowercased().split(separator: ",").enumerated().compactMap {
      place, item -> (String, Double, Int)? in
      let parts = item.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let tag = parts.first else { return nil }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      return weight > 0 ? (tag, weight, place) : nil
    }
    for (wanted, _, _) in ranges.sorted(by: { ($1.1, $0.2) < ($0.1, $1.2) }) {
      let base = wanted.prefix { $0 != "-" }
      if let tag = tags.first(where: { $0.lowercased() == wanted })
        ?? tags.first(where: { $0.lowercased().prefix { $0 != "-" } == base })
      {
        return tag
      }
    }
    return fallback
  }
}
