import Foundation
import VideoIO

/// Everything but the tensors that is needed to run a model: what a model file carries in its metadata.
public struct ModelDescription: Sendable, Equatable {
  /// Name, architecture, input, provenance.
  public var info: ModelInfo
  /// How convolutions are padded.
  public var padding: Network.Padding
  /// BatchNorm's ε.
  public var epsilon: Float
  /// What is done to crops before the network sees them.
  public var normalization: Normalization
  /// What the last layer of the checkpoint meant that the weights came from. The network's own has one logit, above 0
  /// for fake.
  public var classConvention: ClassConvention
  /// Whose names and habits the checkpoint had that the weights came from, such as `icpr2020dfdc`; nil if it was ours.
  public var checkpoint: String?

  /// A description from its parts; ImageNet's normalisation unless given.
  public init(
    info: ModelInfo, padding: Network.Padding, epsilon: Float, normalization: Normalization = .imageNet,
    classConvention: ClassConvention = .fakeLogit, checkpoint: String? = nil
  ) {
    self.info = info
    self.padding = padding
    self.epsilon = epsilon
    self.normalization = normalization
    self.classConvention = classConvention
    self.checkpoint = checkpoint
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
    guard epsilon.isFinite, epsilon > 0, normalization.isValid, info.cropPolicy.isValid else {
      throw DetectorError(
        .badDescription, "mean, standard deviation, epsilon or crop policy make no sense")
    }
  }
}

/// What is done to crops, RGB in [0, 1], before a network sees them: (x − mean) / standard deviation.
public struct Normalization: Sendable, Hashable {
  /// What is subtracted from each channel.
  public var mean: [Float]
  /// What each channel is divided by.
  public var standardDeviation: [Float]

  /// A normalisation from three means and three standard deviations.
  public init(mean: [Float], standardDeviation: [Float]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// That of ImageNet's pictures.
  public static let imageNet = Normalization(
    mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
  /// To [−1, 1] (DeepfakeBench; TensorFlow's `inception`).
  public static let half = Normalization(mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5])
  /// None: [0, 1] as it is (SBI, MesoNet).
  public static let none = Normalization(mean: [0, 0, 0], standardDeviation: [1, 1, 1])

  var isValid: Bool {
    mean.count == 3 && standardDeviation.count == 3 && mean.allSatisfy(\.isFinite)
      && standardDeviation.allSatisfy { $0.isFinite && $0 > 0 }
  }
}

extension ModelDescription: Codable {
  private enum CodingKeys: String, CodingKey {
    case info, padding, padsStem, epsilon, mean, standardDeviation, output, classConvention, checkpoint
  }

  /// What the network's last layer means, for other programs that read the file.
  private static let output = "one logit, above 0: fake"

  /// Reads a description; what files of earlier versions lack is as it was then.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    info = try values.decode(ModelInfo.self, forKey: .info)
    padding = Network.Padding(
      try values.decode(PaddingScheme.self, forKey: .padding),
      padsStem: try values.decodeIfPresent(Bool.self, forKey: .padsStem) ?? true)
    epsilon = try values.decode(Float.self, forKey: .epsilon)
    normalization = Normalization(
      mean: try values.decode([Float].self, forKey: .mean),
      standardDeviation: try values.decode([Float].self, forKey: .standardDeviation))
    classConvention =
      try values.decodeIfPresent(ClassConvention.self, forKey: .classConvention) ?? .fakeLogit
    checkpoint = try values.decodeIfPresent(String.self, forKey: .checkpoint)
  }

  /// Writes the description.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(info, forKey: .info)
    try values.encode(padding.scheme, forKey: .padding)
    try values.encode(padding.padsStem, forKey: .padsStem)
    try values.encode(epsilon, forKey: .epsilon)
    try values.encode(normalization.mean, forKey: .mean)
    try values.encode(normalization.standardDeviation, forKey: .standardDeviation)
    try values.encode(Self.output, forKey: .output)
    try values.encode(classConvention, forKey: .classConvention)
    try values.encodeIfPresent(checkpoint, forKey: .checkpoint)
  }
}
