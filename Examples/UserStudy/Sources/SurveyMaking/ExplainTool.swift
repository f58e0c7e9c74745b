import Crypto
import Dispatch
import Foundation
public import SurveyModel
import Synchronization

/// The tool `whyfake`, which explains videos; what it made of one is kept and found again.
public struct ExplainTool: Sendable {
  /// The program.
  public let path: String
  /// What it is asked for beside the video and the folder.
  public let arguments: [String]
  /// Where its results are kept, a folder for each video and choice of arguments.
  public let cache: String
  private let version: String
  /// What is running now.
  private static let running = Mutex<pid_t?>(nil)

  /// What the tool found in a video.
  public struct Explained: Sendable, Equatable {
    /// The detector's probability that the video is fake; nil where it judged no face.
    public let probability: Double?
    /// The class that was explained.
    public let belief: Study.Label
    /// The animation of each explainer, files.
    public let animations: [String: String]
  }

  /// The tool.
  ///
  /// - Parameters:
  ///   - path: the program; nil looks at `WHYFAKE`, beside this program, in `PATH`.
  ///   - explainers: by the tool's names.
  ///   - options: further options for `whyfake explain`.
  ///   - cache: made if it is not there.
  /// - Throws: ``SurveyError``: there is none, or it does not run.
  public init(path: String?, explainers: [String], options: [String], cache: String) throws(SurveyError) {
    let environment = ProcessInfo.processInfo.environment
    let beside = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent().path
    let places = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let candidates = ([beside].compactMap(\.self) + places).map { "\($0)/whyfake" }
    guard
      let found = path ?? environment["WHYFAKE"]
        ?? candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) })
    else {
      throw SurveyError(
        "whyfake is not in PATH; build it (swift build -c release --product whyfake) and name it with --whyfake"
      )
    }
    guard FileManager.default.isExecutableFile(atPath: found) else {
      throw SurveyError("is no program that can be run; name whyfake with --whyfake", path: found)
    }
    self.path = found
    self.cache = cache
    arguments =
      ["--explainers", explainers.joined(separator: ","), "--class", "predicted", "--no-checks"] + options
    let (status, output, errors) = try Self.run(found, ["--version"])
    guard status == 0 else { throw SurveyError("does not run: \(Self.firstLine(errors))", path: found) }
    version = Self.firstLine(output)
  }

  /// What the tool says of a video; from the cache, if it was asked before.
  ///
  /// - Throws: ``SurveyError`` with the tool's own line.
  public func explain(_ video: String, sha256: String) throws(SurveyError) -> Explained {
    let asked = ([version, sha256] + arguments).joined(separator: "\0")
    let key = hexadecimal(SHA256.hash(data: Data(asked.utf8)).prefix(12))
    let folder = "\(cache)/\(key).explained"
    // The tool's folder appears whole or not at all.
    if let explained = try? read(folder) { return explained }
    do {
      try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
    } catch {
      throw SurveyError("cannot be made; choose another --cache", path: cache)
    }
    let (status, _, errors) = try Self.run(
      path, ["explain", video, "--output", folder, "--format", "json"] + arguments)
    guard status == 0 else {
      let line = Self.firstLine(errors)
      throw SurveyError(line.hasPrefix("whyfake: ") ? String(line.dropFirst(9)) : "\(video): \(line)")
    }
    return try read(folder)
  }

  /// Ends what is running now; the tool leaves nothing half done.
  public static func interrupt() { running.withLock { if let child = $0 { kill(child, SIGTERM) } } }

  private func read(_ folder: String) throws(SurveyError) -> Explained {
    struct Record: Decodable {
      struct Explanation: Decodable {
        var explainer: String
        var `class`: String
        var overlay: String
      }
      struct Track: Decodable {
        var probability: Double
        var explanations: [Explanation]
      }
      var probability: Double?
      var tracks: [Track]
    }
    guard let data = FileManager.default.contents(atPath: "\(folder)/explanation.json"),
      let record = try? JSONDecoder().decode(Record.self, from: data)
    else { throw SurveyError("holds no explanation that can be read; remove it", path: folder) }
    // The video's verdict is that of its most fake face.
    let track = record.tracks.filter { !$0.explanations.isEmpty }.max { $0.probability < $1.probability }
    guard let track, let probability = record.probability else {
      return Explained(probability: nil, belief: .real, animations: [:])
    }
    let animations = Dictionary(track.explanations.map { ($0.explainer, "\(folder)/\($0.overlay)") }) {
      a, _ in a
    }
    guard animations.values.allSatisfy({ FileManager.default.isReadableFile(atPath: $0) }) else {
      throw SurveyError("lacks an animation; remove it", path: folder)
    }
    return Explained(
      probability: probability, belief: track.explanations[0].class == "fake" ? .fake : .real,
      animations: animations)
  }

  private static func run(
    _ program: String, _ arguments: [String]
  ) throws(SurveyError) -> (status: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    do {
      try running.withLock {
        try process.run()
        $0 = process.processIdentifier
      }
    } catch {
      throw SurveyError("cannot be run", path: program)
    }
    // Both at once: a program waits where a pipe is full that nobody reads.
    let complaints = Mutex(Data())
    let reading = DispatchGroup()
    DispatchQueue.global().async(group: reading) {
      let all = errors.fileHandleForReading.readDataToEndOfFile()
      complaints.withLock { $0 = all }
    }
    let said = output.fileHandleForReading.readDataToEndOfFile()
    reading.wait()
    let complained = complaints.withLock { $0 }
    process.waitUntilExit()
    running.withLock { $0 = nil }
    return (
      process.terminationStatus, String(decoding: said, as: UTF8.self),
      String(decoding: complained, as: UTF8.self)
    )
  }

  private static func firstLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "it says nothing"
  }
}
