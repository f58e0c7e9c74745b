// Scores and explains a clip of noise: every product is imported and something of each is used.
import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Metrics
import Tensor
import VideoIO
import WhyFake

let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
var generator = SystemRandomNumberGenerator()
let size = detector.info.inputSize
let crops = (0..<2).map { _ in
  RGBImage(
    width: size, height: size,
    pixels: (0..<size * size * 3).map { _ in UInt8.random(in: 0...255, using: &generator) })
}
let clip = Clip(frames: [.init(index: 0), .init(index: 1)], crops: crops)

let logits = try detector.logits(clip.tensor())
let map = try GradCAM(detector).explain(clip, for: .fake)
let metrics = MapMetrics(map.relevance())
Counter(label: "clips.explained").increment()

precondition(logits.shape == [2] && map.logits.count == 2 && metrics.frames == 2)
print(
  "client: \(logits.elements.count) logits, \(metrics.frames) frames of relevance, \(ComputeRuntime.summary)")
