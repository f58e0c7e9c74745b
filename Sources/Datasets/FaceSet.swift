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
  }

  /// Reads the index of `folder` and the headers of its archives; no pictures.
  ///
  /// - Throws: ``DatasetError`` that names the line, the archive or the file.
  public init(_ folder: String) throws(DatasetError) {
    self.folder = folder
    records = try FaceIndex.read("\(folder)/index.csv")
    var shards: [String: TarShard] = [:]
    for name in Set(records.compactMap(\.shard)).sorted() { shards[name] = try TarShard("\(folder)/\(name)") }
    self.shards = shards
    var realCrops: [Moment: Int] = [:]
    for (i, record) in records.enumerated() where record.label == .real {
      realCrops[Moment(dataset: record.dataset, video: record.video, frame: record.frame)] = i
    }
    self.realCrops = realCrops
  }

  /// The crop of the same moment of the real video that record `index` was made from, if it is here.
  public func original(of index: Int) -> Int? {
    let record = records[index]
    guard record.label == .fake, let original = record.original else { return nil }
    return realCrops[Moment(dataset: record.dataset, video: original, frame: record.frame)]
  }

  /// The picture of record `index`.
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

  /// The file of record `index` as it is stored, and what to call it.
  private func data(_ index: Int) throws(DatasetError) -> (bytes: [UInt8], path: String) {
    let record = records[index]
    let names = ["jpg", "png"].map { "\(record.name).\($0)" }
    if let name = record.shard, let shard = shards[name] {
      for file in names {
        if let member = shard.members[file] { return (try shard.bytes(of: member), "\(shard.path): \(file)") }
      }
      throw DatasetError(.badPicture, "\(names[0]) is not in it; the index says so", path: shard.path)
    }
    for file in names.map({ "\(folder)/\($0)" }) where FileManager.default.fileExists(atPath: file) {
      guard let bytes = FileManager.default.contents(atPath: file) else {
        throw DatasetError(.file, "cannot be read", path: file)
      }
      return ([UInt8](bytes), file)
    }
    throw DatasetError(.badPicture, "is not there; the index says so", path: "\(folder)/\(names[0])")
  }
}
