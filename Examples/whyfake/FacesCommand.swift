import ArgumentParser
import Datasets
import Detector
import FaceCrop
import Foundation
import Tensor
import VideoIO

extension DatasetLayout: Choice {}

/// How `faces` divides a dataset.
enum SplitChoice: String, Choice {
  case published, hash, train, validation, test

  var rule: SplitRule {
    switch self {
    case .published: .published
    case .hash: .hash
    case .train: .all(.train)
    case .validation: .all(.validation)
    case .test: .all(.test)
    }
  }
}

/// `whyfake faces`: extracts the faces of datasets, once.
struct FacesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "faces",
    abstract: "Extracts face crops from datasets of videos, for train and evaluate.",
    discussion: """
      Writes a folder with the crops, index.csv and report.json (Documentation/Datasets.md). It can be ended at any \
      moment and started again: videos that are done are not done again.
      """)

  @Argument(
    help: ArgumentHelp(
      "Folders of datasets: DFDC, FaceForensics++, Celeb-DF v2, or any with real/ and fake/.",
      valueName: "input"))
  var inputs: [String]

  @Option(help: "The folder of the set; an earlier one is added to.")
  var output: String

  @Option(help: "Frames of a video, evenly spaced.")
  var frames = 32

  @Option(help: "Side of the crops in pixels.")
  var size = 224

  @Option(
    help: ArgumentHelp(
      "How a face becomes a crop: scale, tight, margin:FRACTION, stretched:FRACTION, letterbox:FRACTION or "
        + "square:SCALE,SHIFTX,SHIFTY. By default that of the model \(ModelZoo.defaultModel).",
      valueName: "policy"),
    transform: CropPolicy.init(argument:))
  var policy: CropPolicy?

  @Option(help: "How the folders are laid out; by default their names tell.")
  var layout: DatasetLayout?

  @Option(
    help: "How a dataset is divided: as published (else by hash), by hash, or all of it into one split.")
  var split = SplitChoice.published

  @Option(
    help: "What to call the dataset in the index; by default its layout, or its folder for real/ and fake/.")
  var name: String?

  @Option(help: "JPEG quality of the crops, from 1 to 100.")
  var quality = 95

  @Flag(help: "Store the crops as PNG, without loss.")
  var png = false

  @Flag(help: "Crop each fake by itself, not with the boxes of its original.")
  var unpaired = false

  @Option(help: "Threads to compute with; by default one a core.")
  var threads: Int?

  mutating func validate() throws {
    try WhyFakeTool.validate(frames: frames)
    guard !inputs.isEmpty else { throw ValidationError("Give the folder of a dataset.") }
    guard (16...4096).contains(size) else {
      throw ValidationError("--size is \(size); give a number of pixels from 16 to 4096.")
    }
    guard (1...100).contains(quality) else {
      throw ValidationError("--quality is \(quality); give a number from 1 to 100.")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); give a number from 1 to 1024.")
    }
    if let policy, !policy.isValid {
      throw ValidationError("--policy \(policy.name) makes no sense; its numbers are too large or negative.")
    }
    guard name == nil || inputs.count == 1 else {
      throw ValidationError("--name is for one input; there are \(inputs.count).")
    }
  }

  func run() throws {
    ComputeRuntime.prepareProcess(threads: threads)
    let report: HarvestReport
    do {
      let datasets = try inputs.map {
        try VideoDataset($0, layout: layout, splits: split.rule, name: name)
      }
      let policy = policy ?? ModelZoo.record(named: ModelZoo.defaultModel)?.cropPolicy ?? .scale
      let options = HarvestOptions(
        frames: frames, size: size, policy: policy, format: png ? .png : .jpeg(quality: quality),
        followsOriginals: !unpaired)
      report = try FaceHarvest(datasets, detector: BlazeFace(), options: options)
        .run(output: output, context: .shown)
    } catch {
      Terminal.message(oneLine(error))
      throw ExitCode.failure
    }
    ProgressLine.shared.clear()
    for note in report.notes { Terminal.message(Terminal.shown(note)) }
    for skipped in report.skipped {
      Terminal.message("\(Terminal.shown(skipped.path)): skipped: \(Terminal.shown(skipped.message))")
    }
    for line in report.lines { try Terminal.result(line) }
    if report.hasErrors { throw ExitCode.failure }
  }
}

extension HarvestReport {
  /// What there is, in columns, and what is not.
  fileprivate var lines: [String] {
    var rows = counts.map {
      [
        $0.dataset, $0.split.rawValue, $0.label.rawValue, $0.method ?? "-", "\($0.videos) videos",
        "\($0.crops) crops",
      ]
    }
    rows.append(["all", "", "", "", "\(videos) videos", "\(crops) crops"])
    let widths = rows[0].indices.map { i in rows.map { $0[i].count }.max() ?? 0 }
    var lines = rows.map { row in
      zip(row, widths).map { text, width in text.padding(toLength: width, withPad: " ", startingAt: 0) }
        .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
    }
    if followingFakes + fakesWithoutOriginal + fakesUnlikeOriginal > 0 {
      lines.append(
        "fakes: \(followingFakes) cropped with their originals' boxes, \(fakesWithoutOriginal) without an original "
          + "at hand, \(fakesUnlikeOriginal) that do not show their original's scene")
    }
    if !skipped.isEmpty {
      let reasons = Reason.allCases.compactMap { reason -> String? in
        let count = skipped.count { $0.reason == reason }
        return count > 0 ? "\(count) \(reason.words)" : nil
      }
      lines.append("skipped: \(reasons.joined(separator: ", "))")
    }
    return lines
  }
}

extension HarvestReport.Reason {
  fileprivate var words: String {
    switch self {
    case .noFace: "without a face"
    case .unreadable: "unreadable"
    case .unusable: "unusable"
    }
  }
}

extension HarvestContext {
  /// Progress on the terminal; Ctrl-C leaves nothing that is not whole.
  fileprivate static var shown: HarvestContext {
    HarvestContext(
      progress: { progress in
        ProgressLine.shared.show(
          "extracting faces:", progress.done,
          detail: "\(progress.videos)/\(progress.allVideos) videos, \(progress.crops) new crops")
      },
      begin: { try Interruption.shared.begin($0) },
      settle: { try Interruption.shared.settle($0, $1) })
  }
}
