import ArgumentParser
import Datasets
import Detector
import Evaluation
import Foundation
import Tensor
import Training

extension FaceRecord.Split: Choice {}
extension FaceRecord.Half: Choice {}

/// Which crops detectors are judged on, and how sure one wants to be.
struct EvaluationOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Folders of face crops with an index.csv, as `whyfake faces` makes them.", valueName: "folder"))
  var folders: [String] = []

  @Option(help: "Crops of this split; validation unless --scores is given, which is taken whole.")
  var split: FaceRecord.Split?

  @Option(help: "Only this half of the validation split: divided once, by original.")
  var half: FaceRecord.Half?

  @Option(help: "Side of the detectors' input in pixels; by default what each was trained with.")
  var size: Int?

  @Option(help: "How often originals are drawn anew for intervals.")
  var resamples = 1000

  @Option(help: "Share of resamples within an interval.")
  var level = 0.95

  @Option(help: "Seed of the draws.")
  var seed: UInt64 = 0

  @Option(help: "Threads to compute with; by default one a core.")
  var threads: Int?

  mutating func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); give a number from 1 to 1024.")
    }
    if let size, !(16...4096).contains(size) {
      throw ValidationError("--size is \(size); give a number of pixels from 16 to 4096.")
    }
    guard (1...1_000_000).contains(resamples) else {
      throw ValidationError("--resamples is \(resamples); give a number from 1 to 1000000.")
    }
    guard level > 0, level < 1 else {
      throw ValidationError("--level is \(level); give a share such as 0.95.")
    }
    if let split, split != .validation, half != nil {
      throw ValidationError("--half parts the validation split; \(split.rawValue) has no halves.")
    }
  }

  var bootstrap: Bootstrap { Bootstrap(resamples: resamples, level: level, seed: seed) }

  /// The face sets, with what to do about a folder that is none.
  func sets() throws -> [FaceSet] {
    try folders.map { folder in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
        throw Failure("\(Terminal.shown(folder)): there is no such folder")
      }
      guard FileManager.default.fileExists(atPath: folder + "/index.csv") else {
        throw Failure(
          "\(Terminal.shown(folder)): has no index.csv; make face crops of videos with `whyfake faces`")
      }
      return try FaceSet(folder)
    }
  }

  /// Whether a record is to be judged.
  func isJudged(_ record: FaceRecord, among split: FaceRecord.Split?) -> Bool {
    (split == nil || record.split == split)
      && (half == nil || record.split == .validation && record.half == half)
  }

  /// What is judged, in words, such as `validation, report half`.
  func selection(_ split: FaceRecord.Split?) -> String {
    [split?.rawValue, half.map { "\($0.rawValue) half" }].compactMap(\.self).joined(separator: ", ")
  }

  /// A detector by name or file, with what there is to say against it.
  func detector(_ model: String) throws -> DeepfakeDetector {
    var overrides = DeepfakeDetector.Overrides()
    overrides.inputSize = size
    let detector = try DeepfakeDetector.load(model, overrides)
    if let warning = detector.network.architecture.warning {
      Terminal.message("\(Terminal.shown(model)): \(warning)")
    }
    return detector
  }
}

extension Scoring {
  /// Scores what `isWanted` of `sets`, with progress on the terminal; bad pictures are left out.
  static func run(
    _ detector: DeepfakeDetector, on sets: [FaceSet], label: String = "scoring",
    where isWanted: (FaceRecord) -> Bool
  ) throws -> Result {
    var scoring = try Scoring(detector)
    scoring.badPictures = .skip
    let indices = sets.map { set in set.records.indices.filter { isWanted(set.records[$0]) } }
    let all = indices.reduce(0) { $0 + $1.count }
    var (result, before) = (Result(), 0)
    for (set, indices) in zip(sets, indices) {
      let part = try scoring.run(on: set, indices: indices) { done in
        ProgressLine.shared.show(
          label, Double(before + done) / Double(all),
          detail: "\(Words.grouped(before + done)) of \(Words.grouped(all)) crops")
      }
      before += indices.count
      result.faces += part.faces
      result.problems += part.problems
      result.detectorSeconds += part.detectorSeconds
    }
    ProgressLine.shared.clear()
    return result
  }
}

extension [DatasetError] {
  /// A line for each of the first, and how many there are.
  func tell() {
    for problem in prefix(20) { Terminal.message(oneLine(problem)) }
    if count > 20 { Terminal.message("and \(count - 20) more") }
    if !isEmpty { Terminal.message("\(Words.count(count, "picture")) left out") }
  }
}
