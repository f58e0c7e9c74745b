import Foundation
import Tensor

/// Where a run is: what a checkpoint holds beside tensors.
struct TrainingProgressState: Codable, Sendable, Equatable {
  /// Steps done, of all stages together.
  var step = 0
  /// What the plateaus so far have multiplied the stage's rate with.
  var plateau: Float = 1
  /// The lowest loss on *select* in this stage, and looks since.
  var lowestLoss: Double?
  var looksSinceLowest = 0
  /// The highest ROC AUC on *select* of all looks, and looks since.
  var best: Double?
  var looksSinceBest = 0
  /// Training ended early.
  var isOver = false
  /// Loss, length of gradients and steps since the log's last line.
  var lossSum = 0.0
  var normSum = 0.0
  var counted = 0
  /// Seconds of computing so far, over all sittings.
  var seconds = 0.0
  /// Bytes of the log that belong to the steps done.
  var logBytes = 0
}

/// Everything that a run needs to go on as if nothing had happened.
struct TrainingCheckpoint {
  var recipe: Recipe
  var state: TrainingProgressState
  /// Of the network, and their running averages.
  var parameters: [String: Tensor]
  var averages: [String: Tensor]
  /// What the optimiser remembers.
  var optimizer: [String: Tensor]

  private static let key = "whyfake.training"
  private struct Description: Codable {
    var version = 1
    var recipe: Recipe
    var state: TrainingProgressState
    var faces: String
  }

  /// Writes the checkpoint, whole or not at all.
  ///
  /// - Parameter faces: what the face set was, ``fingerprint(of:)``.
  func write(to path: String, faces: String) throws {
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in parameters { tensors["parameter.\(name)"] = tensor }
    for (name, tensor) in averages { tensors["average.\(name)"] = tensor }
    for (name, tensor) in optimizer { tensors["optimizer.\(name)"] = tensor }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = try encoder.encode(
      Description(recipe: recipe, state: state, faces: faces))
    try Weights(tensors, metadata: [Self.key: String(decoding: text, as: UTF8.self)])
      .writeSafetensors(to: path)
  }
}

extension TrainingCheckpoint {
  /// Reads a checkpoint back.
  ///
  /// - Throws: ``TrainingError`` if it is of another recipe or other faces, or not a checkpoint.
  init(_ path: String, recipe: Recipe, faces: String) throws {
    let weights = try Weights(safetensors: path)
    guard let text = weights.metadata[Self.key],
      let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)),
      description.version == 1
    else { throw TrainingError(.badRun, "is no checkpoint of a training run", path: path) }
    guard description.recipe == recipe else {
      throw TrainingError(
        .badRun, "was made by another recipe; give that one, or another folder for a new run", path: path)
    }
    guard description.faces == faces else {
      throw TrainingError(
        .badRun, "was made with other faces; give those, or another folder for a new run", path: path)
    }
    func part(_ prefix: String) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: weights.tensors.compactMap { name, tensor in
          name.hasPrefix(prefix) ? (String(name.dropFirst(prefix.count)), tensor) : nil
        })
    }
    self.recipe = recipe
    state = description.state
    parameters = part("parameter.")
    averages = part("average.")
    optimizer = part("optimizer.")
  }
}
