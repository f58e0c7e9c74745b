import VideoIO

extension ModelZoo {
  /// The detectors that ship: the one that is used where none is named, and one for each attention explainer.
  /// Documentation/ModelCard.md says how they were made; their files say the same and more.
  static let shippedRecords = [
    ours("efficientnet-b0-dfdc-224", "EfficientNetB0", "0.925 [0.912, 0.938]", "0.977 [0.971, 0.983]"),
    ours(
      "efficientnet-autoatt-b0-dfdc-224", "EfficientNetAutoAttB0", "0.916 [0.902, 0.929]",
      "0.976 [0.970, 0.982]"),
    ours(
      "efficientnet-ltpa-b0-dfdc-224", "EfficientNetLTPAB0", "0.917 [0.904, 0.932]", "0.975 [0.968, 0.981]"),
  ]

  private static func ours(
    _ name: String, _ architecture: String, _ balancedAccuracy: String, _ areaUnderROC: String
  ) -> ModelRecord {
    ModelRecord(
      name: name, fileName: "\(name).safetensors", architecture: architecture, inputSize: 224,
      cropPolicy: .square(scale: 1.04, shiftX: 0, shiftY: -0.06), padding: .symmetric, trainingData: "DFDC",
      source: "WhyFake",
      licence: "research use: the weights were trained on DFDC, which is under its owners' terms",
      performance:
        "1639 face crops of 828 DFDC originals it has not seen: balanced accuracy \(balancedAccuracy), "
        + "ROC AUC \(areaUnderROC) (95 % intervals over originals)")
  }
}
