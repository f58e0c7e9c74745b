import Foundation

/// A cooperative game with known Shapley values, from `Tests/Golden/shapley/games.json`; its script says what the terms
/// are.
public struct ShapleyTestGame: Decodable, Sendable {
  /// Such as `grid-60`.
  public let name: String
  /// n.
  public let players: Int
  /// The exact Shapley values.
  public let shapley: [Double]
  private let all: [[Double]]?
  private let any: [[Double]]?
  private let tanh: Saturation?

  private struct Saturation: Decodable {
    let scale: Double
    let gain: Double
    let bias: Double
    let weights: [Double]
  }

  /// All games.
  public static func read() throws -> [ShapleyTestGame] {
    let data = try Data(contentsOf: URL(fileURLWithPath: Golden.path("shapley/games.json")))
    return try JSONDecoder().decode([ShapleyTestGame].self, from: data)
  }

  /// The game called `name`.
  public static func named(_ name: String) throws -> ShapleyTestGame {
    guard let game = try read().first(where: { $0.name == name }) else { throw CocoaError(.fileNoSuchFile) }
    return game
  }

  /// The value of the coalition of the players for whom `isIn` holds.
  public func value(_ isIn: (Int) -> Bool) -> Double {
    let present = (0..<players).map(isIn)
    var result = 0.0
    for term in all ?? [] where term.dropFirst().allSatisfy({ present[Int($0)] }) { result += term[0] }
    for term in any ?? [] where term.dropFirst().contains(where: { present[Int($0)] }) { result += term[0] }
    if let tanh {
      let sum = (0..<players).reduce(tanh.bias) { $0 + (present[$1] ? tanh.weights[$1] : 0) }
      result += tanh.scale * Foundation.tanh(tanh.gain * sum)
    }
    return result
  }

  /// ‖`values` − φ‖² / ‖φ‖².
  public func relativeSquaredError(_ values: [Double]) -> Double {
    let squares = zip(values, shapley).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return squares / shapley.reduce(0) { $0 + $1 * $1 }
  }
}
