import Dispatch
import Foundation
public import SurveyModel
import Synchronization

/// Makes a study's folder: pairs, explanations, web videos, key, texts, secrets. It appears whole or not at all.
public struct StudyMaker {
  /// What a study is to be.
  public struct Options: Sendable {
    /// How many sections; nil is as many as the videos allow.
    public var sections: Int?
    /// Into how many forms the sections are dealt.
    public var forms: Int
    /// How often one video may be used.
    public var reuse: Int
    /// Which of a section's videos is explained; nil draws.
    public var subject: Study.Label?
    /// What is compared.
    public var explainers: [String]
    /// Languages to begin with.
    public var languages: [String]
    /// The seed of all that is drawn.
    public var seed: UInt64
    /// How videos are made for the web.
    public var web: WebVideo
    /// Pictures a second of animations.
    public var pace: Double

    /// The defaults of the study: 20 sections, one form, each video once.
    public init(
      sections: Int? = 20, forms: Int = 1, reuse: Int = 1, subject: Study.Label? = .fake,
      explainers: [String] = ["gradcam", "shap", "ltpa", "attention"], languages: [String] = ["en", "it"],
      seed: UInt64 = 0, web: WebVideo = WebVideo(), pace: Double = 4
    ) {
      (self.sections, self.forms, self.reuse, self.subject) = (sections, forms, reuse, subject)
      (self.explainers, self.languages, self.seed) = (explainers, languages, seed)
      (self.web, self.pace) = (web, pace)
    }
  }

  /// How far it is: what is being done, and which share of all.
  public typealias Progress = (String, Double) -> Void

  private let options: Options
  private let tool: ExplainTool
  private let progress: Progress
  private let note: (String) -> Void

  /// A maker.
  ///
  /// - Parameters:
  ///   - options: what the study is to be.
  ///   - tool: explains.
  ///   - progress: called often.
  ///   - note: called with each line that is to be told.
  public init(
    _ options: Options, tool: ExplainTool, progress: @escaping Progress, note: @escaping (String) -> Void
  ) {
    (self.options, self.tool, self.progress, self.note) = (options, tool, progress, note)
  }

  /// Makes the study of `pool` in the folder `folder`, which is there already and empty.
  ///
  /// - Throws: ``SurveyError``: too few videos, one that cannot be read, no room.
  public func make(_ pool: VideoPool, in folder: String, provenance: [String: String]) throws -> Study {
    let planned = try plan(pool)
    let sections = planned.sections
    try FileManager.default.createDirectory(atPath: "\(folder)/media", withIntermediateDirectories: true)
    let used = Array(Set(sections.flatMap { [$0.real, $0.fake] })).sorted()
    let videos = try webVideos(used.map { planned.pool[$0] }, folder)
    var study = Study(
      seed: options.seed, explainers: options.explainers, reuse: options.reuse,
      width: options.web.width, height: options.web.height, videos: videos,
      sections: [], provenance: provenance)
    // One animation may be in two sections: the same explanations of the same video.
    var animations: [Int: [String: String]] = [:]
    for (place, section) in sections.enumerated() {
      progress("animations", 0.95 + 0.05 * Double(place) / Double(sections.count))
      let subject = section.subject == .fake ? section.fake : section.real
      if animations[subject] == nil {
        animations[subject] = try section.explained.animations.mapValues { source in
          let name = Self.mediaName("mp4")
          try WebVideo.animation(from: source, to: "\(folder)/media/\(name)", pace: options.pace)
          return name
        }
      }
      study.sections.append(
        Study.Section(
          number: place + 1, form: section.form, real: planned.pool[section.real].name,
          fake: planned.pool[section.fake].name, subject: section.subject, belief: section.explained.belief,
          probability: section.explained.probability ?? 0, animations: animations[subject] ?? [:]))
    }
    try write(study, in: folder)
    return study
  }

  private struct Planned {
    var pool: [PoolVideo]
    var sections: [PlannedSection]
  }

  private struct PlannedSection {
    var (real, fake): (Int, Int)
    var form: Int
    var subject: Study.Label
    var explained: ExplainTool.Explained
  }

