import ArgumentParser
import Detector
import Explainers
import WhyFake

/// The methods that `--explainers` knows: a method is added here, and nowhere else in the tool.
enum ExplainerChoice: String, Choice {
  case gradcam, shap, ltpa, attention
  case gradcamPlusPlus = "gradcam++"
  case layercam, hirescam
  case integratedGradients = "integrated-gradients"
  case smoothgrad, occlusion, rise, lime, ltpa1, ltpa3
  case ltpaProduct = "ltpa-product"
  /// No explanations: what others have to be better than.
  case random, centre

  static let list = allCases.map(\.rawValue).joined(separator: ", ")
  /// What `explain` shows where nothing is said: what is sure to have a trained model.
  static let standard: [ExplainerChoice] = [.gradcam, .shap]

  /// What a method needs of the model.
  enum Need {
    /// Logits: any model, an ensemble too.
    case logits
    /// The inside of one network.
    case gradients
    /// A network with attention of this kind.
    case attention(EfficientNet.Attention)
  }

  /// What the method needs of the model.
  var need: Need {
    switch self {
    case .shap, .occlusion, .rise, .lime, .random, .centre: .logits
    case .gradcam, .gradcamPlusPlus, .layercam, .hirescam, .integratedGradients, .smoothgrad: .gradients
    case .ltpa, .ltpa1, .ltpa3, .ltpaProduct: .attention(.ltpa(.dotProduct))
    case .attention: .attention(.autoAtt(width: 0))
    }
  }

  /// The method for a model, which has what it needs.
  func explainer(
    _ model: any Classifier, _ options: ExplainerOptions, seed: UInt64
  ) throws -> any Explainer {
    switch self {
    case .shap:
      let budget: KernelSHAP.Budget =
        options.budget.map { .framePasses($0) } ?? .perSegment(ExplainerOptions.perSegment)
      return KernelSHAP(
        model, segmentation: try options.segmentation(), replacement: options.chosenReplacement.replacement,
        budget: budget, precision: options.precision, seed: seed)
    case .lime:
      return LIME(
        model, segmentation: try options.segmentation(), replacement: options.chosenReplacement.replacement,
        seed: seed)
    case .occlusion: return Occlusion(model, replacement: options.chosenReplacement.replacement)
    case .rise: return RISE(model, replacement: options.chosenReplacement.replacement, seed: seed)
    case .gradcam: return GradCAM(try inside(model))
    case .gradcamPlusPlus: return GradCAMPlusPlus(try inside(model))
    case .layercam: return LayerCAM(try inside(model))
    case .hirescam: return HiResCAM(try inside(model))
    case .integratedGradients: return IntegratedGradients(try inside(model))
    case .smoothgrad: return SmoothGrad(try inside(model), seed: seed)
    case .attention: return AttentionMap(try AttentiveDetector(inside(model)))
    case .ltpa: return AttentionMap(try AttentiveDetector(inside(model)), level: .index(1))
    case .ltpa1: return AttentionMap(try AttentiveDetector(inside(model)), level: .index(0))
    case .ltpa3: return AttentionMap(try AttentiveDetector(inside(model)), level: .index(2))
    case .ltpaProduct: return AttentionMap(try AttentiveDetector(inside(model)), level: .product)
    case .random: return RandomMap(seed: seed)
    case .centre: return CentrePrior()
    }
  }

  private func inside(_ model: any Classifier) throws -> DeepfakeDetector {
    guard let model = model as? DeepfakeDetector else {
      throw Failure(
        "\(rawValue) looks inside one network, and \(model.info.name) is several; "
          + "say which with --model \(rawValue)=NAME-OR-FILE")
    }
    return model
  }

  /// The name as people write it.
  var title: String {
    switch self {
    case .gradcam: "GradCAM"
    case .gradcamPlusPlus: "GradCAM++"
    case .layercam: "LayerCAM"
    case .hirescam: "HiResCAM"
    case .shap: "SHAP"
    case .lime: "LIME"
    case .occlusion: "Occlusion"
    case .rise: "RISE"
    case .integratedGradients: "Integrated gradients"
    case .smoothgrad: "SmoothGrad"
    case .attention: "Attention"
    case .ltpa: "LTPA"
    case .ltpa1: "LTPA, fine level"
    case .ltpa3: "LTPA, coarse level"
    case .ltpaProduct: "LTPA, all levels"
    case .random: "Random map"
    case .centre: "Centre prior"
    }
  }

