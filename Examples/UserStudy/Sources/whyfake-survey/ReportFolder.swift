import Foundation
import SurveyModel

/// The folder of an analysis, which appears whole or not at all. It takes the place of an earlier analysis, never of other files.
final class ReportFolder {
  private let destination: String
  private let path: String
  private var isDone = false

  /// Makes the temporary folder.
  init(_ destination: String) throws {
    let url = URL(fileURLWithPath: destination).standardizedFileURL
    self.destination = url.path
    try Self.check(url.path)
    path =
      url.deletingLastPathComponent().path
      + "/.\(url.lastPathComponent).\(UInt32.random(in: 0...(.max))).partial"
    guard mkdir(path, 0o755) == 0 else {
      throw SurveyError(
        "a folder cannot be made there (\(String(cString: strerror(errno)))); choose another --output",
        path: destination)
    }
  }

  deinit { if !isDone { try? FileManager.default.removeItem(atPath: path) } }

  /// Writes a file into it.
  func write(_ text: String, to name: String) throws {
    let file = "\(path)/\(name)"
    try? FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    guard FileManager.default.createFile(atPath: file, contents: Data(text.utf8)) else {
      throw SurveyError(
        "cannot be written; make room on the disk or choose another --output", path: "\(destination)/\(name)")
    }
  }

  /// Gives it its name.
  func commit() throws {
    try Self.check(destination)
    let old = path + ".old"
    let replaces = FileManager.default.fileExists(atPath: destination)
    if replaces { try move(destination, old) }
    do {
      try move(path, destination)
    } catch {
      if replaces { try move(old, destination) }
      throw error
    }
    isDone = true
    if replaces { try? FileManager.default.removeItem(atPath: old) }
  }

  private func move(_ from: String, _ to: String) throws {
    guard rename(from, to) == 0 else {
      throw SurveyError("cannot be replaced: \(String(cString: strerror(errno)))", path: destination)
    }
  }

  private static func check(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else { throw SurveyError("is a file; choose another --output", path: path) }
    struct Record: Decodable { var files: [String] }
    let record = FileManager.default.contents(atPath: path + "/analysis.json")
    let ours = Set((record.flatMap { try? JSONDecoder().decode(Record.self, from: $0) })?.files ?? [])
    let files = FileManager.default.enumerator(atPath: path)
    while let name = files?.nextObject() as? String {
      _ = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
      if !isFolder.boolValue, !ours.contains(name) {
        throw SurveyError("holds \(name), which is of no analysis; choose another --output", path: path)
      }
    }
  }
}
