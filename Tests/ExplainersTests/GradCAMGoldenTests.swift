import Detector
import Explainers
import FaceCrop
import Tensor
import TestSupport
import Testing
import VideoIO

/// GradCAM against PyTorch's autograd: see `Tests/Golden/efficientnet/make.py`.
@Suite("GradCAM against PyTorch")
struct GradCAMGoldenTests {
  /// Of the map's peak.
  private let tolerance: Float = 1e-3

  @Test("maps of B0 trained on DFDC at three blocks", arguments: ["blocks.4", "blocks.10", "head"])
  func trained(block: String) throws {
    try compare(.trainedB0, .symmetric, block)
  }

  @Test("maps of B4 with seeded weights at three blocks", arguments: ["blocks.9", "blocks.21", "head"])
  func seeded(block: String) throws {
    try compare(.seededB4, .native, block)
  }

  private func compare(_ network: GoldenNetwork, _ padding: PaddingScheme, _ name: String) throws {
    let expected = try #require(try network.golden["gradcam.\(name)"])
    let detector = try network.detector(padding)
    let crops = try Portrait.crops(size: 224).prefix(2)
    let clip = Clip(frames: crops.indices.map { Clip.Frame(index: $0) }, crops: Array(crops))
    let block = try #require(detector.blocks.first { $0.name == name })
    for target in Target.allCases {
      let map = try GradCAM(detector, block: block).explain(clip, for: target)
      #expect(map.values.shape == expected.shape && map.kind == .signed)
      for i in 0..<2 {
        expectClose(
          map.values.rows(i..<i + 1).elements, expected.rows(i..<i + 1).elements, within: tolerance,
          "\(network), \(name), crop \(i), for \(target)")
      }
    }
    if name == "head" {
      let map = try GradCAM(detector).explain(clip, for: .fake)
      #expect(map.values.shape == expected.shape, "the head is the default")
    }
  }
}