  /// What the method does, for those who read a report.
  var summary: String {
    switch self {
    case .gradcam:
      "GradCAM weighs the features of the network's last layers by how much they move the detector's logit, and "
        + "shows where on the face they are. It is coarse: it names regions, not pixels."
    case .gradcamPlusPlus:
      "GradCAM++ is GradCAM with weights that count several small places as much as one large one."
    case .layercam:
      "LayerCAM weighs each place of the network's features by its own gradient, so that layers before the last can "
        + "be shown too."
    case .hirescam:
      "HiResCAM multiplies features and gradients place by place: it shows what the logit is made of, where the layers "
        + "behind are linear."
    case .shap:
      "Kernel SHAP takes segments of the face away, in many combinations, and shares the change of the detector's logit "
        + "fairly among them (Shapley values). It needs no look inside the network."
    case .lime:
      "LIME takes random halves of the segments away and fits a straight line to what the detector then says: the "
        + "slope of a segment is its value."
    case .occlusion:
      "Occlusion covers one square after the other and shows by how much the detector's logit drops."
    case .rise:
      "RISE covers the face with random soft masks and shows which places are visible when the logit is high."
    case .integratedGradients:
      "Integrated gradients add up the gradients of the logit on the way from a blank picture to the face; their sum is "
        + "the change of the logit."
    case .smoothgrad:
      "SmoothGrad averages the gradient of the logit over noisy copies of the face: where a small change of a pixel "
        + "would move the logit."
    case .attention:
      "The network multiplies its features by a map that it makes itself (Bonettini's attention); this is that map. It "
        + "says where the network looks, not what for."
    case .ltpa, .ltpa1, .ltpa3, .ltpaProduct:
      "The network weighs its local features by how well they fit the whole picture (Learn To Pay Attention); these are "
        + "its weights. They say where the network looks, not what for."
    case .random:
      "Noise, for comparison: it explains nothing."
    case .centre:
      "A hill in the middle, for comparison: it explains nothing."
    }
  }
}

/// What a method is, for those who see its maps.
struct Method {
  /// The name as people write it.
  var title: String
  /// What it does.
  var summary = ""
}

extension Method {
  /// The name of what combines the others.
  static let combinedName = "combined"

  /// What combines the others.
  static let combined = Method(
    title: "Combined",
    summary:
      "Each pixel's rank in the maps of the others, and the mean of these ranks: where the methods agree.")
}

extension Analysis {
  /// Adds to each explained face the mean of its maps' ranks.
  mutating func combineExplanations() throws {
    for i in tracks.indices {
      guard let clip = tracks[i].explanations.first?.clip else { continue }
      let map = try MeanOfRanks.combined(tracks[i].explanations.map(\.map), name: Method.combinedName)
      tracks[i].explanations.append(Explanation(map: map, clip: clip))
    }
  }
}

/// A method with the model that it explains.
struct ChosenExplainer {
  let explainer: any Explainer
  let model: any Classifier
  let method: Method

  /// Of the choice, what is needed for it.
  ///
  /// - Parameter main: the model that decides.
  init(
    _ choice: ExplainerChoice, main: any Classifier, common: CommonOptions, options: ExplainerOptions
  ) throws {
    var model: any Classifier = try common.ownDetector(of: choice) ?? main
    if case .attention(let kind) = choice.need { model = try ChosenExplainer.attentive(model, kind) }
    var explainer = try choice.explainer(model, options, seed: common.seed)
    var method = Method(title: choice.title, summary: choice.summary)
    if options.weighted {
      explainer = ConfidenceWeighted(explainer, scoredBy: model)
      method.title += ", weighted"
      method.summary += " Frames count by how sure the detector is of them."
    }
    self.explainer = explainer
    self.model = model
    self.method = method
  }

  /// The model, if it has such attention; or else the one that ships for it.
  private static func attentive(
    _ model: any Classifier, _ kind: EfficientNet.Attention
  ) throws -> any Classifier {
    if let network = (model as? DeepfakeDetector)?.network,
      case .efficientNet(let layout) = network.architecture
    {
      switch (kind, layout.attention) {
      case (.ltpa, .ltpa), (.autoAtt, .autoAtt): return model
      default: break
      }
    }
    return try DeepfakeDetector(named: ModelZoo.defaultModel(for: kind))
  }
}
