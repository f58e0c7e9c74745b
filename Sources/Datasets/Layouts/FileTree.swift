import Foundation

/// The names below a folder, in one order on every machine; hidden ones are passed over.
struct FileTree {
  /// Where it is, without a slash at the end.
  let root: String

  init(_ root: String) throws(DatasetError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root, isDirectory: &isFolder) else {
      throw DatasetError(.file, "there is no such folder", path: root)
    }
    guard isFolder.boolValue else {
      throw DatasetError(.file, "is a file; give the folder of a dataset", path: root)
    }
    guard (try? FileManager.default.contentsOfDirectory(atPath: root)) != nil else {
      throw DatasetError(.file, "the folder cannot be read", path: root)
    }
    self.root = root
  }

  /// What the folder itself is called.
  var ownName: String { URL(fileURLWithPath: root).standardizedFileURL.lastPathComponent }

  func path(_ name: String) -> String { "\(root)/\(name)" }

  func hasFolder(_ name: String) -> Bool { isFolder(name) == true }

  func hasFile(_ name: String) -> Bool { isFolder(name) == false }

  /// The folders directly below `name` (nothing: below the root).
  func folders(_ name: String = "") -> [String] { entries(name).filter { hasFolder(below(name, $0)) } }

  /// The videos directly below `name`, by what their names end in.
  func videos(_ name: String) -> [String] {
    entries(name).filter { Self.isVideo($0) && hasFile(below(name, $0)) }
  }

  /// The videos below `name` at any depth, as paths relative to it.
  func videosAtAnyDepth(_ name: String) -> [String] {
    var found = videos(name)
    // A folder that links to one above it would lead round and round.
    for folder in folders(name) where !isLink(below(name, folder)) {
      found += videosAtAnyDepth(below(name, folder)).map { "\(folder)/\($0)" }
    }
    return found
  }

  /// The bytes of the file `name`, of at most `limit`.
  func bytes(_ name: String, limit: Int = 1 << 28) throws(DatasetError) -> Data {
    guard let size = (try? FileManager.default.attributesOfItem(atPath: path(name)))?[.size] as? Int,
      let data = FileManager.default.contents(atPath: path(name))
    else { throw DatasetError(.file, "cannot be read", path: path(name)) }
    guard size <= limit else {
      throw DatasetError(.badIndex, "has \(size) bytes, which no such list has", path: path(name))
    }
    return data
  }

  /// A name without the suffix of a video; a list may leave that out, and names may have other dots.
  static func stem(_ name: String) -> String {
    isVideo(name) ? (name as NSString).deletingPathExtension : name
  }

  /// A relative path below a folder, without what a line or a terminal would stumble over.
  static func isPlain(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return !name.isEmpty && !parts.contains { $0.isEmpty || $0.hasPrefix(".") } && name.utf8.count <= 400
      && name.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
      }
  }

  private static let suffixes: Set<String> = ["mp4", "avi", "mov", "mkv", "webm", "m4v", "mpg", "mpeg"]

  static func isVideo(_ name: String) -> Bool {
    suffixes.contains((name as NSString).pathExtension.lowercased())
  }

  private func entries(_ name: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: below(root, name))) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func below(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : name.isEmpty ? folder : "\(folder)/\(name)"
  }

  private func isFolder(_ name: String) -> Bool? {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path(name), isDirectory: &isFolder)
      ? isFolder.boolValue : nil
  }

  private func isLink(_ name: String) -> Bool {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: path(name))) != nil
  }
}
