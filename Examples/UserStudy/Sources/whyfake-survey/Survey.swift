import ArgumentParser

/// `whyfake-survey`: from labelled videos to a questionnaire to its analysis.
@main
struct Survey: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "whyfake-survey",
    abstract: "Asks people which explanation of a deepfake detector convinces them.",
    discussion: """
      create makes a study from labelled videos, serve puts it on the web, analyze says what people answered. \
      Results go to standard output, progress and messages to standard error. Exit status: 0 done; 1 something could \
      not be done (one line); 64 wrong usage.
      """,
    version: "0.1.0",
    subcommands: [CreateCommand.self, ServeCommand.self, AnalyzeCommand.self])
}
