import Detector
import Tensor
import TestSupport
import Testing

@Suite("A temperature in the last layer")
struct TemperatureTests {
  private static let crops = Tensor.random([2, 3, 64, 64], seed: 1) * 0.5 + 0.5

  @Test(
    "divides the logits of every kind of network, and nothing else changes",
    arguments: [EfficientNet(b: 0), EfficientNet(b: 0, attention: .autoAtt(width: 0))])
  func divides(_ layout: EfficientNet) throws {
    let detector = try GoldenNetwork.seededB0.seeded(layout, .init(.same))
    let cooled = try detector.cooled(by: 2.5)
    let (logits, divided) = (try detector.logits(Self.crops).elements, try cooled.logits(Self.crops).elements)
    for (a, b) in zip(logits, divided) { #expect(abs(a / 2.5 - b) <= 1e-5 * max(1, abs(a))) }
    #expect(cooled.description == detector.description)
    for (name, tensor) in detector.network.parameters where !name.hasPrefix("classifier.") {
      #expect(cooled.network.parameters[name] == tensor)
    }
  }

  @Test("divides those of MesoNet")
  func mesoNet() throws {
    let architecture = Architecture.mesoNet(MesoNet(.meso4))
    let parameters = Dictionary(
      uniqueKeysWithValues: architecture.parameterShapes.map { ($0, Tensor.seededParameter($0, $1)) })
    let detector = try DeepfakeDetector(
      description: ModelDescription(
        info: ModelInfo(name: "m", architecture: "Meso4", inputSize: 256), padding: .init(.same),
        epsilon: 1e-3),
      network: Network(architecture, padding: .init(.same), epsilon: 1e-3, parameters: parameters))
    let crops = Tensor.random([1, 3, 256, 256], seed: 2) * 0.5 + 0.5
    let logit = try detector.logits(crops).elements[0]
    #expect(
      abs(try detector.cooled(by: 0.5).logits(crops).elements[0] - 2 * logit) <= 1e-5 * max(1, abs(logit)))
  }

  @Test("comes back from a file of 16 bits")
  func written() throws {
    let folder = TemporaryFolder()
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    try detector.cooled(by: 1.7).write(to: folder.path("cooled.safetensors"))
    let read = try DeepfakeDetector(contentsOf: folder.path("cooled.safetensors"))
    let (logits, cooled) = (try detector.logits(Self.crops).elements, try read.logits(Self.crops).elements)
    // The last layer's weights are rounded to 16 bits once more.
    for (a, b) in zip(logits, cooled) { #expect(abs(a / 1.7 - b) < 2e-3) }
  }

  @Test("is refused where it makes no sense", arguments: [0, -1, .nan, .infinity, 1e60])
  func refused(_ temperature: Double) throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    #expect(throws: DetectorError.self) { try detector.cooled(by: temperature) }
  }
}
