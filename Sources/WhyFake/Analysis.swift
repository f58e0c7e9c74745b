public import Detector
public import Explainers
public import FaceCrop
public import VideoIO

/// All that was found in one video, image or clip.
public struct Analysis: Sendable {
  /// What was looked at.
  public var input: Input
  /// The model that decided.
  public var model: ModelInfo
  /// The frames that were looked at, in order of presentation.
  public var frames: [SampledFrame]
  /// The faces that were followed, in the order of their first appearance.
  public var tracks: [Track]
  /// Wall time by stage, in the order of the work.
  public var timings: [Timing]
  /// What a reader should know about the input, in sentences; such as that the file seems to be cut short.
  public var notes: [String]

  /// An analysis from its parts.
  public init(
    input: Input, model: ModelInfo, frames: [SampledFrame], tracks: [Track], timings: [Timing] = [],
    notes: [String] = []
  ) {
    self.input = input
    self.model = model
    self.frames = frames
    self.tracks = tracks
    self.timings = timings
    self.notes = notes
  }

  /// The most fake of the judged tracks; nil where none is judged.
  public var decidingTrack: Track? {
    tracks.filter(\.judged).max { $0.opinion.logit < $1.opinion.logit }
  }

  /// The opinion on the whole: that on the most fake judged track; nil where none is judged.
  public var opinion: Opinion? { decidingTrack?.opinion }

  /// What is said of the whole.
  public var verdict: Verdict { opinion?.verdict ?? (tracks.isEmpty ? .noFace : .undecided) }
}

extension Analysis {
  /// What was looked at.
  public struct Input: Sendable, Equatable {
    /// Kinds of input.
    public enum Kind: String, Sendable, Codable {
      /// A file with a moving picture.
      case video
      /// A still picture.
      case image
      /// Crops as they are: uint8 T×S×S×3 in a `.npy` file.
      case clip
    }

    /// The path as it was given.
    public var path: String
    /// What it is.
    public var kind: Kind
    /// Width of the upright picture in pixels (of a crop, for a clip).
    public var width: Int
    /// Height of the upright picture in pixels.
    public var height: Int
    /// Frames in all.
    public var frameCount: Int
    /// Length in seconds; nil where there is no time.
    public var duration: Double?
    /// Mean frames a second; nil where there is no time.
    public var frameRate: Double?
    /// The codec's short name, such as `h264`; nil where there is none.
    public var codec: String?
    /// Clockwise quarter turns, in degrees, that were applied to make the picture upright.
    public var rotation: Int
    /// How colours were understood, such as `bt709 limited`; nil where there was nothing to decide.
    public var colour: String?

    /// An input from its parts.
    public init(
      path: String, kind: Kind, width: Int, height: Int, frameCount: Int, duration: Double? = nil,
      frameRate: Double? = nil, codec: String? = nil, rotation: Int = 0, colour: String? = nil
    ) {
      self.path = path
      self.kind = kind
      self.width = width
      self.height = height
      self.frameCount = frameCount
      self.duration = duration
      self.frameRate = frameRate
      self.codec = codec
      self.rotation = rotation
      self.colour = colour
    }
  }

  /// A frame that was looked at.
  public struct SampledFrame: Sendable, Equatable {
    /// Index in presentation order.
    public var index: Int
    /// Presentation time in seconds; nil for images and clips.
    public var time: Double?
    /// The whole frame made small, for people to look at; nil if it was not asked for.
    public var thumbnail: RGBImage?

    /// A frame from its parts.
    public init(index: Int, time: Double? = nil, thumbnail: RGBImage? = nil) {
      self.index = index
      self.time = time
      self.thumbnail = thumbnail
    }
  }

  /// One face, followed.
  public struct Track: Sendable {
    /// Its number within the input, from 0.
    public var number: Int { clip.track }
    /// Its crops and where they come from.
    public var clip: Clip
    /// Whether it was seen in enough frames to count for the verdict.
    public var judged: Bool
    /// The logit of each crop.
    public var logits: [Float]
    /// The logit of the clip: their mean.
    public var opinion: Opinion
    /// What the explainers said, in the order in which they were asked.
    public var explanations: [Explanation]

    /// A track from its parts; as many logits as crops.
    public init(clip: Clip, judged: Bool, logits: [Float], explanations: [Explanation] = []) {
      precondition(
        logits.count == clip.frames.count, "Track: \(logits.count) logits for \(clip.frames.count) crops")
      self.clip = clip
      self.judged = judged
      self.logits = logits
      opinion = Opinion(meanOf: logits) ?? Opinion(logit: 0)
      self.explanations = explanations
    }
  }

  /// What an explainer said of a face.
  public struct Explanation: Sendable {
    /// The map.
    public var map: ExplanationMap
    /// The crops that it explains: those of the track, unless the explainer's model wants others.
    public var clip: Clip

    /// An explanation from its parts.
    public init(map: ExplanationMap, clip: Clip) {
      self.map = map
      self.clip = clip
    }
  }

  /// How long a stage took.
  public struct Timing: Sendable, Equatable {
    /// The stage.
    public var stage: Stage
    /// Wall time in seconds.
    public var seconds: Double

    /// A timing from its parts.
    public init(stage: Stage, seconds: Double) {
      self.stage = stage
      self.seconds = seconds
    }
  }

  /// How far the work is.
  public struct Progress: Sendable, Equatable {
    /// What is being done.
    public var stage: Stage
    /// The explainer at work, by its name; nil in other stages.
    public var explainer: String?
    /// The share of this stage, or of this explainer's work, that is done, in [0, 1].
    public var done: Double

    /// A progress from its parts.
    public init(stage: Stage, explainer: String? = nil, done: Double) {
      self.stage = stage
      self.explainer = explainer
      self.done = done
    }
  }

  /// The steps of the work.
  public enum Stage: String, Sendable, Codable, CaseIterable {
    /// Decoding the sampled frames.
    case reading
    /// Finding, following and cutting out faces.
    case faces
    /// Asking the detector.
    case scoring
    /// Asking the explainers.
    case explaining
  }
}
