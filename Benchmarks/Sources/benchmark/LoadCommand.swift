import ArgumentParser
import Detector
import Tensor

/// Loading a checkpoint; load_checkpoint.py runs it beside `torch.load`.
struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "load", abstract: "Loads a checkpoint once.")

  @Argument(help: "The checkpoint.")
  var path: String

  func run() throws {
    let start = ContinuousClock.now
    let weights = try Checkpoint.load(path)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    JSONLine().adding("bench", "load").adding("seconds", seconds, digits: 4)
      .adding("tensors", weights.tensors.count + weights.ignored.count).addingPeakMemory().write()
  }
}
