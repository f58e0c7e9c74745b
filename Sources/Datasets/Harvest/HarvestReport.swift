/// What a harvest gave: what is in the set now, and what is not and why. `report.json` is its record.
public struct HarvestReport: Sendable, Hashable, Codable {
  /// Videos and crops of one kind.
  public struct Count: Sendable, Hashable, Codable {
    /// The dataset.
    public var dataset: String
    /// What they are used for.
    public var split: FaceRecord.Split
    /// Whether they are fakes.
    public var label: FaceRecord.Label
    /// How they were made, where it is known.
    public var method: String?
    /// Videos with at least one crop.
    public var videos: Int
    /// Their crops.
    public var crops: Int
  }

  /// Why a video is not in the set.
  public enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
    /// No face was found in enough frames.
    case noFace
    /// It cannot be read, or is damaged.
    case unreadable
    /// The dataset's folder has it in a way that cannot be used.
    case unusable

    /// Whether something is wrong with the file or the folder; a video without a face is as it is.
    public var isError: Bool { self != .noFace }
  }

  /// A video that is not in the set.
  public struct Skipped: Sendable, Hashable, Codable {
    /// The dataset.
    public var dataset: String
    /// The file.
    public var path: String
    /// Why.
    public var reason: Reason
    /// Why, in words.
    public var message: String
  }

  /// A video that is in the set, with something to say about it.
  public struct Remark: Sendable, Hashable, Codable {
    /// The video's place below the set's folder.
    public var video: String
    /// What there is to say.
    public var message: String
  }

  /// What is in the set, by dataset, split, label and method.
  public var counts: [Count] = []
  /// Fakes cropped with their originals' boxes.
  public var followingFakes = 0
  /// Fakes cropped by themselves because their original is not there or has no face.
  public var fakesWithoutOriginal = 0
  /// Fakes cropped by themselves because they do not show what their original shows, frame by frame.
  public var fakesUnlikeOriginal = 0
  /// What is not in the set.
  public var skipped: [Skipped] = []
  /// What there is to say about single videos: fewer crops than frames asked for, cut short.
  public var remarks: [Remark] = []
  /// What the datasets' readers said.
  public var notes: [String] = []

  /// Videos with at least one crop.
  public var videos: Int { counts.reduce(0) { $0 + $1.videos } }
  /// All crops.
  public var crops: Int { counts.reduce(0) { $0 + $1.crops } }
  /// Whether a video was skipped because something is wrong with it.
  public var hasErrors: Bool { skipped.contains { $0.reason.isError } }
}
