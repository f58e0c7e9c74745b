import Foundation

/// The index of a ``FaceSet`` as a CSV file.
enum FaceIndex {
  /// Reads and checks an index.
  static func read(_ path: String) throws(DatasetError) -> [FaceRecord] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DatasetError(.file, "cannot be read; a folder of face crops has an index.csv", path: path)
    }
    var lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)[...]
    guard let header = lines.popFirst().map({ fields($0).map { $0.lowercased() } }) else {
      throw DatasetError(.badIndex, "is empty", path: path)
    }
    for column in ["name", "label", "split"] where !header.contains(column) {
      throw DatasetError(.badIndex, "has no column \(column)", path: path)
    }
    let columns = Dictionary(zip(header, header.indices)) { first, _ in first }
    var seen = Set<String>()
    var records: [FaceRecord] = []
    records.reserveCapacity(lines.count)
    for (number, line) in lines.enumerated() {
      let values = fields(line)
      func fail(_ what: String) -> DatasetError {
        DatasetError(.badIndex, "line \(number + 2): \(what)", path: path)
      }
      guard values.count == header.count else {
        throw fail("\(values.count) fields where the header has \(header.count)")
      }
      func value(_ column: String) -> String? {
        columns[column].flatMap { values[$0].isEmpty ? nil : values[$0] }
      }
      guard let name = value("name"), isSafe(name) else { throw fail("the name is empty or leads elsewhere") }
      guard seen.insert(name).inserted else { throw fail("\(name) is there twice") }
      guard let label = value("label").flatMap(FaceRecord.Label.init) else {
        throw fail("the label is \(value("label") ?? "empty"); real and fake are known")
      }
      guard let split = value("split").flatMap(FaceRecord.Split.init) else {
        throw fail("the split is \(value("split") ?? "empty"); train, validation and test are known")
      }
      let shard = value("shard")
      if let shard, !isSafe(shard) { throw fail("the shard leads elsewhere") }
      let box = ["x", "y", "width", "height"].map { value($0).flatMap(Double.init) }
      var frame: Int?
      if let text = value("frame") {
        frame = Int(text)
        if frame == nil || frame! < 0 { throw fail("the frame is \(text)") }
      }
      records.append(
        FaceRecord(
          name: name, dataset: value("dataset") ?? "", video: value("video") ?? name, label: label,
          original: value("original"), method: value("method"), split: split, frame: frame,
          box: box.contains(nil) ? nil : box.compactMap(\.self), compression: value("compression"),
          shard: shard))
    }
    var splits: [String: FaceRecord.Split] = [:]
    for record in records {
      if let other = splits.updateValue(record.split, forKey: record.group), other != record.split {
        throw DatasetError(
          .badIndex,
          "\(record.group) is in \(other.rawValue) and in \(record.split.rawValue): a fake and its original "
            + "must not be separated", path: path)
      }
    }
    return records
  }

  /// A relative path that stays below the folder.
  private static func isSafe(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
      && !name.contains("\0")
  }

  /// The fields of a line; one in quotes may hold commas and doubled quotes.
  private static func fields(_ line: Substring) -> [String] {
    guard line.contains("\"") else {
      return line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    var fields = [""]
    var isQuoted = false
    var characters = line[...]
    while let c = characters.popFirst() {
      if c == "\"" {
        if isQuoted, characters.first == "\"" {
          characters.removeFirst()
          fields[fields.count - 1].append(c)
        } else {
          isQuoted.toggle()
        }
      } else if c == ",", !isQuoted {
        fields.append("")
      } else {
        fields[fields.count - 1].append(c)
      }
    }
    return fields
  }
}
