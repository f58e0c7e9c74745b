import Detector
import Explainers
import FaceCrop
import Tensor
import TestSupport
import Testing

/// Against pytorch-grad-cam and captum: see `Tests/Golden/explainers/make.py`.
@Suite("Gradient explainers against PyTorch")
struct ExplainerGoldenTests {
  /// Of the map's peak.
  private let tolerance: Float = 1e-3

  @Test(
    "class activation maps at three blocks, for both classes",
    arguments: [
      (GoldenNetwork.trainedB0, ["blocks.4", "blocks.10", "head"]),
      (.seededB4, ["blocks.9", "blocks.21", "head"]),
    ])
  func activationMaps(network: GoldenNetwork, names: [String]) throws {
    let (detector, golden, clip) = try material(network)
    for name in names {
      let block = try #require(detector.blocks.first { $0.name == name })
      let methods: [(String, any Explainer)] = [
        ("gradcam", GradCAM(detector, block: block)), ("hirescam", HiResCAM(detector, blocks: [block])),
        ("layercam", LayerCAM(detector, blocks: [block])),
        ("gradcam++", GradCAMPlusPlus(detector, blocks: [block], epsilon: 1e-6)),
        ("gradcam++paper", GradCAMPlusPlus(detector, blocks: [block])),
      ]
      for (method, explainer) in methods {
        // GradCAM++ divides by 2 + g · ΣA, which passes through 0 where a linear block of many positions has negative
        // sums: PyTorch's own single precision is 5.7e-3 of the peak from its double there.
        let hasPoles = method.hasPrefix("gradcam++") && block.stride == 8
        for target in Target.allCases {
          let map = try explainer.explain(clip, for: target)
          // The class's own map; GradCAM's and HiResCAM's are one for both.
          let key = "\(network.rawValue).\(method).\(name)"
          let both = golden["\(key).real"] == nil
          let expected = try #require(golden[both ? "\(key).fake" : "\(key).\(target)"])
          let values = both ? map.values : map.values * target.sign
          #expect(values.shape == expected.shape)
          for i in 0..<2 {
            expectClose(
              values.rows(i..<i + 1).elements, expected.rows(i..<i + 1).elements,
              within: hasPoles ? 3e-2 : tolerance, "\(key), crop \(i), for \(target)")
          }
        }
      }
    }
  }

  @Test(
    "integrated gradients, gradients and SmoothGrad",
    arguments: [GoldenNetwork.trainedB0, .seededB4])
  func inputGradients(network: GoldenNetwork) throws {
    let (detector, golden, clip) = try material(network)
    let methods: [(key: String, samples: String, any Explainer)] = [
      ("ig.black.gausslegendre", "ig.black", IntegratedGradients(detector, steps: 16)),
      (
        "ig.grey.riemann_middle", "ig.grey",
        IntegratedGradients(detector, baseline: .grey, steps: 16, quadrature: .middle)
      ),
      ("saliency", "saliency", SmoothGrad(detector, noise: 0, samples: 1)),
      // The seeded network is left out: noise makes its activations explode.
      ("smoothgrad", "smoothgrad", SmoothGrad(detector, samples: 3, seed: 7)),
      (
        "smoothgrad.input", "smoothgrad.input",
        SmoothGrad(detector, samples: 3, quantity: .gradientTimesInput, seed: 7)
      ),
      ("smoothgrad_sq", "smoothgrad_sq", SmoothGrad(detector, samples: 3, quantity: .squared, seed: 7)),
    ]
    for (key, samples, explainer) in methods where network == .trainedB0 || !key.hasPrefix("smoothgrad") {
      let map = try explainer.explain(clip, for: .fake)
      let expected = try #require(golden["\(network.rawValue).\(key)"])
      // Ours are of the clip's logit, the mean of two.
      let factor: Float = map.kind == .attention ? 4 : 2
      for i in 0..<2 {
        let values = map.values.rows(i..<i + 1) * factor
        let positions = samplePositions(samples, size: values.count, count: 256)
        let reference = expected.rows(i..<i + 1).elements
        expectClose(
          [values.largestMagnitude] + values.samples(at: positions), reference, within: tolerance,
          of: reference[0], "\(network.rawValue).\(key), crop \(i)")
        if key == "ig.black.gausslegendre" {
          let sum = values.elements.reduce(0) { $0 + Double($1) }
          let exact = Double(try #require(golden["\(network.rawValue).ig.black.sum"])[i])
          #expect(abs(sum - exact) < 1e-3 * abs(exact), "\(sum), \(exact)")
        }
      }
    }
  }

  private func material(_ network: GoldenNetwork) throws -> (DeepfakeDetector, [String: Tensor], Clip) {
    let crops = try Portrait.crops(size: 224).prefix(2)
    return (
      try network.detector(network == .trainedB0 ? .symmetric : .native),
      try Golden.tensors("explainers/maps.safetensors"),
      Clip(frames: crops.indices.map { Clip.Frame(index: $0) }, crops: Array(crops))
    )
  }
}
