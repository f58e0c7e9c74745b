import Detector
import Tensor
import Testing

@Suite("Profiles of plans")
struct ProfileTests {
  @Test("a profile counts the operations of the network, and every stage takes time")
  func operations() throws {
    let network = try DeepfakeDetector(named: ModelZoo.defaultModel).network
    // 0.3845 G multiply-adds an image at 224: what hooks on PyTorch's convolutions and linear layers count.
    for images in [1, 2] {
      let stages = network.profile(Tensor(shape: [images, 3, 224, 224], repeating: 0.1), runs: 2)
      let operations = stages.reduce(0) { $0 + $1.operations }
      #expect(abs(operations / 2e9 / Double(images) - 0.3845) < 0.0005)
      #expect(stages.allSatisfy { $0.seconds > 0 && $0.mapBytes > 0 })
    }
  }
}
