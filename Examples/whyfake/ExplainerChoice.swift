import ArgumentParser
import Detector
import Explainers

/// The methods that `--explainers` knows: a method is added here, and nowhere else in the tool.
enum ExplainerChoice: String, Choice {
  case gradcam

  static let list = allCases.map(\.rawValue).joined(separator: ", ")

  /// The method for a detector.
  func explainer(_ detector: DeepfakeDetector) -> any Explainer {
    switch self {
    case .gradcam: GradCAM(detector)
    }
  }

  /// The name as people write it.
  var title: String {
    switch self {
    case .gradcam: "GradCAM"
    }
  }

  /// What the method does, for those who read a report.
  var summary: String {
    switch self {
    case .gradcam:
      "GradCAM weighs the features of the network's last layers by how much they move the detector's logit, and "
        + "shows where on the face they are. It is coarse: it names regions, not pixels."
    }
  }
}
