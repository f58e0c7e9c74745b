import ArgumentParser
import ExplanationMetrics
import Explainers
import Tensor
import WhyFake

/// `whyfake metrics`: the five numbers of given maps, a JSON object per line.
struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract:
      "Measures relevance maps: intensity, variance, consistency between and within frames, centredness.",
    discussion: """
      Prints one JSON object per line (Documentation/JSON.md). A map is a .npy file of numbers in [0, 1] of the shape \
      T×S×S, such as maps/track0/gradcam.npy in a folder that explain wrote; null stands where a number is not \
      defined.
      """)

  @Argument(help: ArgumentHelp("Relevance maps, T×S×S in [0, 1].", valueName: "map.npy"))
  var maps: [String]

  func run() throws {
    var failures = 0
    for path in maps {
      do {
        let values = try Tensor(npy: path)
        try Terminal.result(MapMetrics(RelevanceMap(values: values)).json(map: path).text())
      } catch let error as Failure {
        throw error
      } catch {
        failures += 1
        Terminal.message(oneLine(error, about: path))
      }
    }
    if failures > 0 { throw ExitCode.failure }
  }
}

extension MapMetrics {
  /// What `whyfake metrics` prints of the map in file `map`.
  fileprivate func json(map: String) -> JSONValue {
    [
      "map": .string(map),
      "frames": .integer(frames),
      "intensity": .rounded(intensity, 8),
      "variance": .rounded(variance, 8),
      "interFrameConsistency": .rounded(interFrameConsistency, 8),
      "intraFrameConsistency": .rounded(intraFrameConsistency, 8),
      "centredness": .rounded(centredness, 8),
      "framesUsed": [
        "intensity": .integer(framesUsed.intensity),
        "variance": .integer(framesUsed.variance),
        "interFrameConsistency": .integer(framesUsed.interFrameConsistency),
        "intraFrameConsistency": .integer(framesUsed.intraFrameConsistency),
        "centredness": .integer(framesUsed.centredness),
      ],
    ]
  }
}
