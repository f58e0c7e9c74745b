import Foundation
import VideoIO

/// The index of a ``FaceSet`` as a CSV file.
enum FaceIndex {
  /// The columns that ``write(_:to:)`` writes, in this order.
  static let columns = [
    "name", "dataset", "video", "frame", "x", "y", "width", "height", "label", "original", "method",
    "compression", "split",
  ]

  /// Reads and checks an index.
  static func read(_ path: String) throws(DatasetError) -> [FaceRecord] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DatasetError(.file, "cannot be read; a folder of face crops has an index.csv", path: path)
    }
    var table = try CSVTable(data, path: path)
    try table.require(["name", "label", "split"])
    var seen = Set<String>()
    var records: [FaceRecord] = []
    while let row = try table.next() {
      let record = try record(row)
      guard seen.insert(record.name).inserted else { throw row.error("\(record.name) is there twice") }
      records.append(record)
    }
    try check(records, path)
    return records
  }

  /// Writes an index, whole or not at all.
  static func write(_ records: [FaceRecord], to path: String) throws {
    try check(records, path)
    var text = columns.joined(separator: ",") + "\n"
    for record in records {
      let box = record.box ?? []
      let fields =
        [
          record.name, record.dataset, record.video, record.frame.map(String.init) ?? "",
        ] + (0..<4).map { $0 < box.count ? "\(box[$0])" : "" } + [
          record.label.rawValue, record.original ?? "", record.method ?? "", record.compression ?? "",
          record.split.rawValue,
        ]
      text += fields.map(CSVTable.field).joined(separator: ",") + "\n"
    }
    try WholeFile.write(Array(text.utf8), to: path)
  }

  private static func record(_ row: CSVTable.Row) throws(DatasetError) -> FaceRecord {
    guard let name = row["name"], isSafe(name) else {
      throw row.error("the name is empty or leads elsewhere")
    }
    guard let label = row["label"].flatMap(FaceRecord.Label.init) else {
      throw row.error("the label is \(shown(row["label"])); real and fake are known")
    }
    guard let split = row["split"].flatMap(FaceRecord.Split.init) else {
      throw row.error("the split is \(shown(row["split"])); train, validation and test are known")
    }
    let shard = row["shard"]
    if let shard, !isSafe(shard) { throw row.error("the shard leads elsewhere") }
    var frame: Int?
    if let text = row["frame"] {
      guard let number = Int(text), number >= 0 else { throw row.error("the frame is \(shown(text))") }
      frame = number
    }
    let texts = ["x", "y", "width", "height"].map { row[$0] }
    var box: [Double]?
    if texts.contains(where: { $0 != nil }) {
      let numbers = texts.compactMap { $0.flatMap(Double.init) }
      // What a crop policy can take: finite, and no larger than any picture.
      guard numbers.count == 4, numbers.allSatisfy({ abs($0) < 1e9 }), numbers[2] >= 0, numbers[3] >= 0 else {
        throw row.error("x, y, width and height are no box")
      }
      box = numbers
    }
    let video = row["video"] ?? name
    var original = row["original"]
    if label == .real {
      guard original == nil || original == video else {
        throw row.error("\(name) is real and has an original; only a fake has one")
      }
      original = nil
    }
    return FaceRecord(
      name: name, dataset: row["dataset"] ?? "", video: video, label: label, original: original,
      method: row["method"], split: split, frame: frame, box: box, compression: row["compression"],
      shard: shard)
  }

  /// What holds between records: a video is real or fake, originals are real, and nothing that belongs together is in two
  /// splits.
  private static func check(_ records: [FaceRecord], _ path: String) throws(DatasetError) {
    struct Video: Hashable {
      let dataset: String
      let name: String
    }
    var labels: [Video: FaceRecord.Label] = [:]
    for record in records {
      let video = Video(dataset: record.dataset, name: record.video)
      if let other = labels.updateValue(record.label, forKey: video), other != record.label {
        throw DatasetError(.badIndex, "the video \(record.video) is real and fake", path: path)
      }
    }
    var splits: [String: FaceRecord.Split] = [:]
    for record in records {
      if let original = record.original,
        labels[Video(dataset: record.dataset, name: original)] == .fake
      {
        throw DatasetError(
          .badIndex, "\(original), the original of \(record.video), is a fake itself", path: path)
      }
      if let other = splits.updateValue(record.split, forKey: record.group), other != record.split {
        throw DatasetError(
          .badIndex,
          "\(record.group) is in \(other.rawValue) and in \(record.split.rawValue): a fake and its original "
            + "must not be separated", path: path)
      }
    }
  }

  /// A relative path that stays below the folder.
  private static func isSafe(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
      && !name.contains("\0")
  }

  private static func shown(_ value: String?) -> String { value.map { String($0.prefix(40)) } ?? "empty" }
}
