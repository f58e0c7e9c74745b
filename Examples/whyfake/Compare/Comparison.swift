import Evaluation
import ExplanationMetrics
import Foundation
import Tensor
import VideoIO
import WhyFake

/// Explainers × metrics over videos: what a comparison's folder says.
struct Comparison: Codable, Equatable {
  /// What decides the numbers, beside the videos.
  struct Settings: Codable, Equatable {
    var whyfake = Analyzer.version
    var explainers: [String]
    var metrics: [MetricChoice]
    /// The class that is explained: fake, real or predicted.
    var target: String
    /// Only videos of this label; nil for all.
    var label: String?
    var frames: Int
    /// What is seen where a metric takes something away.
    var replacement: String
    /// What a metric takes away at once.
    var unit: UnitChoice
    var seed: UInt64
    /// Digests of what else decides: models and the explainers' own options, by explainer.
    var methods: [String: String]
  }

  /// A video and its results.
  struct Video: Codable, Equatable {
    var path: String
    var label: String?
    /// What it was made with, where its dataset tells.
    var method: String?
    /// The name of each explainer's result.
    var results: [String: String]
  }

  var schemaVersion = 1
  var settings: Settings
  /// By path.
  var videos: [Video]

  static let fileName = "comparison.json"

  /// The comparison in `folder`.
  init(folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Failure("\(Terminal.shown(folder)) holds no \(Self.fileName); give folders that compare wrote")
    }
    do {
      self = try JSONDecoder().decode(Comparison.self, from: data)
    } catch {
      throw Failure("\(Terminal.shown(path)) is not a comparison that this version wrote")
    }
    guard schemaVersion == 1 else {
      throw Failure(
        "\(Terminal.shown(path)) is a comparison of version \(schemaVersion); this program knows 1")
    }
  }

  init(settings: Settings, videos: [Video]) {
    self.settings = settings
    self.videos = videos.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  /// Writes tables and figures beside the results.
  func write(to folder: String) throws {
    let store = try ResultStore(folder)
    let table = try ComparisonTable(self, store)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    var files = [
      (Self.fileName, String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"),
      ("table.md", table.markdown), ("table.csv", table.csv), ("table.tex", table.latex),
      ("tests.csv", table.testsCSV), ("videos.csv", table.videosCSV),
    ]
    files += table.figures.map { ("figures/\($0.name).svg", $0.figure.svg()) }
    try FileManager.default.createDirectory(atPath: "\(folder)/figures", withIntermediateDirectories: true)
    for (name, text) in files { try WholeFile.write(Array(text.utf8), to: "\(folder)/\(name)") }
  }
}
