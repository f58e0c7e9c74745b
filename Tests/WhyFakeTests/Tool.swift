import Foundation
import Testing

/// Runs a program that was built beside the tests.
struct Tool {
  var status: Int32
  var output: String
  var errors: String

  /// Lines of standard output.
  var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// Runs `program` and waits for it.
  static func run(_ program: String = "whyfake", _ arguments: String..., in folder: URL? = nil) throws -> Tool
  {
    try start(program, arguments, in: folder).wait()
  }

  /// A program that runs.
  struct Running {
    let process: Process
    let output: URL
    let errors: URL

    /// Waits for its end.
    func wait() throws -> Tool {
      process.waitUntilExit()
      let result = Tool(
        status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
        output: try String(contentsOf: output, encoding: .utf8),
        errors: try String(contentsOf: errors, encoding: .utf8))
      try? FileManager.default.removeItem(at: output.deletingLastPathComponent())
      return result
    }
  }

  /// Starts `program`; its output goes to files, so that no pipe can fill up. What `environment` names is added to
  /// that of the tests.
  static func start(
    _ program: String, _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:]
  ) throws -> Running {
    let place = FileManager.default.temporaryDirectory.appending(path: "whyfake-run-\(UUID())")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let (output, errors) = (place.appending(path: "out"), place.appending(path: "err"))
    try Data().write(to: output)
    try Data().write(to: errors)
    let process = Process()
    process.executableURL = products.appending(path: program)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    return Running(process: process, output: output, errors: errors)
  }

  /// The folder of the built products: that of the test bundle.
  static let products: URL = {
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
    let own = URL(fileURLWithPath: CommandLine.arguments[0])
    return (bundle ?? own).resolvingSymlinksInPath().deletingLastPathComponent()
  }()
}

/// A folder that goes when the test is over.
final class Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appending(path: "whyfake-test-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of `name` inside.
  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes `bytes` to `name` inside; gives its path.
  func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
    try Data(bytes).write(to: url.appending(path: name))
    return path(name)
  }

  /// All files inside, hidden ones too, sorted.
  var files: [String] {
    get throws { try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted() }
  }
}

/// The repository's root.
let repository = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A sample that ships.
func sample(_ name: String) -> String { repository.appending(path: "Samples/\(name).mp4").path }

/// A JSON object from its text.
func object(_ text: String) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}
