import ArgumentParser
import Explainers
import Foundation

/// What is said of how to explain.
struct ExplainerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How shap and lime cut the clip: slic (supervoxels), slic-frame (each frame by itself), grid (5×5, two frames deep), face (regions of "
        + "the face), or a .npy file of labels (T×S×S).", valueName: "way-or-file"))
  var segments: String = SegmentsChoice.slic.rawValue

  @Option(help: "Segments that slic aims at, for the whole clip; by default about 25 in a frame.")
  var segmentCount: Int?

  @Option(
    help:
      "What is seen where something is taken away: the segment's mean colour, grey, blur, or the paired video; paired if there is one."
  )
  var replacement: ReplacementChoice?

  @Option(
    help: ArgumentHelp(
      "The real video that this fake was made from, frame by frame (a picture for a picture, a clip for a clip).",
      valueName: "file"))
  var paired: String?

  @Option(
    help: ArgumentHelp(
      "Crops that shap may send through the network, in all; by default \(ExplainerOptions.perSegment) for each "
        + "segment of each frame.", valueName: "passes"))
  var budget: Int?

  @Option(
    help: ArgumentHelp(
      "shap stops when no standard error is larger than this share of the largest value.", valueName: "share")
  )
  var precision: Double?

  @Flag(help: "Weigh each frame's map by how sure the detector is of the frame.")
  var weighted = false

  @Flag(help: "Add one map that combines all explainers: the mean of their ranks.")
  var combined = false

  static let perSegment = 8

  func validate() throws {
    if let segmentCount, !(1...1_000_000).contains(segmentCount) {
      throw ValidationError("--segment-count is \(segmentCount); give a number from 1 to 1000000.")
    }
    if let budget, budget < 1 { throw ValidationError("--budget is \(budget); give a number above 0.") }
    if let precision, !(precision > 0 && precision < 1) {
      throw ValidationError("--precision is \(precision); give a share between 0 and 1.")
    }
    if SegmentsChoice(rawValue: segments) == nil, !segments.hasSuffix(".npy") {
      throw ValidationError(
        "--segments is '\(segments)'; there is \(SegmentsChoice.allValueStrings.joined(separator: ", ")), "
          + "or a .npy file.")
    }
    if segmentCount != nil, ![SegmentsChoice.slic, .slicFrame].contains(SegmentsChoice(rawValue: segments)) {
      throw ValidationError("--segment-count is for slic and slic-frame.")
    }
  }

  /// What is seen where something is taken away.
  var chosenReplacement: ReplacementChoice { replacement ?? (paired == nil ? .mean : .paired) }
}

/// Ways to cut a clip.
enum SegmentsChoice: String, Choice {
  case slic
  case slicFrame = "slic-frame"
  case grid, face
}

/// What is seen where something is taken away.
enum ReplacementChoice: String, Choice {
  case mean, grey, blur, paired

  /// What the methods are told.
  var replacement: Replacement {
    switch self {
    case .mean: .mean
    case .grey: .grey()
    case .blur: .blur()
    case .paired: .paired
    }
  }

  /// For those who read a report.
  var words: String {
    switch self {
    case .mean: "the mean colour of what is taken away"
    case .grey: "grey"
    case .blur: "the face made soft"
    case .paired: "the paired real video"
    }
  }
}

extension ExplainerOptions {
  /// The way to cut the clip.
  func segmentation() throws -> any Segmentation {
    switch SegmentsChoice(rawValue: segments) {
    case .slic: SLIC(count: segmentCount)
    case .slicFrame: SLIC(count: segmentCount, space: .frame)
    case .grid: SegmentGrid(rows: 5, columns: 5, framesPerSegment: 2)
    case .face: FaceSegments()
    case nil: try GivenSegments(npy: segments)
    }
  }
}
