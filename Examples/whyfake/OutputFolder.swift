import Foundation

/// A folder that appears whole or not at all.
///
/// It is filled under another name beside its place and moved there by ``commit()``. What was there before is
/// replaced only if `whyfake` made all of it: an earlier result lists its files in a record
/// (`explanation.json`, `evaluation.json`), and a folder with any other file is left alone.
final class OutputFolder {
  /// Where the folder will be.
  let destination: String
  /// Where it is filled.
  let path: String
  /// The file in it that lists its files.
  private let record: String
  private var settled = false

  /// Checks the place and makes the temporary folder there.
  init(_ destination: String, record: String = "explanation.json") throws {
    self.record = record
    var name = destination
    while name.count > 1, name.hasSuffix("/") { name.removeLast() }
    let url = URL(fileURLWithPath: name).resolvingSymlinksInPath()
    self.destination = url.path
    let parent = url.deletingLastPathComponent().path
    guard url.lastPathComponent != "/", !url.lastPathComponent.isEmpty else {
      throw Failure("\(Terminal.shown(destination)) cannot be an output folder; choose another --output")
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: parent, isDirectory: &isFolder), isFolder.boolValue else {
      throw Failure("there is no folder \(Terminal.shown(parent)); make it first or choose another --output")
    }
    try OutputFolder.checkReplaceable(url.path, record)
    path = parent + "/." + url.lastPathComponent + ".\(UInt32.random(in: 0 ... .max)).partial"
    try Interruption.shared.begin(path)
  }

  deinit { discard() }

  /// Writes a text file into the folder.
  func write(_ text: String, to name: String) throws {
    guard FileManager.default.createFile(atPath: path + "/" + name, contents: Data(text.utf8)) else {
      throw Failure("cannot write \(name); make room on the disk or choose another --output")
    }
  }

  /// Moves the folder to its place.
  func commit() throws {
    try Interruption.shared.settle(path) {
      try OutputFolder.checkReplaceable(destination, record)
      let old = path + ".old"
      let replaces = FileManager.default.fileExists(atPath: destination)
      if replaces { try OutputFolder.move(destination, to: old) }
      do {
        try OutputFolder.move(path, to: destination)
      } catch {
        if replaces { try OutputFolder.move(old, to: destination) }
        throw error
      }
      if replaces { try? FileManager.default.removeItem(atPath: old) }
    }
    settled = true
  }

  /// Removes what was written so far.
  func discard() {
    guard !settled else { return }
    settled = true
    Interruption.shared.settle(path) { try? FileManager.default.removeItem(atPath: path) }
  }

  private static func move(_ old: String, to new: String) throws {
    guard rename(old, new) == 0 else {
      throw Failure("cannot write \(Terminal.shown(new)): \(String(cString: strerror(errno)))")
    }
  }

  private static func checkReplaceable(_ path: String, _ recordName: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    let shown = Terminal.shown(path)
    guard isFolder.boolValue else {
      throw Failure("\(shown) is a file; choose another --output")
    }
    struct Record: Decodable { var files: [String] }
    let record = FileManager.default.contents(atPath: path + "/" + recordName)
    let ours = Set((record.flatMap { try? JSONDecoder().decode(Record.self, from: $0) })?.files ?? [])
    let enumerator = FileManager.default.enumerator(atPath: path)
    while let name = enumerator?.nextObject() as? String {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
      if !isFolder.boolValue, !ours.contains(name) {
        throw Failure(
          "\(shown) holds a file that whyfake did not write (\(Terminal.shown(name))); "
            + "move it away or choose another --output")
      }
    }
  }
}
