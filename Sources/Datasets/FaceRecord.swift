import Tensor

/// One face crop of a dataset: which video it is from, and what is known of it. A line of an ``FaceSet``'s index.
public struct FaceRecord: Sendable, Hashable, Codable {
  /// What its video is.
  public enum Label: String, Sendable, Hashable, Codable, CaseIterable {
    /// As the camera saw it.
    case real
    /// Manipulated.
    case fake
  }

  /// What a video is used for. Never differs between a fake and its original.
  public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
    /// Weights are fitted to it.
    case train
    /// Choices are made and figures are reported on it, each on its own ``FaceRecord/Half``.
    case validation
    /// Nothing but figures.
    case test
  }

  /// The two parts of a validation split, divided once, by original.
  public enum Half: String, Sendable, Hashable, Codable, CaseIterable {
    /// For choices: which weights, when to stop, the temperature.
    case select
    /// For figures, and nothing else.
    case report
  }

  /// Its picture, without the suffix: a file under the set's folder, or a member of ``shard``. Unique in a set.
  public var name: String
  /// Such as `dfdc`, `ffpp`, `celebdf`.
  public var dataset: String
  /// The video that it was cut from.
  public var video: String
  /// Whether that video is a fake.
  public var label: Label
  /// For a fake: the real video that it was made from, where that is known.
  public var original: String?
  /// How it was made, such as `Deepfakes`, where the dataset tells.
  public var method: String?
  /// What it is used for.
  public var split: Split
  /// The index of the frame in presentation order, where it is known.
  public var frame: Int?
  /// The detected face in upright pixels of the frame, `[x, y, width, height]`, where it is known.
  public var box: [Double]?
  /// Such as `c23`, where the dataset tells.
  public var compression: String?
  /// The tar archive that its picture lies in; nil for a file of its own.
  public var shard: String?

  /// A record from its parts.
  public init(
    name: String, dataset: String, video: String, label: Label, original: String? = nil,
    method: String? = nil,
    split: Split, frame: Int? = nil, box: [Double]? = nil, compression: String? = nil, shard: String? = nil
  ) {
    (self.name, self.dataset, self.video, self.label) = (name, dataset, video, label)
    (self.original, self.method, self.split, self.frame) = (original, method, split, frame)
    (self.box, self.compression, self.shard) = (box, compression, shard)
  }

  /// What must never be divided: the original and all fakes made from it. Intervals are taken over these.
  public var group: String { "\(dataset)/\(original ?? video)" }

  /// The half of the validation split that its original belongs to: by the last bit of the SHA-256 of the original's name.
  public var half: Half {
    var hash = SHA256()
    hash.update((original ?? video).utf8)
    return Int(String(hash.finish().last!), radix: 16)! & 1 == 0 ? .select : .report
  }
}
