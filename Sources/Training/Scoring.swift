public import Datasets
public import Detector
public import Evaluation
import FaceCrop
import Tensor
import VideoIO

/// Asks a detector about crops of a face set: pictures are decoded, scaled to the detector's size with the triangle filter
/// and scored batch by batch, each of the steps on all threads.
public struct Scoring: Sendable {
  /// Who is asked.
  public let detector: any Classifier
  /// Crops that are scored at once.
  public var batchSize = 64
  /// What is done about a picture that cannot be read.
  public var badPictures = BadPictures.refuse

  /// What is done about a picture that cannot be read.
  public enum BadPictures: Sendable, Equatable {
    /// The first one ends it with an error.
    case refuse
    /// They are left out and named.
    case skip
  }

  /// What was found.
  public struct Result: Sendable {
    /// Records with their logits, in the order asked for.
    public var faces: [ScoredFace] = []
    /// What is wrong with the pictures that were left out.
    public var problems: [DatasetError] = []
    /// Seconds that the detector itself took, pictures not counted.
    public var detectorSeconds = 0.0

    /// Nothing yet.
    public init() {}

    /// The same as samples to be judged.
    public var samples: [ScoredSample] { faces.map(\.sample) }
  }

  /// Asks `detector`, which must score crop by crop.
  ///
  /// - Throws: `DetectorError` if it does not.
  public init(_ detector: any Classifier) throws(DetectorError) {
    guard detector.info.scoresFrameByFrame else {
      throw DetectorError(
        .badRequest, "\(detector.info.name) does not score crop by crop; it cannot be judged on crops")
    }
    self.detector = detector
  }

  /// Scores records `indices` of `faces`.
  ///
  /// - Parameter progress: told how many are done; what it throws ends the work.
  /// - Throws: `DatasetError`, what the detector throws, or `CancellationError`.
  public func run(
    on faces: FaceSet, indices: [Int], progress: (_ done: Int) throws -> Void = { _ in }
  ) throws -> Result {
    precondition(batchSize > 0, "Scoring: batches of \(batchSize)")
    let size = detector.info.inputSize
    var result = Result()
    result.faces.reserveCapacity(indices.count)
    for start in stride(from: 0, to: indices.count, by: batchSize) {
      try Task.checkCancellation()
      let batch = Array(indices[start..<min(start + batchSize, indices.count)])
      let pictures = ComputeRuntime.map(batch.count) { i in
        Swift.Result { () throws(DatasetError) in
          try faces.picture(batch[i]).resized(width: size, height: size)
        }
      }
      var (kept, crops) = ([Int](), [RGBImage]())
      for (index, picture) in zip(batch, pictures) {
        switch picture {
        case .success(let crop):
          kept.append(index)
          crops.append(crop)
        case .failure(let problem):
          if badPictures == .refuse { throw problem }
          result.problems.append(problem)
        }
      }
      if !kept.isEmpty {
        let input = Tensor(crops: crops[...])
        let started = ContinuousClock.now
        let logits = try detector.logits(input).elements
        result.detectorSeconds += (ContinuousClock.now - started) / .seconds(1)
        for (index, logit) in zip(kept, logits) {
          guard logit.isFinite else {
            throw DetectorError(
              .badRequest,
              "\(detector.info.name) gives \(faces.records[index].name) a logit of \(logit); its weights are damaged"
            )
          }
          result.faces.append(ScoredFace(record: faces.records[index], logit: Double(logit)))
        }
      }
      try progress(start + batch.count)
    }
    return result
  }
}

/// A record of a face set and what a detector said of it.
public struct ScoredFace: Sendable, Hashable {
  /// The record.
  public var record: FaceRecord
  /// The logit; above 0 means fake.
  public var logit: Double

  /// A scored face from its parts.
  public init(record: FaceRecord, logit: Double) { (self.record, self.logit) = (record, logit) }

  /// The same as a sample to be judged. Its face's side is the root of its box's area.
  public var sample: ScoredSample {
    ScoredSample(
      name: record.name, logit: logit, isFake: record.label == .fake, group: record.group,
      dataset: record.dataset.isEmpty ? nil : record.dataset, video: record.video, method: record.method,
      faceSide: record.box.flatMap { $0.count == 4 ? ($0[2] * $0[3]).squareRoot() : nil },
      compression: record.compression, frame: record.frame)
  }
}
