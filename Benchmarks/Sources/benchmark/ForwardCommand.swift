import ArgumentParser
import Detector
import Tensor

/// The forward pass; the peer is `bench_forward.py`.
struct ForwardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "forward", abstract: "The forward pass.")

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  func run() throws {
    timing.prepare()
    let network = try options.detector(timing).network
    let pictures = options.pictures
    let times = try Timing.measure(runs: timing.runs, warm: 3, seconds: 1) { _ = network.logits(pictures) }[0]
    // Of all pictures of a pass; stages work on all of them or on one each.
    let operations = network.profile(pictures, runs: 1).reduce(0) { $0 + $1.operations }
    JSONLine().adding("backend", "whyfake").adding(options, timing)
      .adding("ms_per_image", times, per: options.batch)
      .adding("gmac", operations / 2 * 1e-9 / Double(options.batch), digits: 4)
      .adding("gflops", operations * 1e-6 / times.median, digits: 1)
      .addingPeakMemory().write()
  }
}

/// The most memory that a fresh process takes to load a network and to run it once.
struct MemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory", abstract: "Peak memory of loading a network and running it.")

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  func run() throws {
    timing.prepare()
    let network = try options.detector(timing).network
    let pictures = options.pictures
    for _ in 0..<2 { _ = network.logits(pictures) }
    let weights = network.parameters.values.reduce(0) { $0 + $1.count * 4 }
    JSONLine().adding("backend", "whyfake").adding("bench", "memory").adding(options, timing)
      .adding("weights_mib", Double(weights) / 0x1p20, digits: 1).addingPeakMemory().write()
  }
}
