import ArgumentParser
import Foundation

/// Our side of each comparison: every subcommand does one piece of work again and again and prints one JSON line, with
/// the keys that the peers' scripts print.
@main
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Times WhyFake; compare.py runs this and other engines in turn.",
    subcommands: [
      ForwardCommand.self, GradCAMCommand.self, InputGradientCommand.self, TrainCommand.self,
      DecodeCommand.self, AugmentCommand.self,
      FacesCommand.self, SLICCommand.self, CropsCommand.self, ShapleyCommand.self, ShapCommand.self,
      MemoryCommand.self, MachineCommand.self, RooflineCommand.self, ModelCommand.self, LoadCommand.self,
    ])
}

/// One clear line about what went wrong.
struct Failure: LocalizedError {
  let message: String
  init(_ message: String) { self.message = message }
  var errorDescription: String? { message }
}
