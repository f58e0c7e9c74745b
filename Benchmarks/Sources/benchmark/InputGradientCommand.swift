import ArgumentParser
import Detector
import Tensor

/// The gradient of the logits with respect to the pictures, the same by recorded tensor operations, and the forward pass
/// alone, in turn; the peer is `input_gradient.py`.
struct InputGradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "input-gradient",
    abstract: "Input gradients, the same by recorded operations, and the forward pass alone.")

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  @Flag(help: "Leave out the recorded operations, so that the memory reported is that of the gradients.")
  var alone = false

  func run() throws {
    timing.prepare()
    let detector = try options.detector(timing)
    let crops = options.pictures
    let recorded = {
      let leaf = crops.tracked()
      _ = detector.network.logits(leaf).gradients(of: [leaf])
    }
    let times = try Timing.measure(
      runs: timing.runs, warm: 2,
      { _ = try detector.inputGradients(crops) },
      { _ = try detector.logits(crops) },
      { if !alone { recorded() } })
    func perSecond(_ timing: Timing) -> Double { Double(options.batch) / timing.median * 1000 }
    var line = JSONLine().adding("bench", "input-gradient").adding("backend", "whyfake")
      .adding(options, timing).adding("ms_per_image", times[0], per: options.batch)
      .adding("images_per_s", perSecond(times[0]), digits: 2)
      .adding("ratio_to_forward", times[0].median / times[1].median)
    if !alone {
      line = line.adding("recorded_images_per_s", perSecond(times[2]), digits: 2)
        .adding("ratio_to_recorded", times[2].median / times[0].median)
    }
    line.addingPeakMemory().write()
  }
}
