import VideoIO

extension ModelZoo {
  /// The detectors of Bonettini et al., *Video Face Manipulation Detection Through Ensemble of CNNs* (ICPR 2020):
  /// github.com/polimi-ispl/icpr2020dfdc. The end of each file's name is its SHA-256.
  static let icpr2020dfdc: [ModelRecord] = [
    bonettini(
      "EfficientNetAutoAttB4ST_DFDC", "4df0ef7d2f380a5955affa78c35d0942ac1cd65229510353b252737775515a33"),
    bonettini(
      "EfficientNetAutoAttB4ST_FFPP", "ddb357503b9b902e1b925c2550415604c4252b9b9ecafeb7369dc58cc16e9edd"),
    bonettini(
      "EfficientNetAutoAttB4_DFDC", "72ed969b2a395fffe11a0d5bf0a635e7260ba2588c28683630d97ff7153389fc",
      frameAUC: "0.8642"),
    bonettini(
      "EfficientNetAutoAttB4_FFPP", "b0c9e9522a7143cf119843e910234be5e30f77dc527b1b427cdffa5ce3bdbc25"),
    bonettini("EfficientNetB4ST_DFDC", "86f0a0701b18694dfb5e7837bd09fa8e48a5146c193227edccf59f1b038181c6"),
    bonettini("EfficientNetB4ST_FFPP", "ccd016668071be5bf5fff68e446d055441739ec7113fb1a6eee998f08396ae92"),
    bonettini(
      "EfficientNetB4_DFDC", "c9f3663e2116d3356d056a0ce6453e0fc412a8df68ebd0902f07104d9129a09a",
      frameAUC: "0.8766"),
    bonettini("EfficientNetB4_FFPP", "93aaad84946829e793d1a67ed7e0309b535e2f2395acb4f8d16b92c0616ba8d7"),
    bonettini("Xception_DFDC", "e826cdb64d73ef491e6b8ff8fce0e1e1b7fc1d8e2715bc51a56280fff17596f9"),
    bonettini("Xception_FFPP", "bb119e4913cb8f816cd28a03f81f4c603d6351bf8e3f8e3eb99eebc923aecd22"),
  ]

  /// The seven networks of S. Seferbekov, who won the Deepfake Detection Challenge:
  /// github.com/selimsef/dfdc_deepfake_challenge. No hash is published.
  static let dfdcWinner: [ModelRecord] = [
    seferbekov(seed: 111, epoch: 36), seferbekov(seed: 555, epoch: 19), seferbekov(seed: 777, epoch: 29),
    seferbekov(seed: 777, epoch: 31), seferbekov(seed: 888, epoch: 37), seferbekov(seed: 888, epoch: 40),
    seferbekov(seed: 999, epoch: 23),
  ]

  private static func bonettini(_ name: String, _ sha256: String, frameAUC: String? = nil) -> ModelRecord {
    let parts = name.split(separator: "_").map(String.init)
    let file = "\(name)_bestval-\(sha256).pth"
    let data = parts[1] == "DFDC" ? "DFDC" : "FaceForensics++"
    return ModelRecord(
      name: name, fileName: file, url: "https://f002.backblazeb2.com/file/icpr2020/\(file)", sha256: sha256,
      architecture: parts[0], inputSize: 224, cropPolicy: .scale, padding: .native, trainingData: data,
      source: "icpr2020dfdc",
      licence: "code GPL-3.0; the weights were trained on \(data): research use under its terms",
      performance: frameAUC.map { "DFDC folders 40–49: frame ROC AUC \($0)" },
      isRunnable: parts[0] != "Xception")
  }

  private static func seferbekov(seed: Int, epoch: Int) -> ModelRecord {
    let file = "final_\(seed)_DeepFakeClassifier_tf_efficientnet_b7_ns_0_\(epoch)"
    return ModelRecord(
      name: "dfdc-winner-\(seed)-\(epoch)", fileName: file,
      url: "https://github.com/selimsef/dfdc_deepfake_challenge/releases/download/0.0.1/\(file)",
      architecture: "EfficientNetB7", inputSize: 380, cropPolicy: .letterbox(fraction: 1.0 / 3),
      padding: .same,
      trainingData: "DFDC", source: "dfdc_deepfake_challenge",
      licence: "code MIT; the weights were trained on DFDC: research use under its terms")
  }
}
