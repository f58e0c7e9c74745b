import Detector
import Tensor
import VideoIO

extension Classifier {
  /// SHA-256 of what the model computes with: its description and its parameters.
  func digest() throws -> String {
    var hash = SHA256()
    if let ensemble = self as? Ensemble {
      for member in ensemble.members { hash.update("\(try member.digest())\n".utf8) }
      return hash.finish()
    }
    let detector = (self as? AttentiveDetector)?.detector ?? self as? DeepfakeDetector
    guard let detector else { throw Failure("\(info.name) is no model that can be named by its parameters") }
    hash.update("\(detector.description)".utf8)
    for (name, values) in detector.network.parameters.sorted(by: { $0.key < $1.key }) {
      hash.update("\(name) \(values.shape)\n".utf8)
      values.withUnsafeBufferPointer { hash.update(UnsafeRawBufferPointer($0)) }
    }
    return hash.finish()
  }
}
