import Detector
import Tensor
import TestSupport
import Testing
import VideoIO

@Suite("An ensemble is one classifier")
struct EnsembleTests {
  /// A classifier whose logit is its bias plus the mean of the crop.
  private struct Toy: Classifier {
    var info: ModelInfo
    var bias: Float
    func logits(_ crops: Tensor) throws -> Tensor {
      Tensor(
        shape: [crops.shape[0]],
        (0..<crops.shape[0]).map {
          bias + crops.rows($0..<$0 + 1).elements.reduce(0, +) / Float(crops.count / crops.shape[0])
        })
    }
  }

  private func toy(_ name: String, bias: Float, size: Int = 32, crop: CropPolicy = .scale) -> Toy {
    Toy(
      info: ModelInfo(
        name: name, architecture: "Toy", inputSize: size, cropPolicy: crop, trainingData: "DFDC",
        licence: name),
      bias: bias)
  }

  @Test("logits are averaged, names joined, what all say is said once")
  func mean() throws {
    let crops = Tensor.random([3, 3, 32, 32], seed: 1)
    let members = [toy("a", bias: 3), toy("b", bias: -1), toy("c", bias: 1)]
    let ensemble = try Ensemble(members)
    let alone = try toy("d", bias: 1).logits(crops)
    #expect(try ensemble.logits(crops).largestDifference(to: alone) < 1e-6)
    #expect(
      ensemble.info.name == "a+b+c" && ensemble.info.trainingData == "DFDC"
        && ensemble.info.licence == "a; b; c")
    #expect(try Ensemble([members[0]]).logits(crops) == members[0].logits(crops))
  }

  @Test("members that want other crops, and no members, are refused")
  func refused() {
    for other in [toy("b", bias: 0, size: 48), toy("b", bias: 0, crop: .tight)] {
      let error = #expect(throws: DetectorError.self) { try Ensemble([toy("a", bias: 0), other]) }
      #expect(error?.message.contains("different crops") == true)
    }
    #expect(throws: DetectorError.self) { try Ensemble([]) }
  }
}
