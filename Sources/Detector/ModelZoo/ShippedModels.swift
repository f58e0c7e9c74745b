import VideoIO

extension ModelZoo {
  /// The detector that ships; its file says the same and more.
  static let firstDetector = ModelRecord(
    name: defaultModel, fileName: "\(defaultModel).safetensors", architecture: "EfficientNetB0",
    inputSize: 160, cropPolicy: .square(scale: 1.04, shiftX: 0, shiftY: -0.06), padding: .symmetric,
    trainingData: "DFDC", source: "WhyFake",
    licence: "research use: the weights were trained on DFDC, which is under its owners' terms",
    performance: "3,330 DFDC face crops it has not seen: balanced accuracy 0.879, ROC AUC 0.952")
}
