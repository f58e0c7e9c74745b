package import Foundation

/// A table of comma-separated values with a header (RFC 4180), row after row: quotes may hold commas, line ends and doubled
/// quotes; lines end with LF or CRLF; empty lines are passed over.
package struct CSVTable {
  /// One row under the header.
  package struct Row {
    /// Its first line in the file, from 1.
    package let line: Int
    let values: [String]
    fileprivate let columns: [String: Int]
    fileprivate let path: String

    /// The field of a column; nil where it is empty or there is no such column.
    package subscript(column: String) -> String? {
      guard let i = columns[column], !values[i].isEmpty else { return nil }
      return values[i]
    }

    /// What is wrong with this row.
    package func error(_ what: String) -> DatasetError {
      DatasetError(.badIndex, "line \(line): \(what)", path: path)
    }
  }

  private let bytes: [UInt8]
  private let path: String
  private var position = 0
  private var line = 1
  private var columns: [String: Int] = [:]

  /// Reads the header; names of columns are taken without regard to case.
  package init(_ data: Data, path: String) throws(DatasetError) {
    bytes = [UInt8](data)
    self.path = path
    // A byte order mark, as spreadsheets write it.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    guard let header = try fields() else { throw DatasetError(.badIndex, "is empty", path: path) }
    for (i, name) in header.values.enumerated() {
      guard columns.updateValue(i, forKey: name.lowercased()) == nil else {
        throw DatasetError(.badIndex, "has two columns \(name.prefix(80))", path: path)
      }
    }
  }

  /// Fails unless there are `columns`.
  package func require(_ columns: [String]) throws(DatasetError) {
    for column in columns where self.columns[column] == nil {
      throw DatasetError(.badIndex, "has no column \(column)", path: path)
    }
  }

  /// The next row; nil at the end.
  package mutating func next() throws(DatasetError) -> Row? {
    guard let (values, line) = try fields() else { return nil }
    let row = Row(line: line, values: values, columns: columns, path: path)
    guard values.count == columns.count else {
      throw row.error("\(values.count) fields where the header has \(columns.count)")
    }
    return row
  }

  /// All rows that are left.
  package mutating func rows() throws(DatasetError) -> [Row] {
    var rows: [Row] = []
    while let row = try next() { rows.append(row) }
    return rows
  }

  /// The fields of the next line that is not empty.
  private mutating func fields() throws(DatasetError) -> (values: [String], line: Int)? {
    while position < bytes.count, bytes[position] == 10 || bytes[position] == 13 {
      if bytes[position] == 10 { line += 1 }
      position += 1
    }
    guard position < bytes.count else { return nil }
    var values: [String] = []
    values.reserveCapacity(columns.count)
    let first = line
    while true {
      values.append(position < bytes.count && bytes[position] == 34 ? try quotedField() : plainField())
      guard position < bytes.count else { break }
      let end = bytes[position]
      position += 1
      if end == 44 { continue }
      if end == 10 { line += 1 }
      break
    }
    return (values, first)
  }

  private mutating func plainField() -> String {
    let start = position
    while position < bytes.count, bytes[position] != 44, bytes[position] != 10, bytes[position] != 13 {
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func quotedField() throws(DatasetError) -> String {
    let first = line
    func error(_ what: String) -> DatasetError {
      DatasetError(.badIndex, "line \(first): \(what)", path: path)
    }
    position += 1
    var field: [UInt8] = []
    while true {
      guard position < bytes.count else { throw error("a quote is not closed") }
      let byte = bytes[position]
      position += 1
      if byte == 34 {
        guard position < bytes.count, bytes[position] == 34 else { break }
        position += 1
      }
      if byte == 10 { line += 1 }
      field.append(byte)
    }
    guard position == bytes.count || [44, 10, 13].contains(bytes[position]) else {
      throw error("something follows a closed quote")
    }
    return String(decoding: field, as: UTF8.self)
  }

  /// A value as a field.
  package static func field(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 == 44 || $0 == 34 || $0 == 10 || $0 == 13 }) else { return value }
    return "\"\(value.replacingOccurrences(of: "\"", with: "\"\""))\""
  }
}
