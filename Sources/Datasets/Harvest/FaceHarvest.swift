public import FaceCrop
import Foundation
import Tensor
import VideoIO

/// Extracts the faces of datasets to a ``FaceSet``: for each video one face in evenly spaced frames.
///
/// ```swift
/// let data = try VideoDataset("FaceForensics++")
/// let report = try FaceHarvest([data], detector: BlazeFace()).run(output: "faces")
/// let set = try FaceSet("faces")
/// ```
///
/// Faces are found and followed as for a verdict; the judged track that is seen most often is taken. A fake is cropped at its
/// original's frames with its original's boxes, if what is around the face looks the same in both (at most 5 of 255 apart,
/// median over the frames, and no further than from the original's neighbouring moments), so that a pair differs by the
/// manipulation and nothing else. A video is one thread's from the first frame to the last; videos are done side by side.
///
/// A run can be ended at any moment and started again: videos that are done stay done, the others are done anew, and the
/// set comes out the same to the byte. Videos that could not be read are tried again.
public struct FaceHarvest: Sendable {
  /// What is extracted.
  public let datasets: [VideoDataset]
  /// What is cut out, and how it is kept.
  public let options: HarvestOptions
  /// Finds the faces.
  public let detector: any FaceDetector

  /// A harvest from its parts.
  public init(
    _ datasets: [VideoDataset], detector: any FaceDetector, options: HarvestOptions = HarvestOptions()
  ) {
    (self.datasets, self.detector, self.options) = (datasets, detector, options)
  }

  /// Fills the folder `output`; it works on the calling thread and on those of `ComputeRuntime`.
  ///
  /// - Returns: what is in the set afterwards, and what was skipped.
  /// - Throws: ``DatasetError`` if `output` holds something else, was begun with other options or cannot be written to (a full
  ///   disk), and if two datasets have a video of one name; what the detector or `context` throws. What was done is kept.
  public func run(output: String, context: HarvestContext = HarvestContext()) throws -> HarvestReport {
    var root = output
    while root.count > 1, root.hasSuffix("/") { root.removeLast() }
    let videos = datasets.flatMap(\.videos)
    var places: [String: String] = [:]
    for video in videos {
      if let other = places.updateValue(video.path, forKey: video.place) {
        throw DatasetError(
          .badIndex, "is called \(video.place) like \(other); give one dataset another name", path: video.path
        )
      }
    }
    let store = try HarvestStore(root, options: options)
    var finished: [String: HarvestedVideo] = [:]
    for video in videos {
      guard let record = store.record(video.place) else { continue }
      let described = record.described(as: video)
      if described != record { try store.update(described) }
      finished[video.place] = described
    }
    let schedule = HarvestSchedule(videos, finished: finished, options)
    let workers = max(1, min(ComputeRuntime.threads, schedule.count))
    let harvester = VideoHarvester(
      options: options, detector: detector, decoderThreads: workers > 1 ? 1 : ComputeRuntime.threads,
      checkCancellation: {
        try context.checkCancellation()
        try schedule.checkFailure()
      })
    // Each part is a thread's: what a video's faces take is not split further there.
    ComputeRuntime.split(workers) { _ in
      while let job = schedule.next() {
        do {
          try schedule.work(on: job, by: harvester, store, context)
        } catch let error as VideoError {
          schedule.skip(job, error, context.progress)
        } catch {
          schedule.fail(error)
        }
      }
    }
    if let failure = schedule.failure { throw failure }
    try context.checkCancellation()
    let records = try store.records()
    let report = report(records, skipped: schedule.skipped)
    try store.finish(records, report)
    return report
  }

  private func report(_ records: [HarvestedVideo], skipped: [HarvestReport.Skipped]) -> HarvestReport {
    var report = HarvestReport()
    var counts: [String: HarvestReport.Count] = [:]
    let paths = Dictionary(
      datasets.flatMap(\.videos).map { ($0.place, $0.path) }, uniquingKeysWith: { first, _ in first })
    for record in records {
      guard !record.crops.isEmpty else {
        report.skipped.append(
          .init(
            dataset: record.dataset, path: paths[record.place] ?? record.place, reason: .noFace,
            message: "no face is in half of its frames" + (record.remark.map { "; \($0)" } ?? "")))
        continue
      }
      let key = [record.dataset, record.split.rawValue, record.label.rawValue, record.method ?? ""]
        .joined(separator: "\n")
      counts[
        key,
        default: .init(
          dataset: record.dataset, split: record.split, label: record.label, method: record.method, videos: 0,
          crops: 0)
      ].add(record.crops.count)
      switch record.pairing {
      case .follows: report.followingFakes += 1
      case .withoutOriginal: report.fakesWithoutOriginal += 1
      case .unlikeOriginal: report.fakesUnlikeOriginal += 1
      case nil: break
      }
      if let remark = record.remark { report.remarks.append(.init(video: record.place, message: remark)) }
    }
    report.counts = counts.sorted { $0.key < $1.key }.map(\.value)
    report.skipped += skipped
    for dataset in datasets {
      report.skipped += dataset.omissions.map {
        .init(dataset: dataset.name, path: $0.path, reason: .unusable, message: $0.reason)
      }
      report.notes += dataset.notes.map { "\(dataset.folder): \($0)" }
    }
    report.skipped.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    return report
  }
}

extension HarvestReport.Count {
  fileprivate mutating func add(_ crops: Int) {
    videos += 1
    self.crops += crops
  }
}
