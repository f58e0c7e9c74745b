import ArgumentParser
import Foundation

/// `whyfake compare`: explainers × metrics over many videos.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Measures explainers over many videos: the study's table.",
    discussion: """
      Results are kept in the output folder as they are found: a second run, or one that was broken off, computes only \
      what is new (Documentation/Compare.md). --shard 2/8 does the second of eight parts; compare merge joins them.
      """,
    subcommands: [CompareRunCommand.self, CompareMergeCommand.self], defaultSubcommand: CompareRunCommand.self
  )
}

/// `whyfake compare merge`: several comparisons of one kind as one.
struct CompareMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Joins the folders of several compare runs, such as the shards of one.")

  @Argument(help: ArgumentHelp("Folders that compare wrote, with the same settings.", valueName: "folder"))
  var folders: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write.", valueName: "folder"))
  var output: String

  func run() throws {
    try orFail {
      let parts = try folders.map { try Comparison(folder: $0) }
      guard let first = parts.first else { throw Failure("give folders that compare wrote") }
      for (folder, part) in zip(folders, parts) where part.settings != first.settings {
        throw Failure(
          "\(Terminal.shown(folder)) was made with other settings than \(Terminal.shown(folders[0])); compare with the "
            + "same explainers, metrics, models and options")
      }
      let store = try ResultStore(output)
      var videos: [String: Comparison.Video] = [:]
      for (folder, part) in zip(folders, parts) {
        let from = try ResultStore(folder)
        for video in part.videos {
          if let other = videos[video.path], other != video {
            throw Failure(
              "\(Terminal.shown(video.path)) is in several folders with different results: it changed between runs"
            )
          }
          videos[video.path] = video
          for key in video.results.values {
            guard let result = from.read(key) else {
              throw Failure("\(Terminal.shown(from.path(key))) is not there; run compare again")
            }
            try store.write(result, key)
          }
        }
      }
      let merged = Comparison(settings: first.settings, videos: Array(videos.values))
      try merged.write(to: output)
      for line in try ComparisonTable(merged, store).text { try Terminal.result(line) }
    }
  }
}
