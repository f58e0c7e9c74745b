import ArgumentParser
import Detector
import Explainers
import FaceCrop
import Tensor
import VideoIO

/// GradCAM at the last block, and the forward pass alone on the same crops; the peer is `bench_gradcam.py`.
struct GradCAMCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradcam",
    abstract: "GradCAM at the last block, and the forward pass alone on the same crops.")

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  func run() throws {
    timing.prepare()
    let detector = try options.detector(timing)
    var random = SplitMix(seed: 1)
    let crops = (0..<options.batch).map { _ in
      var crop = RGBImage(width: options.size, height: options.size)
      for i in crop.pixels.indices { crop.pixels[i] = UInt8(random.uniform() * 256) }
      return crop
    }
    let clip = Clip(frames: crops.indices.map { Clip.Frame(index: $0) }, crops: crops)
    let explainer = GradCAM(detector)
    let context = ExplanationContext(batchSize: options.batch)
    let times = try Timing.measure(
      runs: timing.runs, warm: 2, seconds: 1,
      {
        // To the size of the crops, as the peers' maps are.
        let map = try explainer.explain(clip, for: .fake, context: context).values
        _ = map.reshaped([options.batch, 1] + map.shape.dropFirst())
          .resizedBilinear(height: options.size, width: options.size)
      },
      { _ = try detector.logits(clip.tensor()) })
    JSONLine().adding("bench", "gradcam").adding("backend", "whyfake").adding(options, timing)
      .adding("ms_per_image", times[0], per: options.batch)
      .adding("forward_ms_per_image", times[1].median / Double(options.batch))
      .adding("ratio_to_forward", times[0].median / times[1].median)
      .addingPeakMemory().write()
  }
}
