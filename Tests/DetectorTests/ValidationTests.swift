import Detector
import Evaluation
import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

/// The shipped detector on DFDC's validation crops: its published figures must come out of this engine.
@Suite("Validation figures")
struct ValidationTests {
  @Test(
    "the shipped detector's figures come out of our engine, and crop by crop PyTorch's logits",
    .enabled(if: testData != nil, "set WHYFAKE_TEST_DATA"))
  func figures() throws {
    let folder = try #require(testData).appendingPathComponent("dfdc-faces")
    let index = try String(contentsOf: folder.appendingPathComponent("index.csv"), encoding: .utf8)
    let labels = Dictionary(
      index.split(whereSeparator: \.isNewline).dropFirst().map { line in
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        return (String(fields[0]), fields[1] == "fake")
      }, uniquingKeysWith: { first, _ in first })
    let reference = try #require(
      try Golden.tensors("efficientnet/validation-logits.safetensors")["logits"]
    ).elements
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let size = detector.info.inputSize

    var (logits, labelled, batch) = ([Float](), [(name: String, isFake: Bool)](), [RGBImage]())
    func score() throws {
      guard !batch.isEmpty else { return }
      logits += try detector.logits(Tensor(crops: batch[...])).elements
      batch.removeAll(keepingCapacity: true)
    }
    for (name, content) in try TarArchive(folder.appendingPathComponent("validation-0.tar")) {
      let label = try #require(labels[String(name.dropLast(".jpg".count))] as Bool?, "\(name)")
      labelled.append((name, label))
      batch.append(try ImageFile.decode(content, path: name).resized(width: size, height: size))
      if batch.count == 16 { try score() }
    }
    try score()

    #expect(logits.count == 3330)
    let differences = zip(logits, reference).map { abs($0 - $1) }
    let mean = differences.reduce(0, +) / Float(differences.count)
    let metrics = ClassificationMetrics(
      zip(labelled, logits).map {
        ScoredSample(name: $0.name, logit: Double($1), isFake: $0.isFake, group: $0.name)
      })
    let accuracy = try #require(metrics[.balancedAccuracy])
    let area = try #require(metrics[.areaUnderROC])
    print(
      "validation: \(logits.count) crops, balanced accuracy \(accuracy), ROC AUC \(area); "
        + "logits against PyTorch: mean \(mean), largest \(differences.max() ?? 0), "
        + "peak \(reference.map(abs).max() ?? 0)")
    // PyTorch's figures on what Pillow decodes. A crop is worth 0.0003, and the network minds how JPEG's chroma is
    // enlarged.
    #expect(abs(accuracy - 0.9178) < 0.005)
    #expect(abs(area - 0.9761) < 0.0005)
    #expect(reference.count == logits.count && mean < 0.1)
  }
}
