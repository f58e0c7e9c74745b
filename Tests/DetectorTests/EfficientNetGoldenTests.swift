import Detector
import Tensor
import TestSupport
import Testing

/// The networks against PyTorch on four crops of a real face: see `Tests/Golden/efficientnet/make.py`.
@Suite("EfficientNet against PyTorch")
struct EfficientNetGoldenTests {
  /// Of the largest value over a batch.
  private let tolerance: Float = 1e-4

  @Test("logits of B0 trained on DFDC", arguments: [224, 380])
  func trained(size: Int) throws {
    let golden = try #require(try GoldenNetwork.trainedB0.golden["logits.symmetric.\(size)"])
    let detector = try GoldenNetwork.trainedB0.detector(.symmetric)
    let logits = try detector.logits(Portrait.tensor(size: size))
    expectClose(logits.elements, golden.elements, within: tolerance, "B0 (DFDC) at \(size), logits")
  }

  @Test(
    "logits of seeded weights under each padding", arguments: [GoldenNetwork.seededB0, .seededB4],
    PaddingScheme.allCases)
  func seeded(network: GoldenNetwork, padding: PaddingScheme) throws {
    let golden = try network.golden
    let detector = try network.detector(padding)
    for size in [224, 380] {
      let expected = try #require(golden["logits.\(padding.rawValue).\(size)"]).elements
      let logits = try detector.logits(Portrait.tensor(size: size)).elements
      expectClose(logits, expected, within: tolerance, "\(network), \(padding) at \(size), logits")
      // Were the statistics not calibrated, activations would die, and any two networks would agree.
      #expect(logits.max()! - logits.min()! > 0.05 * logits.map(abs).max()!)
    }
  }

  @Test("paddings differ where they should, and only there")
  func paddings() throws {
    func logits(_ network: GoldenNetwork, _ padding: PaddingScheme, _ size: Int) throws -> [Float] {
      try network.detector(padding).logits(Portrait.tensor(size: size).rows(0..<1)).elements
    }
    // 224 stays even down to 7, and is B0's native size.
    #expect(try logits(.seededB0, .same, 224) == logits(.seededB0, .tracked, 224))
    #expect(try logits(.seededB4, .same, 224) == logits(.seededB4, .native, 224))
    #expect(try logits(.seededB4, .same, 224) != logits(.seededB4, .tracked, 224))
    #expect(try logits(.seededB4, .same, 380) == logits(.seededB4, .tracked, 380))
    #expect(try logits(.seededB4, .same, 380) != logits(.seededB4, .native, 380))
  }

  @Test(
    "the activations of every block",
    arguments: [(GoldenNetwork.trainedB0, PaddingScheme.symmetric, 224), (.seededB4, .native, 380)])
  func activations(network: GoldenNetwork, padding: PaddingScheme, size: Int) throws {
    let golden = try network.golden
    let detector = try network.detector(padding)
    var (largest, compared) = (Float(0), 0)
    let crops = try Portrait.tensor(size: size).rows(0..<2)
    let activations = try detector.network.activations(detector.normalised(crops))
    for (block, activation) in zip(detector.blocks, activations) {
      let expected = try #require(golden["activations.\(block.name).\(size)"])
      let peak = max(expected[0, 0], expected[1, 0])
      for i in 0..<2 {
        let found = activation.rows(i..<i + 1).summary(of: block.name)
        for (a, b) in zip(found, expected.rows(i..<i + 1).elements) {
          largest = max(largest, abs(a - b) / peak)
          compared += 1
        }
      }
    }
    print("\(network) at \(size): largest difference of any block \(largest) of the block's peak")
    #expect(compared == detector.blocks.count * 2 * 66)
    #expect(largest <= tolerance)
  }

  @Test("the logit's gradient with respect to the crop")
  func inputGradients() throws {
    let expected = try #require(try GoldenNetwork.trainedB0.golden["gradients.input"])
    let crops = try Portrait.tensor(size: 224).rows(0..<2)
    let (_, gradients) = try GoldenNetwork.trainedB0.detector(.symmetric).inputGradients(crops)
    for i in 0..<2 {
      let gradient = gradients.rows(i..<i + 1)
      let positions = samplePositions("input", size: gradient.count, count: 64)
      expectClose(
        [gradient.largestMagnitude] + gradient.samples(at: positions),
        expected.rows(i..<i + 1).elements, within: 1e-3, "input gradient of crop \(i)")
    }
  }

  @Test(
    "gradients of parameters through the whole network",
    arguments: zip([BatchStatistics.batch, .running], ["batch", "running"]))
  func parameterGradients(statistics: BatchStatistics, name: String) throws {
    let golden = try GoldenNetwork.trainedB0.golden
    let detector = try GoldenNetwork.trainedB0.detector(.symmetric)
    let network = detector.network
    let names = golden.keys.filter {
      $0.hasPrefix("gradients.\(name).") && !$0.hasSuffix(".logits")
    }.map { String($0.dropFirst("gradients.\(name).".count)) }.sorted()
    #expect(names.count == 13)
    var parameters = network.parameters
    for name in names { parameters[name] = parameters[name]?.tracked() }
    let crops = try Portrait.tensor(size: 224)
    let logits = try network.trainingPass(
      detector.normalised(crops), parameters: parameters, statistics: statistics
    ).logits
    let expected = try #require(golden["gradients.\(name).logits"])
    expectClose(logits.elements, expected.elements, within: tolerance, "\(name) statistics, logits")
    let gradients = logits.gradients(
      of: names.map { parameters[$0]! }, seed: Tensor(shape: [4], [1, -0.5, 0.75, -1.25]))
    for (parameter, gradient) in zip(names, gradients) {
      let expected = try #require(golden["gradients.\(name).\(parameter)"])
      let positions = samplePositions(parameter, size: gradient.count, count: 16)
      expectClose(
        [gradient.largestMagnitude] + gradient.samples(at: positions), expected.elements, within: 1e-3,
        "\(name) statistics, gradient of \(parameter)")
    }
  }

  @Test(
    "logits are the same bits for any number of threads; the last block's output also alone as in company")
  func threads() throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let crops = Tensor(shape: [9, 3, 96, 112]) { out in
      for i in out.indices { out[i] = Float((i * 7919) % 1009) / 1009 }
    }
    let x = try detector.normalised(crops)
    let before = ComputeRuntime.threads
    defer { ComputeRuntime.threads = before }
    let expected = detector.network.logits(x)
    for threads in [1, 2, 3, 7] {
      ComputeRuntime.threads = threads
      #expect(detector.network.logits(x) == expected, "\(threads) threads")
    }
    let activations = detector.network.activations(x).last!
    for i in [0, 8] {
      #expect(detector.network.activations(x.rows(i..<i + 1)).last! == activations.rows(i..<i + 1))
    }
  }

  @Test("logits and maps of networks with attention are the same bits for any number of threads")
  func attentionThreads() throws {
    let before = ComputeRuntime.threads
    defer { ComputeRuntime.threads = before }
    let crops = Tensor.random([5, 3, 96, 112], seed: 3)
    for kind in [EfficientNet.Attention.ltpa(.dotProduct), .autoAtt(width: 0)] {
      let attentive = try AttentiveDetector(DeepfakeDetector(named: ModelZoo.defaultModel(for: kind)))
      ComputeRuntime.threads = 1
      let (logits, maps) = try attentive.attention(crops)
      for threads in [2, 3, 7] {
        ComputeRuntime.threads = threads
        let found = try attentive.attention(crops)
        #expect(found.logits == logits && found.maps == maps, "\(kind), \(threads) threads")
      }
    }
  }
}
