import Foundation
public import VideoIO

/// Face crops with an index: a folder with `index.csv` and pictures, as files or as members of tar archives.
///
/// The index is a CSV file with a header; columns may stand in any order:
///
/// | column | |
/// | --- | --- |
/// | `name`, `label`, `split` | as in ``FaceRecord``; required |
/// | `dataset`, `video`, `original`, `method`, `frame`, `x`, `y`, `width`, `height`, `compression`, `shard` | as there; may be empty or missing |
///
/// Where there is no column `video` a record's name is its video. A picture is `<name>.jpg` or `<name>.png`.
public final class FaceSet: Sendable {
  /// Where it is.
  public let folder: String
  /// In the order of the index.
  public let records: [FaceRecord]
  private let shards: [String: TarShard]
  private let realCrops: [Moment: Int]

  /// A frame of a real video.
  private struct Moment: Hashable {
    let dataset: String
    let video: String
    let frame: Int?
    let compression: String?

    init(_ record: FaceRecord, video: String) {
      (dataset, self.video, frame) = (record.dataset, video, record.frame)
      compression = record.compression
    }
  }

  /// Reads the index of `folder` and the headers of its archives, which stay open; no pictures.
  ///
  /// - Throws: ``DatasetError`` that names the line, the archive or the file; so too where an archive lacks a picture.
  public init(_ folder: String) throws(DatasetError) {
    self.folder = folder
    records = try FaceIndex.read("\(folder)/index.csv")
    var shards: [String: TarShard] = [:]
    for name in Set(records.compactMap(\.shard)).sorted() { shards[name] = try TarShard("\(folder)/\(name)") }
    self.shards = shards
    for record in records {
      guard let name = record.shard, let shard = shards[name] else { continue }
      if Self.fileNames(record).allSatisfy({ shard.members[$0] == nil }) {
        throw DatasetError(
          .badShard, "has no \(Self.fileNames(record)[0]); the index says so", path: shard.path)
      }
    }
    var realCrops: [Moment: Int] = [:]
    for (i, record) in records.enumerated() where record.label == .real {
      realCrops[Moment(record, video: record.video)] = i
    }
    self.realCrops = realCrops
  }

  /// The crop of the same moment of the real video that record `index` was made from, if it is here.
  public func original(of index: Int) -> Int? {
    let record = records[index]
    guard record.label == .fake, let original = record.original else { return nil }
    return realCrops[Moment(record, video: original)]
  }

  /// Whether the crop of record `index`, a fake, shows the same pixels of its frame as ``original(of:)`` shows of the
  /// original's: both were cut by one box, whose width and height then agree to the last digit (its place may not: a fake
  /// can have lost columns at its frame's edges). Nil where there is no original, or no boxes are known.
  public func isAligned(_ index: Int) -> Bool? {
    guard let original = original(of: index), let own = records[index].box,
      let other = records[original].box
    else { return nil }
    return own[2...] == other[2...]
  }

  /// The picture of record `index`. Any number of threads may ask at once.
  ///
  /// - Throws: ``DatasetError`` if it is not there or damaged.
  public func picture(_ index: Int) throws(DatasetError) -> RGBImage {
    let (bytes, path) = try data(index)
    do throws(VideoError) {
      return try ImageFile.decode(bytes, path: path)
    } catch {
      throw DatasetError(.badPicture, error.message, path: path)
    }
  }

  private static func fileNames(_ record: FaceRecord) -> [String] {
    ["\(record.name).jpg", "\(record.name).png"]
  }

  /// The file of record `index` as it is stored, and what to call it.
  private func data(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], path: String) {
    let record = records[index]
    let names = Self.fileNames(record)
    if let name = record.shard, let shard = shards[name] {
      for file in names {
        if let member = shard.members[file] { return (try shard.bytes(of: member), "\(shard.path): \(file)") }
      }
    }
    var problem: VideoError?
    for file in names.map({ "\(folder)/\($0)" }) {
      do throws(VideoError) {
        return (try WholeFile.read(file), file)
      } catch {
        // Of two errors the one that is not about a file that nobody promised.
        if problem == nil || error.code != .notFound { problem = error }
      }
    }
    if let problem, problem.code != .notFound {
      throw DatasetError(.file, problem.message, path: problem.path)
    }
    throw DatasetError(.badPicture, "is not there; the index says so", path: "\(folder)/\(names[0])")
  }
}
