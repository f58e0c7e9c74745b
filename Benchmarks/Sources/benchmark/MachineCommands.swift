import ArgumentParser
import CMachine
import Detector
import Foundation

/// The machine's limits.
struct MachineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "machine", abstract: "Measures the machine's peak of multiply-adds and its bandwidths.")

  @OptionGroup var timing: TimingOptions

  @Flag(help: "Only the peak of multiply-adds.")
  var peakOnly = false

  func run() throws {
    let machine = Machine(threads: timing.threads, peakOnly: peakOnly)
    var line = JSONLine().adding("bench", "machine").adding("threads", timing.threads)
      .adding("instructions", String(cString: cm_instructions())).adding(
        "peak_gflops", machine.peak, digits: 1)
    if !peakOnly { line = line.adding("handover_ns", cm_handover(), digits: 0) }
    for (bytes, rate) in machine.bandwidths {
      line = line.adding("triad_gb_s_\(Int(bytes / 1024))_kib", rate, digits: 1)
    }
    line.write()
  }
}

/// What the machine's limits say about each stage of a network, and what it takes.
struct RooflineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roofline",
    abstract: "The stages of a network: their least time on this machine, and theirs.",
    discussion: """
      A stage takes at least its arithmetic at the measured peak of multiply-adds, and its traffic (weights, \
      input and output, each once) at the bandwidth measured for a working set of that size; the larger of the two is \
      its limit. Activations, gates and pooling are not counted as arithmetic.
      """)

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  @Flag(help: "JSON lines in place of a table.")
  var json = false

  func run() throws {
    timing.prepare()
    let network = try options.detector(timing).network
    let pictures = options.pictures
    _ = network.logits(pictures)
    let stages = network.profile(pictures, runs: max(9, timing.runs))
    let machine = Machine(threads: timing.threads)
    if !json {
      let rates = machine.bandwidths.map {
        String(format: "%.0f GB/s in %.4g MiB", $0.rate, $0.bytes / 0x1p20)
      }
      print("\(String(format: "%.1f", machine.peak)) GFLOP/s; " + rates.joined(separator: ", ") + "\n")
      print("| stage | MFLOP | MiB | arithmetic ms | memory ms | measured ms | limit / measured |")
      print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    }
    var (limits, times, operations) = (0.0, 0.0, 0.0)
    for stage in stages {
      let bytes = stage.weightBytes + stage.mapBytes
      let arithmetic = stage.operations / machine.peak * 1e-6
      let memory = bytes / machine.bandwidth(for: bytes) * 1e-6
      let (limit, time) = (max(arithmetic, memory), stage.seconds * 1000)
      limits += limit
      times += time
      operations += stage.operations
      if json {
        JSONLine().adding("stage", stage.name).adding("images", stage.images)
          .adding("flops", Int(stage.operations)).adding("bytes", Int(bytes))
          .adding("arithmetic_ms", arithmetic, digits: 5).adding("memory_ms", memory, digits: 5)
          .adding("ms", time, digits: 5).write()
      } else {
        let cells = String(
          format: "%.2f | %.3f | %.4f | %.4f | %.4f | %.0f %%", stage.operations * 1e-6, bytes / 0x1p20,
          arithmetic, memory, time, 100 * limit / time)
        print("| \(stage.name) | \(cells) |")
      }
    }
    if !json {
      print(
        String(
          format: "\nAll stages: %.2f ms; their limits %.2f ms, their arithmetic alone %.2f ms", times,
          limits,
          operations / machine.peak * 1e-6))
    }
  }
}
