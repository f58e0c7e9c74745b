import Foundation

/// The files that an INPUT stands for.
enum Inputs {
  /// What is taken from a folder: what the common containers and picture formats are called. A file that is named
  /// on the command line itself is tried whatever it is called.
  static let mediaExtensions: Set<String> = [
    "3gp", "asf", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf", "ogv", "ts",
    "vob", "webm", "wmv", "gif", "jpeg", "jpg", "png",
  ]

  /// Replaces each folder by the media files under it, by name. Hidden files, results of `explain`
  /// (`….explained/`) and files of other kinds are passed over; of the latter their number is told.
  ///
  /// - Returns: for each input either its files or what is wrong with it.
  static func expand(_ inputs: [String]) -> [(input: String, files: Result<[String], Failure>)] {
    inputs.map { input in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) else {
        return (input, .failure(Failure("there is no such file or folder")))
      }
      return (input, isFolder.boolValue ? media(in: input) : .success([input]))
    }
  }

  private static func media(in folder: String) -> Result<[String], Failure> {
    guard
      FileManager.default.isReadableFile(atPath: folder),
      let enumerator = FileManager.default.enumerator(atPath: folder)
    else { return .failure(Failure("the folder cannot be read")) }
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    var (found, others) = ([String](), 0)
    while let name = enumerator.nextObject() as? String {
      let last = (name as NSString).lastPathComponent
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: base + name, isDirectory: &isFolder)
      if last.hasPrefix(".") || (isFolder.boolValue && last.hasSuffix(".explained")) {
        if isFolder.boolValue { enumerator.skipDescendants() }
      } else if !isFolder.boolValue {
        if mediaExtensions.contains((last as NSString).pathExtension.lowercased()) {
          found.append(base + name)
        } else {
          others += 1
        }
      }
    }
    if found.isEmpty {
      return .failure(Failure("the folder holds no video or picture (\(others) other files)"))
    }
    if others > 0 {
      let what =
        others == 1
        ? "1 file that is no video or picture is" : "\(others) files that are no video or picture are"
      Terminal.message("\(Terminal.shown(folder)): \(what) passed over")
    }
    return .success(found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }
}
