import ArgumentParser
import Explainers
import FaceCrop
import Foundation
import Tensor
import VideoIO

/// Cuts a clip into supervoxels; the peer is scikit-image, see supervoxels.py.
struct SLICCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slic", abstract: "Cuts a clip into supervoxels.")

  @Option(help: "The clip: a .npy file of uint8 [T, S, S, 3].")
  var clip: String

  @Option(help: "Wanted segments; 200 for 16 frames if not given.")
  var count: Int?

  @Option(help: "Weight of nearness.")
  var compactness: Double = 10

  @Option(help: "Pixels for a step of one frame.")
  var spacing: Double = 22

  @Flag(help: "Each frame by itself.")
  var perFrame = false

  @Option(help: "Write the labels as .npy, float32 [T, S, S].")
  var output: String?

  @OptionGroup var timing: TimingOptions

  func validate() throws {
    guard count.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--count is \(count ?? 0); give 1 or more.")
    }
    guard (0...1e6).contains(compactness) else {
      throw ValidationError("--compactness is \(compactness); give 0 or more.")
    }
    guard spacing > 0, spacing <= 1e6 else {
      throw ValidationError("--spacing is \(spacing); give more than 0.")
    }
  }

  func run() throws {
    timing.prepare()
    let bytes = try ByteArray(npy: clip)
    guard bytes.shape.count == 4, bytes.shape[1] == bytes.shape[2], bytes.shape[3] == 3,
      !bytes.elements.isEmpty
    else { throw Failure("\(clip) has the shape \(bytes.shape), not [T, S, S, 3]") }
    let (frames, size) = (bytes.shape[0], bytes.shape[1])
    let clip = Clip(bytes: bytes.elements, count: frames, side: size, size: size)
    let slic = SLIC(
      count: count, compactness: compactness, temporalSpacing: spacing, space: perFrame ? .frame : .spaceTime)
    var segments = slic.segments(of: clip)
    let times = try Timing.measure(runs: timing.runs, warm: 1, { segments = slic.segments(of: clip) })[0]
    if let output {
      try Tensor(shape: [frames, size, size], segments.labels.map(Float.init)).writeNPY(to: output)
    }
    JSONLine().adding("bench", "slic").adding("lib", "whyfake").adding("threads", timing.threads)
      .adding("clip", bytes.shape).adding("wanted", slic.wantedCount(frames: frames, size: size))
      .adding("segments", segments.count).adding("median_ms", times, per: 1, digits: 2).addingPeakMemory()
      .write()
  }
}

/// Writes the crops of a video's face as the tool makes them, for programs that compare on the same pixels.
struct CropsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crops", abstract: "Writes the face crops of a video as .npy, uint8 [T, S, S, 3].")

  @Option(help: "The video.")
  var video: String

  @Option(help: "A video of the same size, frame for frame: the same places are cut out of it.")
  var paired: String?

  @Option(help: "Frames, evenly spaced.")
  var frames: Int = 32

  @Option(help: "Side of the crops in pixels.")
  var size: Int = 224

  @Option(help: "Where to write.")
  var output: String

  @Option(help: "Where to write the paired video's.")
  var pairedOutput: String?

  func validate() throws {
    guard frames > 0 else { throw ValidationError("--frames is \(frames); give 1 or more.") }
    guard (1...4096).contains(size) else { throw ValidationError("--size is \(size); give 1 to 4096.") }
  }

  func run() throws {
    let recipe = CropRecipe(policy: .scale, size: size)
    var faces = FaceExtractor(detector: try BlazeFace(), recipes: [recipe])
    var reader = try VideoReader(path: video)
    try reader.frames(at: spread(frames, of: reader.properties.frameCount)) { try faces.add($0) }
    guard let clip = faces.tracks().first?.clip else { throw Failure("\(video) has no face") }
    try write(clip.crops, to: output)
    if let paired, let pairedOutput {
      var crops: [RGBImage] = []
      var reader = try VideoReader(path: paired)
      try reader.frames(at: clip.frames.map(\.index)) { frame in
        if let face = clip.frames[crops.count].face {
          crops.append(recipe.policy.crop(frame.image, face.box, size: size))
        }
      }
      guard crops.count == clip.crops.count else { throw Failure("\(paired) has too few frames") }
      try write(crops, to: pairedOutput)
    }
    JSONLine().adding("bench", "crops").adding("video", video).adding(
      "clip", [clip.crops.count, size, size, 3]
    )
    .write()
  }

  private func write(_ crops: [RGBImage], to path: String) throws {
    try ByteArray(shape: [crops.count, size, size, 3], crops.flatMap(\.pixels)).writeNPY(to: path)
  }
}