  /// Pairs whose subjects can be explained: a video without a face that can be judged is taken out, and pairs are found anew.
  private func plan(_ pool: VideoPool) throws -> Planned {
    var videos = pool.videos
    var known: [String: ExplainTool.Explained] = [:]
    while true {
      let pairs = try Pairing(videos, count: options.sections, reuse: options.reuse, seed: options.seed).pairs
      guard pairs.count >= options.forms else {
        throw SurveyError("\(pairs.count) sections do not make \(options.forms) forms; ask for fewer --forms")
      }
      var generator = SeededGenerator(seed: options.seed, stream: 2)
      let subjects = pairs.map { _ in options.subject ?? (Bool.random(using: &generator) ? .fake : .real) }
      let explained = zip(pairs, subjects).map { $1 == .fake ? $0.fake : $0.real }
      var faceless: Set<String> = []
      let asked = Array(Set(explained)).sorted()
      for (place, index) in asked.enumerated() {
        let video = videos[index]
        progress(
          "explaining \((video.path as NSString).lastPathComponent)",
          0.7 * Double(place) / Double(asked.count))
        guard known[video.name] == nil else { continue }
        let found = try tool.explain(video.path, sha256: sha256(ofFile: video.path))
        known[video.name] = found
        if found.probability == nil { faceless.insert(video.name) }
        if found.probability != nil, Set(found.animations.keys) != Set(options.explainers) {
          throw SurveyError("was not explained by each explainer", path: video.path)
        }
      }
      if faceless.isEmpty {
        let forms = deal(pairs)
        let sections = pairs.indices.sorted { forms[$0] < forms[$1] }.map { i in
          PlannedSection(
            real: pairs[i].real, fake: pairs[i].fake, form: forms[i], subject: subjects[i],
            explained: known[videos[explained[i]].name]!)
        }
        return Planned(pool: videos, sections: sections)
      }
      for name in faceless.sorted() { note("\(name): left out: no face in it can be judged") }
      videos.removeAll { faceless.contains($0.name) }
    }
  }

  /// The form of each pair: a video's uses are dealt to different forms as far as that goes, and forms differ by one section at most.
  private func deal(_ pairs: [Pairing.Pair]) -> [Int] {
    var forms = [Int](repeating: 1, count: pairs.count)
    let order = pairs.indices.sorted { (pairs[$0].real, $0) < (pairs[$1].real, $1) }
    for (place, i) in order.enumerated() { forms[i] = place % options.forms + 1 }
    return forms
  }

  /// The web videos of the pool's videos, one for each processor at a time.
  private func webVideos(_ videos: [PoolVideo], _ folder: String) throws -> [Study.Video] {
    var made: [Study.Video] = []
    let together = max(1, ProcessInfo.processInfo.activeProcessorCount)
    let web = options.web
    for first in stride(from: 0, to: videos.count, by: together) {
      progress("videos for the web", 0.7 + 0.25 * Double(first) / Double(videos.count))
      let batch = Array(videos[first..<min(first + together, videos.count)])
      let results = Mutex([Result<Study.Video, any Error>?](repeating: nil, count: batch.count))
      DispatchQueue.concurrentPerform(iterations: batch.count) { i in
        let result = Result { try Self.webVideo(batch[i], web, folder) }
        results.withLock { $0[i] = result }
      }
      made += try results.withLock { try $0.map { try $0!.get() } }
    }
    return made
  }

  private static func webVideo(_ video: PoolVideo, _ web: WebVideo, _ folder: String) throws -> Study.Video {
    let (media, poster) = (mediaName("mp4"), mediaName("jpg"))
    do {
      try web.make(from: video.path, to: "\(folder)/media/\(media)", poster: "\(folder)/media/\(poster)")
    } catch let error as SurveyError {
      throw error
    } catch {
      throw SurveyError(String(describing: error))
    }
    return Study.Video(
      name: video.name, path: video.path, sha256: try sha256(ofFile: video.path), label: video.label,
      people: video.people.sorted(), media: media, poster: poster)
  }

  private func write(_ study: Study, in folder: String) throws {
    try FileManager.default.createDirectory(atPath: "\(folder)/texts", withIntermediateDirectories: true)
    for language in options.languages {
      guard let text = Texts.shipped[language] else {
        throw SurveyError(
          "there are no texts in \(language); shipped are \(Texts.shipped.keys.sorted().joined(separator: ", "))"
        )
      }
      try put(Data(text), "\(folder)/texts/\(language).json")
    }
    for name in ["secret", "admin-token"] {
      try put(Data((randomDigits(bytes: 32) + "\n").utf8), "\(folder)/\(name)", mode: 0o600)
    }
    try put(try study.json(), "\(folder)/study.json", mode: 0o600)
  }

  private func put(_ data: Data, _ path: String, mode: Int = 0o644) throws {
    guard FileManager.default.createFile(atPath: path, contents: data, attributes: [.posixPermissions: mode])
    else {
      throw SurveyError("cannot be written; make room on the disk or choose another --output", path: path)
    }
  }

  /// A name that says nothing.
  private static func mediaName(_ suffix: String) -> String { "\(randomDigits(bytes: 8)).\(suffix)" }
}
