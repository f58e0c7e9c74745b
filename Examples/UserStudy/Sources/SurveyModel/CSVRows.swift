package import Foundation
import SwiftCSV

/// The rows of a CSV file with a header (RFC 4180), each as long as the header; as spreadsheets and form services write them.
package struct CSVRows {
  package let header: [String]
  /// Rows with their numbers, from 2: the header is row 1.
  package let rows: [(number: Int, cells: [String])]
  package let path: String

  /// The most that is read.
  static let limit = 64 << 20

  /// - Throws: ``SurveyError``: no UTF-8, too large, no header, a column twice, a row that is longer or shorter.
  package init(_ data: Data, path: String) throws(SurveyError) {
    guard data.count <= Self.limit, let decoded = String(validating: data, as: UTF8.self) else {
      throw SurveyError("is no CSV in UTF-8 of at most 64 MB", path: path)
    }
    guard !decoded.unicodeScalars.contains("\0") else { throw SurveyError("is no text", path: path) }
    guard decoded.utf8.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 0 else {
      throw SurveyError("has a quote that is not closed", path: path)
    }
    var lines: [[String]] = []
    do {
      // The parser forgets an empty cell at the end of a file without a line feed there.
      let csv = try CSV<Enumerated>(string: decoded + "\n", delimiter: .comma, loadColumns: false)
      try csv.enumerateAsArray(startAt: 0, rowLimit: nil) { lines.append($0) }
    } catch {
      throw SurveyError("has text beside a quoted cell", path: path)
    }
    guard let header = lines.first, header.contains(where: { !$0.isEmpty }) else {
      throw SurveyError("is empty; its first row is to name the columns", path: path)
    }
    self.header = header
    self.path = path
    var rows: [(number: Int, cells: [String])] = []
    for (place, cells) in lines.enumerated().dropFirst() where cells != [""] {
      guard cells.count == header.count else {
        throw SurveyError("row \(place + 1) has \(cells.count) cells, the header \(header.count)", path: path)
      }
      rows.append((place + 1, cells))
    }
    self.rows = rows
  }

  /// The places of columns.
  ///
  /// - Throws: ``SurveyError`` that names one that is missing or there twice.
  package func places(_ names: [String]) throws(SurveyError) -> [String: Int] {
    var places: [String: Int] = [:]
    for name in names {
      let found = header.indices.filter { header[$0] == name }
      guard found.count == 1 else {
        throw SurveyError(
          found.isEmpty ? "has no column \(name)" : "has the column \(name) twice", path: path)
      }
      places[name] = found[0]
    }
    return places
  }

  /// A cell as it is written.
  package static func quoted(_ cell: String) -> String {
    // The parser drops blanks before a cell that is not quoted.
    cell.contains { $0 == "," || $0 == "\"" || $0.isWhitespace }
      ? "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : cell
  }
}
