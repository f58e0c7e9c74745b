import ArgumentParser
import Detector

/// `whyfake models`: what is known, what is in a file, to safetensors.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists, inspects and converts models.",
    subcommands: [List.self, Inspect.self, Convert.self])

  /// `whyfake models list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the models that are known by name.")

    func run() throws {
      for name in ModelZoo.shipped {
        let note = name == ModelZoo.defaultModel ? "  (default)" : ""
        let place = (try? ModelZoo.locate(name)) ?? "not found; see --help of models convert"
        try Terminal.result("\(name)\(note)  \(Terminal.shown(place))")
      }
    }
  }
}
