import Foundation
import SurveyModel

/// A table in the four ways that it is written.
struct Table {
  /// A cell: as people read it, and as programs do.
  struct Cell: ExpressibleByStringLiteral {
    let text: String
    let raw: String
    /// The interval of a share.
    var interval: (lower: Double, upper: Double)?

    init(_ text: String, raw: String? = nil) {
      self.text = Words.line(text)
      self.raw = raw ?? text
    }
    init(stringLiteral text: String) { self.init(text) }
    init(_ number: Int) { self.init(String(number)) }

    /// A share with its interval.
    init(_ share: Share?) {
      guard let share else { self = ""; return }
      self.init(
        "\(Words.percent(share.value)) [\(Words.percent(share.lower)), \(Words.percent(share.upper))]",
        raw: String(share.value))
      interval = (share.lower, share.upper)
    }

    /// A number with so many places.
    init(_ value: Double?, places: Int = 3) {
      guard let value else { self = ""; return }
      self.init(Words.number(value, places), raw: String(value))
    }

    /// A p-value.
    static func p(_ value: Double?) -> Cell {
      guard let value else { return "" }
      return Cell(Words.p(value), raw: String(value))
    }
  }

  /// The file's name, without suffix.
  let name: String
  let title: String
  /// What to mind, below it.
  let note: String
  /// The first column names the rows.
  let columns: [String]
  let rows: [[Cell]]

  /// Each share is followed by its interval's ends, in columns of their own.
  var csv: String {
    let hasInterval = columns.indices.map { column in rows.contains { $0[column].interval != nil } }
    let header = zip(columns, hasInterval).flatMap { $1 ? [$0, "\($0) lower", "\($0) upper"] : [$0] }
    let lines = rows.map { row in
      zip(row, hasInterval).flatMap { cell, isWide in
        isWide
          ? [
            cell.raw, cell.interval.map { String($0.lower) } ?? "",
            cell.interval.map { String($0.upper) } ?? "",
          ]
          : [cell.raw]
      }
    }
    return ([header] + lines).map { $0.map(CSVRows.quoted).joined(separator: ",") + "\n" }.joined()
  }

  var markdown: String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    let rule = "| --- |" + String(repeating: " ---: |", count: columns.count - 1)
    return "**\(title).** \(note)\n\n"
      + ([line(columns), rule] + rows.map { line($0.map(\.text)) }).joined(separator: "\n") + "\n"
  }

  var latex: String {
    func line(_ cells: [String]) -> String { cells.map(Self.escapedLaTeX).joined(separator: " & ") + " \\\\" }
    return """
      \\begin{table}
        \\caption{\(Self.escapedLaTeX(title)). \(Self.escapedLaTeX(note))}
        \\begin{tabular}{l\(String(repeating: "r", count: columns.count - 1))}
          \\hline
          \(line(columns))
          \\hline
          \(rows.map { line($0.map(\.text)) }.joined(separator: "\n    "))
          \\hline
        \\end{tabular}
      \\end{table}

      """
  }

  private static func escapedLaTeX(_ text: String) -> String {
    text.map { character in
      switch character {
      case "\\": "\\textbackslash{}"
      case "&", "%", "$", "#", "_", "{", "}": "\\\(character)"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "\u{2212}": "$-$"
      case "ρ": "$\\rho$"
      case "χ": "$\\chi$"
      case "²": "$^2$"
      case "\u{A0}": "~"
      case "“": "``"
      case "”": "''"
      default: String(character)
      }
    }.joined()
  }

  /// What the page's template needs.
  var values: [String: Any] {
    [
      "title": title, "note": note, "columns": columns,
      "rows": rows.map { ["head": $0[0].text, "cells": $0.dropFirst().map(\.text)] as [String: Any] },
      "file": name,
    ]
  }
}

/// Numbers as people read them.
enum Words {
  /// Without control characters: a line feed would end a row, and XML has none.
  static func line(_ text: String) -> String {
    String(text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? " " : $0 })
  }

  static func percent(_ share: Double) -> String { "\(number(100 * share, 0))\u{A0}%" }

  /// With so many places and a true minus sign.
  static func number(_ value: Double, _ places: Int) -> String {
    let text = String(format: "%.\(places)f", value)
    return (Double(text) == 0 ? String(format: "%.\(places)f", 0.0) : text).replacingOccurrences(
      of: "-", with: "\u{2212}")
  }

  /// A p-value to two digits that count: `0.032`, `0.0051`, `1.1e−5`.
  static func p(_ value: Double) -> String {
    if value >= 0.0995 { return number(value, 2) }
    if value >= 0.001 { return String(format: "%#.2g", value) }
    return String(format: "%.1e", value).replacingOccurrences(of: "e-0", with: "e-").replacingOccurrences(
      of: "-", with: "\u{2212}")
  }

  static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
  }
}
