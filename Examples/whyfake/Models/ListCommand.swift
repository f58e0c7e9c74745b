import ArgumentParser
import Detector
import Foundation
import Tensor
import VideoIO
import WhyFake

extension ModelsCommand {
  /// `whyfake models list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the models that are known by name, and which of them are on this machine.")

    @Option(help: "How results are printed.")
    var format: OutputFormat = .text

    func run() throws {
      try orFail {
        switch format {
        case .text:
          let head = ["name", "architecture", "input", "crop", "trained on", "source", "state"]
          for line in List.table([head] + ModelZoo.records.map(\.row)) { try Terminal.result(line) }
        case .json:
          for record in ModelZoo.records { try Terminal.result(record.json.text()) }
        }
      }
    }

    /// Rows with their columns aligned, two spaces apart.
    static func table(_ rows: [[String]]) -> [String] {
      let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
      return rows.map { row in
        let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        return cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces)
      }
    }
  }
}

extension ModelRecord {
  /// What `models list` says of it, column by column.
  fileprivate var row: [String] {
    [
      name, architecture, String(inputSize), cropPolicy.shown, trainingData, source,
      state + (name == ModelZoo.defaultModel ? ", default" : defaultFor.map { ", default for \($0)" } ?? ""),
    ]
  }

  /// The explainer that shows this model where the one that decides has no such attention.
  fileprivate var defaultFor: String? {
    ExplainerChoice.allCases.first {
      guard case .attention(let kind) = $0.need else { return false }
      return name == ModelZoo.defaultModel(for: kind)
    }?.rawValue
  }

  /// Whether its file is on this machine, and how it came there.
  fileprivate var state: String {
    guard let place = ModelZoo.place(of: self) else { return isShipped ? "not found" : "not fetched" }
    if isShipped { return "shipped" }
    return WeightsLocator.cacheFolder.map { place.hasPrefix("\($0)/") } == true ? "fetched" : "here"
  }

  fileprivate var json: JSONValue {
    [
      "name": .string(name), "architecture": .string(architecture), "inputSize": .integer(inputSize),
      "cropPolicy": .string(cropPolicy.name), "padding": .string(padding.rawValue),
      "trainingData": .string(trainingData), "source": .string(source), "licence": .string(licence),
      "performance": .text(performance), "url": .text(url), "sha256": .text(sha256),
      "bytes": bytes.map { .integer($0) } ?? .null, "runnable": .bool(isRunnable),
      "default": .bool(name == ModelZoo.defaultModel), "defaultFor": .text(defaultFor),
      "state": .string(state),
      "path": .text(ModelZoo.place(of: self)),
    ]
  }
}
