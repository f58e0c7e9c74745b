import ExplanationMetrics
import Explainers
import Foundation
import Tensor
import VideoIO
import WhyFake

/// What was measured of one explainer on one video. A file holds one, named by the digest of all that decides it, so that
/// nothing is computed twice.
struct ComparedExplanation: Codable, Equatable {
  /// Why a video was or was not explained.
  enum Outcome: String, Codable {
    case explained
    case noFace = "no-face"
    case undecided
  }

  var schemaVersion = 1
  /// SHA-256 of the input's bytes.
  var input: String
  var explainer: String
  var model: String
  var outcome: Outcome
  /// What the deciding model says; nil where no face is judged.
  var verdict: String?
  var probability: Double?
  var logit: Float?
  /// The class that was explained.
  var target: Target?
  /// Frames of the clip.
  var frames: Int
  /// Whether nothing speaks for the class.
  var isEmpty: Bool
  var metrics: [String: MetricValue]
}

/// The results of a comparison in its folder: `results/<digest>.json`.
struct ResultStore {
  let folder: String

  init(_ folder: String) throws {
    self.folder = folder + "/results"
    try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
  }

  func path(_ key: String) -> String { "\(folder)/\(key).json" }

  /// The result of `key`; nil if it is not there, or cannot be read: then it is made anew.
  func read(_ key: String) -> ComparedExplanation? {
    guard let data = FileManager.default.contents(atPath: path(key)),
      let result = try? JSONDecoder().decode(ComparedExplanation.self, from: data), result.schemaVersion == 1
    else { return nil }
    return result
  }

  func write(_ result: ComparedExplanation, _ key: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try WholeFile.write(Array(encoder.encode(result)) + [10], to: path(key))
  }

  /// The digest of what decides a result.
  static func key(_ parts: [String]) -> String {
    var hash = SHA256()
    for part in parts { hash.update("\(part.utf8.count):\(part)\n".utf8) }
    return hash.finish()
  }
}
