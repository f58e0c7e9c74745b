import VideoIO

extension ModelZoo {
  /// The detectors that ship: the one that is used where none is named, and one for each attention explainer.
  /// Documentation/ModelCard.md says how they were made; their files say the same and more.
  static let shippedRecords = [
    ours("efficientnet-b0-dfdc-224", "EfficientNetB0", "0.895 [0.880, 0.910]", "0.965 [0.957, 0.972]"),
    ours(
      "efficientnet-autoatt-b0-dfdc-224", "EfficientNetAutoAttB0", "0.905 [0.891, 0.918]",
      "0.968 [0.960, 0.975]"),
    ours(
      "efficientnet-ltpa-b0-dfdc-224", "EfficientNetLTPAB0", "0.890 [0.875, 0.905]", "0.964 [0.955, 0.971]"),
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
