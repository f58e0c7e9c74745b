import Dispatch
import Foundation
import SurveyModel
import Synchronization

/// A folder that is filled under another name and appears whole, or not at all.
///
/// It takes the place of nothing, or only of what this program made: an earlier result lists its files in a record, and a folder with any
/// other file is left alone. On Ctrl-C what was written so far is removed, and the program ends.
final class OutputFolder {
  /// Where it will be.
  let destination: String
  /// Where it is filled.
  let path: String
  /// The file that lists the files of a result that may be replaced; nil where nothing may.
  private let record: String?
  private let watches: [any DispatchSourceSignal]
  private let isOpen = Mutex(true)

  /// Makes the temporary folder.
  ///
  /// - Parameters:
  ///   - destination: where it will be.
  ///   - record: the file that lists the files of a result that may be replaced; nil where nothing may.
  ///   - interrupt: called before an interrupted program ends.
  init(
    _ destination: String, replacing record: String? = nil, interrupt: @escaping @Sendable () -> Void = {}
  ) throws {
    let url = URL(fileURLWithPath: destination).standardizedFileURL
    self.destination = url.path
    self.record = record
    try Self.check(url.path, record)
    let path =
      url.deletingLastPathComponent().path
      + "/.\(url.lastPathComponent).\(UInt32.random(in: 0...(.max))).partial"
    self.path = path
    guard mkdir(path, 0o755) == 0 else {
      throw SurveyError(
        "a folder cannot be made there (\(String(cString: strerror(errno)))); choose another --output",
        path: destination)
    }
    watches = [SIGINT, SIGTERM, SIGHUP].map { number in
      // Not ignored: what is run here would ignore it too.
      signal(number) { _ in }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        interrupt()
        // What is being written meanwhile may add a file.
        for _ in 0..<100 where FileManager.default.fileExists(atPath: path) {
          try? FileManager.default.removeItem(atPath: path)
        }
        Terminal.message("interrupted")
        _exit(128 + number)
      }
      source.activate()
      return source
    }
  }

  deinit {
    if isOpen.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
  }

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
    try Self.check(destination, record)
    let old = path + ".old"
    let replaces = FileManager.default.fileExists(atPath: destination)
    if replaces { try move(destination, old) }
    do {
      try move(path, destination)
    } catch {
      if replaces { try move(old, destination) }
      throw error
    }
    isOpen.withLock { $0 = false }
    if replaces { try? FileManager.default.removeItem(atPath: old) }
  }

  private func move(_ from: String, _ to: String) throws {
    guard rename(from, to) == 0 else {
      throw SurveyError("cannot be given its name: \(String(cString: strerror(errno)))", path: destination)
    }
  }

  /// Throws where something is in the way.
  private static func check(_ path: String, _ record: String?) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    guard let record else {
      throw SurveyError("is there already, perhaps with answers; choose another --output", path: path)
    }
    guard isFolder.boolValue else { throw SurveyError("is a file; choose another --output", path: path) }
    struct Record: Decodable { var files: [String] }
    let known = FileManager.default.contents(atPath: path + "/" + record)
      .flatMap { try? JSONDecoder().decode(Record.self, from: $0) }
    let ours = Set(known?.files ?? [])
    let files = FileManager.default.enumerator(atPath: path)
    while let name = files?.nextObject() as? String {
      _ = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
      if !isFolder.boolValue, !ours.contains(name) {
        throw SurveyError("holds \(name), which is of no analysis; choose another --output", path: path)
      }
    }
  }
}
