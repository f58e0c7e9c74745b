import ArgumentParser
import CMachine
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
    for (bytes, rate) in machine.bandwidths {
      line = line.adding("triad_gb_s_\(Int(bytes / 1024))_kib", rate, digits: 1)
    }
    line.write()
  }
}

/// What the machine's limits say about each layer of a network.
struct RooflineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roofline", abstract: "The least time of each layer of a network on this machine.",
    discussion: """
      A layer takes at least its arithmetic at the measured peak of multiply-adds, and at least its traffic (weights, \
      input and output, each once) at the bandwidth measured for a working set of that size; the larger of the two is \
      its limit. Layers that are fused share their traffic and can be faster than the sum of their limits.
      """)

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  @Option(help: "Measured times: lines of JSON with \"layer\" and \"ms\", to be set beside the limits.")
  var measured: String?

  @Flag(help: "JSON lines in place of a table.")
  var json = false

  private struct Measurement: Decodable {
    let layer: String
    let ms: Double
  }

  func run() throws {
    let measurements = try measurements()
    let machine = Machine(threads: timing.threads)
    if !json {
      let rates = machine.bandwidths.map {
        String(format: "%.0f GB/s in %.4g MiB", $0.rate, $0.bytes / 0x1p20)
      }
      print("\(String(format: "%.1f", machine.peak)) GFLOP/s; " + rates.joined(separator: ", ") + "\n")
      print("| layer | kind | MFLOP | MiB | arithmetic ms | memory ms | limit ms |", terminator: "")
      print(measured == nil ? "" : " measured ms | of limit |")
      print("| --- | --- | ---: | ---: | ---: | ---: | ---: |", terminator: "")
      print(measured == nil ? "" : " ---: | ---: |")
    }
    var (limits, times, operations) = (0.0, 0.0, 0.0)
    for layer in NetworkLayer.all(of: options.network, size: options.size) {
      let flops = 2 * layer.multiplications * Double(options.batch)
      let bytes = 4 * (layer.weights + layer.activations * Double(options.batch))
      let arithmetic = flops / machine.peak * 1e-6
      let memory = bytes / machine.bandwidth(for: bytes) * 1e-6
      let limit = max(arithmetic, memory)
      let time = measurements[layer.name]
      limits += limit
      times += time ?? 0
      operations += flops
      if json {
        var line = JSONLine().adding("layer", layer.name).adding("kind", layer.kind)
          .adding("flops", Int(flops)).adding("bytes", Int(bytes)).adding(
            "arithmetic_ms", arithmetic, digits: 5
          )
          .adding("memory_ms", memory, digits: 5).adding("limit_ms", limit, digits: 5)
        if let time { line = line.adding("ms", time, digits: 5).adding("of_limit", limit / time) }
        line.write()
      } else {
        let cells = String(
          format: "%.2f | %.3f | %.4f | %.4f | %.4f |", flops * 1e-6, bytes / 0x1p20, arithmetic, memory,
          limit)
        let found = time.map { String(format: " %.4f | %.0f %% |", $0, 100 * limit / $0) }
        print("| \(layer.name) | \(layer.kind) | \(cells)" + (measured == nil ? "" : found ?? " | |"))
      }
    }
    if !json {
      print(String(format: "\nAll layers: %.2f ms; ", limits), terminator: "")
      print(
        String(format: "their arithmetic alone: %.2f ms", operations / machine.peak * 1e-6), terminator: "")
      print(measured == nil ? "" : String(format: "; measured: %.2f ms", times))
    }
  }

  private func measurements() throws -> [String: Double] {
    guard let measured else { return [:] }
    let lines = try String(contentsOfFile: measured, encoding: .utf8).split(separator: "\n")
    let found = try lines.map { try JSONDecoder().decode(Measurement.self, from: Data($0.utf8)) }
    return Dictionary(found.map { ($0.layer, $0.ms) }, uniquingKeysWith: +)
  }
}
