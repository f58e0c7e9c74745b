import Foundation

/// Everything but the tensors that is needed to run a model: what a model file carries in its metadata.
public struct ModelDescription: Sendable, Equatable, Codable {
  /// Name, architecture, input, provenance.
  public var info: ModelInfo
  /// How convolutions are padded.
  public var padding: PaddingScheme
  /// BatchNorm's ε.
  public var epsilon: Float
  /// Mean that is subtracted from each channel of RGB in [0, 1].
  public var mean: [Float]
  /// Standard deviation that each channel is divided by.
  public var standardDeviation: [Float]

  /// A description from its parts; ImageNet's mean and standard deviation unless given.
  public init(
    info: ModelInfo, padding: PaddingScheme, epsilon: Float, mean: [Float] = [0.485, 0.456, 0.406],
    standardDeviation: [Float] = [0.229, 0.224, 0.225]
  ) {
    self.info = info
    self.padding = padding
    self.epsilon = epsilon
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The metadata key under which it is stored, as JSON.
  static let metadataKey = "whyfake.model"

  /// The description in a file's metadata; nil if there is none.
  init?(metadata: [String: String]) throws(DetectorError) {
    guard let text = metadata[Self.metadataKey] else { return nil }
    do {
      self = try JSONDecoder().decode(ModelDescription.self, from: Data(text.utf8))
    } catch {
      throw DetectorError(
        .badDescription, "its description under \(Self.metadataKey) cannot be read; convert it anew")
    }
    try validate()
  }

  /// The metadata that stores it.
  func metadata() throws -> [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [Self.metadataKey: String(decoding: try encoder.encode(self), as: UTF8.self)]
  }

  /// Throws where a value makes no sense.
  func validate() throws(DetectorError) {
    guard (16...4096).contains(info.inputSize) else {
      throw DetectorError(.badDescription, "input size \(info.inputSize) is not in 16…4096")
    }
    guard epsilon.isFinite, epsilon > 0, mean.count == 3, standardDeviation.count == 3,
      mean.allSatisfy(\.isFinite), standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw DetectorError(.badDescription, "mean, standard deviation or epsilon make no sense") }
  }
}
