import ArgumentParser

/// `whyfake models`: what is known, what is in a file, to safetensors, published weights by name.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists, inspects, converts and fetches models.",
    subcommands: [List.self, Inspect.self, Convert.self, Fetch.self])
}
