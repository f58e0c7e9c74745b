import Foundation

/// What a detector said of one crop, or of one video, and what is true of it.
public struct ScoredSample: Sendable, Hashable, Codable {
  /// What it is called.
  public var name: String
  /// What the detector said; above 0 means fake. Finite.
  public var logit: Double
  /// Whether it is a fake.
  public var isFake: Bool
  /// The original that it is or was made from: samples of one group are not independent, and intervals are taken over
  /// groups.
  public var group: String
  /// Such as `dfdc`; nil if unknown.
  public var dataset: String?
  /// The video that it is from; nil if unknown: it is a video of its own then.
  public var video: String?
  /// How a fake was made, such as `Deepfakes`; nil if unknown.
  public var method: String?
  /// Side of the face in pixels of the video's frame; nil if unknown.
  public var faceSide: Double?
  /// Such as `c23`; nil if unknown.
  public var compression: String?
  /// Index of the frame; nil for a video, or if unknown.
  public var frame: Int?

  /// A sample from its parts.
  public init(
    name: String, logit: Double, isFake: Bool, group: String, dataset: String? = nil, video: String? = nil,
    method: String? = nil, faceSide: Double? = nil, compression: String? = nil, frame: Int? = nil
  ) {
    (self.name, self.logit, self.isFake, self.group) = (name, logit, isFake, group)
    (self.dataset, self.video, self.method) = (dataset, video, method)
    (self.faceSide, self.compression, self.frame) = (faceSide, compression, frame)
  }

  /// The probability of fake that the logit stands for, σ(logit).
  public var probability: Double { Logistic.probability(logit) }
}

extension [ScoredSample] {
  /// One sample for each video, in the order of their first frames: its logit is the mean of its frames' logits, its
  /// face's side the mean of those that are known, everything else as in its first frame.
  public var videos: [ScoredSample] {
    var places: [[String?]: Int] = [:]
    var videos: [(sample: ScoredSample, count: Int, sides: [Double])] = []
    for sample in self {
      let key = [sample.dataset, sample.group, sample.video ?? sample.name, sample.compression]
      if let place = places[key] {
        videos[place].sample.logit += sample.logit
        videos[place].count += 1
        if let side = sample.faceSide { videos[place].sides.append(side) }
      } else {
        places[key] = videos.count
        var video = sample
        video.name = sample.video ?? sample.name
        video.frame = nil
        videos.append((video, 1, sample.faceSide.map { [$0] } ?? []))
      }
    }
    return videos.map { entry in
      var video = entry.sample
      video.logit /= Double(entry.count)
      video.faceSide = entry.sides.isEmpty ? nil : entry.sides.reduce(0, +) / Double(entry.sides.count)
      return video
    }
  }

  /// The same with all logits divided by `temperature`, above 0.
  public func cooled(by temperature: Double) -> [ScoredSample] {
    precondition(temperature > 0 && temperature.isFinite, "cooled: by a temperature of \(temperature)")
    return map { sample in
      var sample = sample
      sample.logit /= temperature
      return sample
    }
  }
}

/// The logistic function and its logarithm, without overflow.
enum Logistic {
  /// σ(z).
  static func probability(_ z: Double) -> Double {
    z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z))
  }

  /// −ln σ(margin): the loss of a sample whose logit speaks for its own class by `margin`.
  static func loss(_ margin: Double) -> Double { max(0, -margin) + log1p(exp(-abs(margin))) }
}
