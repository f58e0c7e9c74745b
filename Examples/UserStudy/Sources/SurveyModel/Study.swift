public import Foundation

/// A study: what is asked, and what only the researcher may know. `study.json` in its folder.
///
/// It holds the truth about each video and which media file is which; the server reads it and never sends it.
public struct Study: Sendable, Equatable, Codable {
  /// The version of the file's format.
  public static let schemaVersion = 1

  /// Always ``schemaVersion``.
  public var schemaVersion: Int = Study.schemaVersion
  /// What the study was drawn with, and what each respondent's order is drawn from.
  public var seed: UInt64
  /// What is compared, by the tool's names.
  public var explainers: [String]
  /// How often a video may be used, at most.
  public var reuse: Int
  /// Columns of the videos of Q1.
  public var width: Int
  /// Rows of the videos of Q1.
  public var height: Int
  /// The videos that sections use.
  public var videos: [Video]
  /// What is asked, by number from 1.
  public var sections: [Section]
  /// What made it: versions, commands, options.
  public var provenance: [String: String]

  /// A real or a fake video.
  public enum Label: String, Sendable, Codable, CaseIterable {
    /// As the camera saw it.
    case real
    /// Manipulated.
    case fake
  }

  /// A video of the study.
  public struct Video: Sendable, Equatable, Codable {
    /// What it is called: dataset, compression and name, such as `ffpp/c23/Deepfakes/183_253`. Unique.
    public var name: String
    /// Where it was when the study was made.
    public var path: String
    /// SHA-256 of the file, in hexadecimal digits.
    public var sha256: String
    /// What it is.
    public var label: Label
    /// Who is in it, by dataset.
    public var people: [String]
    /// The web video and its first picture, names in `media`.
    public var media: String
    /// The first picture of the web video.
    public var poster: String

    /// A video from its parts.
    public init(
      name: String, path: String, sha256: String, label: Label, people: [String], media: String,
      poster: String
    ) {
      (self.name, self.path, self.sha256, self.label) = (name, path, sha256, label)
      (self.people, self.media, self.poster) = (people, media, poster)
    }
  }

  /// A pair of videos, and the explanations of one of them.
  public struct Section: Sendable, Equatable, Codable {
    /// From 1.
    public var number: Int
    /// The form that it belongs to, from 1.
    public var form: Int
    /// The name of the real video.
    public var real: String
    /// The name of the fake one.
    public var fake: String
    /// Which of the two is explained.
    public var subject: Label
    /// What the detector believes of it: the class that was explained.
    public var belief: Label
    /// The detector's probability that it is fake.
    public var probability: Double
    /// The animation of each explainer, names in `media`.
    public var animations: [String: String]

    /// A section from its parts.
    public init(
      number: Int, form: Int, real: String, fake: String, subject: Label, belief: Label, probability: Double,
      animations: [String: String]
    ) {
      (self.number, self.form, self.real, self.fake) = (number, form, real, fake)
      (self.subject, self.belief, self.probability) = (subject, belief, probability)
      self.animations = animations
    }

    /// The name of the video that is explained.
    public var explained: String { subject == .fake ? fake : real }
  }

  /// A study from its parts.
  public init(
    seed: UInt64, explainers: [String], reuse: Int, width: Int, height: Int, videos: [Video],
    sections: [Section],
    provenance: [String: String] = [:]
  ) {
    (self.seed, self.explainers, self.reuse) = (seed, explainers, reuse)
    (self.width, self.height) = (width, height)
    (self.videos, self.sections, self.provenance) = (videos, sections, provenance)
  }

  /// How many forms there are.
  public var forms: Int { sections.map(\.form).max() ?? 0 }

  /// The numbers of a form's sections.
  public func sections(ofForm form: Int) -> [Int] { sections.filter { $0.form == form }.map(\.number) }

  /// Every file that may be served from `media`.
  public var mediaFiles: Set<String> {
    Set(videos.flatMap { [$0.media, $0.poster] } + sections.flatMap { $0.animations.values })
  }

  /// The video of a name.
  public func video(_ name: String) -> Video? { videos.first { $0.name == name } }

  /// The study as it is written: sorted keys, so that equal studies are equal files.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Reads `study.json` in a study's folder.
  ///
  /// - Throws: ``SurveyError``: no such file, no study, or one that contradicts itself.
  public static func read(_ folder: String) throws(SurveyError) -> Study {
    let path = folder + "/study.json"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SurveyError("there is no study.json; make a study with whyfake-survey create", path: folder)
    }
    let study: Study
    do {
      study = try JSONDecoder().decode(Study.self, from: data)
    } catch {
      throw SurveyError("is no study of whyfake-survey, or a damaged one", path: path)
    }
    if let problem = study.problem { throw SurveyError(problem, path: path) }
    return study
  }

  /// What contradicts itself; nil where nothing does.
  var problem: String? {
    guard schemaVersion == Study.schemaVersion else {
      return "is of version \(schemaVersion); this program reads \(Study.schemaVersion)"
    }
    guard !sections.isEmpty, sections.map(\.number) == Array(1...sections.count) else {
      return "its sections are not numbered from 1"
    }
    guard explainers.count >= 2, explainers.count <= 12, Set(explainers).count == explainers.count else {
      return "a study compares 2 to 12 explainers, each once"
    }
    let labels = Dictionary(videos.map { ($0.name, $0.label) }) { first, _ in first }
    guard labels.count == videos.count else { return "two videos have one name" }
    for section in sections {
      guard labels[section.real] == .real, labels[section.fake] == .fake else {
        return "section \(section.number) is not of a real and a fake video that are listed"
      }
      guard Set(section.animations.keys) == Set(explainers) else {
        return "section \(section.number) has not one animation for each explainer"
      }
      guard (0...1).contains(section.probability) else {
        return "section \(section.number) has a probability that is none"
      }
    }
    guard Set(sections.map(\.form)) == Set(1...forms) else { return "its forms are not numbered from 1" }
    guard (1...10_000).contains(width), (1...10_000).contains(height) else {
      return "its videos have a size that is none"
    }
    guard mediaFiles.allSatisfy(Study.isMediaName) else {
      return "a media file has a name that it may not have"
    }
    return nil
  }

  /// Whether a name is one that `create` gives: 16 hexadecimal digits, `.mp4` or `.jpg`.
  public static func isMediaName(_ name: String) -> Bool {
    let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == 16,
      ["mp4", "jpg"].contains(String(decoding: parts[1], as: UTF8.self))
    else { return false }
    return parts[0].allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
