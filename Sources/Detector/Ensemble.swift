public import Tensor
import VideoIO

/// Several models as one: their logits are averaged.
///
/// icpr2020dfdc averages its networks' logits before the sigmoid; the DFDC winner's seven are averaged here in the same
/// way (its own code averages probabilities). Members see the same crops, so they must agree on size and crop policy;
/// each normalises for itself.
public struct Ensemble: Classifier {
  /// The models, at least one.
  public let members: [any Classifier]
  /// Names joined by `+`, and what the members agree on.
  public let info: ModelInfo

  /// An ensemble; throws if there is no member, or if members want different crops.
  public init(_ members: [any Classifier], name: String? = nil) throws(DetectorError) {
    guard let first = members.first?.info else {
      throw DetectorError(.badRequest, "an ensemble needs at least one model")
    }
    for other in members.map(\.info)
    where other.inputSize != first.inputSize || other.cropPolicy != first.cropPolicy {
      throw DetectorError(
        .badRequest,
        "\(first.name) (\(first.inputSize) pixels, crop \(first.cropPolicy.name)) and \(other.name) "
          + "(\(other.inputSize) pixels, crop \(other.cropPolicy.name)) want different crops: they cannot be averaged"
      )
    }
    func joined(_ part: (ModelInfo) -> String?) -> String? {
      let parts = members.compactMap { part($0.info) }
      var unique: [String] = []
      for part in parts where !unique.contains(part) { unique.append(part) }
      return unique.isEmpty ? nil : unique.joined(separator: "; ")
    }
    self.members = members
    info = ModelInfo(
      name: name ?? members.map(\.info.name).joined(separator: "+"),
      architecture: members.map(\.info.architecture).joined(separator: "+"), inputSize: first.inputSize,
      cropPolicy: first.cropPolicy, scoresFrameByFrame: members.allSatisfy(\.info.scoresFrameByFrame),
      trainingData: joined(\.trainingData), source: joined(\.source), licence: joined(\.licence))
  }

  /// The mean of the members' logits, `[N]`.
  public func logits(_ crops: Tensor) throws -> Tensor {
    var sum = try members[0].logits(crops)
    for member in members.dropFirst() { sum += try member.logits(crops) }
    return sum * (1 / Float(members.count))
  }
}
