import ArgumentParser
import Foundation
import WhyFake

/// `whyfake`: says whether faces in a video are fakes, and why.
@main
struct WhyFakeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "whyfake",
    abstract: "Says whether the faces in a video are deepfakes, and why it thinks so.",
    discussion: """
      Results go to standard output, progress and messages to standard error. Exit status: 0 done; \
      1 something could not be done (one line each; the rest is done all the same); 64 wrong usage.
      """,
    version: Analyzer.version,
    subcommands: [
      DetectCommand.self, ExplainCommand.self, CompareCommand.self, MetricsCommand.self, FacesCommand.self,
      TrainCommand.self,
      EvaluateCommand.self, CompareModelsCommand.self, ModelsCommand.self,
    ])

  static func main() {
    Interruption.shared.install()
    main(nil)
  }
}

/// A word on the command line that stands for a case.
protocol Choice: ExpressibleByArgument, CaseIterable, RawRepresentable where RawValue == String {}

extension Choice {
  init?(argument: String) { self.init(rawValue: argument) }
  static var allValueStrings: [String] { allCases.map(\.rawValue) }
}

/// How results are printed.
enum OutputFormat: String, Choice { case text, json }

/// The class that is explained.
enum ClassChoice: String, Choice { case fake, real, predicted }

/// The names of a list, each once.
func list<Item: Choice & Equatable>(_ text: String, _ what: String) throws -> [Item] {
  var items: [Item] = []
  for name in text.split(separator: ",", omittingEmptySubsequences: false) {
    let name = name.trimmingCharacters(in: .whitespaces)
    guard let item = Item(rawValue: name) else {
      throw ValidationError(
        "There is no \(what) '\(name)'; there is: \(Item.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    if !items.contains(item) { items.append(item) }
  }
  return items
}
