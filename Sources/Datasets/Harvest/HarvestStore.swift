import Foundation
import Tensor
import VideoIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The folder that a harvest fills. A video's crops appear together with their record by one renaming; what a killed run
/// has left unfinished is removed by the next.
struct HarvestStore: Sendable {
  /// The set's folder.
  let folder: String
  private let options: HarvestOptions
  private let lock: FolderLock

  private static let settingsName = "harvest.json"
  private static let recordName = "video.json"
  private static let workPrefix = ".work."

  /// What `harvest.json` says.
  private struct Settings: Codable {
    var version = 1
    var options: HarvestOptions
  }

  /// Makes or takes up the folder of a set.
  ///
  /// - Throws: if it holds anything else, was filled with other options, or is being filled.
  init(_ folder: String, options: HarvestOptions) throws {
    self.folder = folder
    self.options = options
    let settings = "\(folder)/\(Self.settingsName)"
    if let names = try? FileManager.default.contentsOfDirectory(atPath: folder) {
      guard names.contains(Self.settingsName) || names.allSatisfy({ $0.hasPrefix(".") }) else {
        throw DatasetError(
          .file, "is not empty, and what is in it was not extracted by this; choose another folder",
          path: folder)
      }
    } else {
      try Self.makeFolders(folder)
    }
    let lock: FolderLock?
    do throws(FileProblem) { lock = try FolderLock(folder) } catch {
      throw DatasetError(.file, error.text, path: folder)
    }
    guard let lock else {
      throw DatasetError(
        .file, "another run is filling this folder; wait for it or choose another one", path: folder)
    }
    self.lock = lock
    if let data = FileManager.default.contents(atPath: settings) {
      guard let earlier = try? JSONDecoder().decode(Settings.self, from: data), earlier.version == 1 else {
        throw DatasetError(.badIndex, "cannot be understood; choose another output folder", path: settings)
      }
      guard earlier.options == options else {
        throw DatasetError(
          .badIndex,
          "this folder was begun with \(Self.words(earlier.options)), not \(Self.words(options)); give the same "
            + "or choose another folder", path: settings)
      }
    } else {
      try Self.write(Settings(options: options), to: settings)
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasPrefix(Self.workPrefix) || name.hasPrefix(".") && name.hasSuffix(".part") {
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  /// The record of a video that is done; nil if it is not.
  func record(_ place: String) -> HarvestedVideo? { Self.record(at: "\(folder)/\(place)") }

  /// Puts a video's crops and record in their place, all at once.
  func keep(_ harvest: VideoHarvester.Harvest, _ context: HarvestContext) throws {
    let work = "\(folder)/\(Self.workPrefix)\(String(UInt64.random(in: 0...(.max)), radix: 36))"
    let place = "\(folder)/\(harvest.video.place)"
    try context.begin(work)
    do {
      for (crop, picture) in zip(harvest.video.crops, harvest.pictures) {
        let bytes =
          switch options.format {
          case .jpeg(let quality): try ImageFile.jpeg(picture, quality: quality)
          case .png: try ImageFile.png(picture)
          }
        let name = "\(HarvestedVideo.fileName(frame: crop.frame)).\(options.format.suffix)"
        try WholeFile.write(bytes, to: "\(work)/\(name)")
      }
      try WholeFile.write(Self.encoded(harvest.video), to: "\(work)/\(Self.recordName)")
      try Self.makeFolders((place as NSString).deletingLastPathComponent)
      try context.settle(work) {
        guard rename(work, place) == 0 else { throw Self.error("cannot be moved to its place", place) }
      }
    } catch {
      try? context.settle(work) { try FileManager.default.removeItem(atPath: work) }
      guard let error = error as? VideoError else { throw error }
      throw DatasetError(
        .file, error.message, path: error.path.replacingOccurrences(of: work, with: place))
    }
  }

  /// Replaces the record of a video that is done.
  func update(_ video: HarvestedVideo) throws {
    try Self.write(video, to: "\(folder)/\(video.place)/\(Self.recordName)")
  }

  /// The records of all videos, by place.
  func records() throws -> [HarvestedVideo] {
    var found: [HarvestedVideo] = []
    func collect(_ path: String) throws {
      if FileManager.default.fileExists(atPath: "\(path)/\(Self.recordName)") {
        guard let record = Self.record(at: path) else {
          throw DatasetError(
            .badIndex, "cannot be understood; remove its folder and extract again",
            path: "\(path)/\(Self.recordName)")
        }
        return found.append(record)
      }
      for name in try FileManager.default.contentsOfDirectory(atPath: path) where !name.hasPrefix(".") {
        var isFolder: ObjCBool = false
        let below = "\(path)/\(name)"
        if FileManager.default.fileExists(atPath: below, isDirectory: &isFolder), isFolder.boolValue {
          try collect(below)
        }
      }
    }
    try collect(folder)
    return found.sorted { $0.place.utf8.lexicographicallyPrecedes($1.place.utf8) }
  }

  /// Writes the index of all records and the report.
  func finish(_ records: [HarvestedVideo], _ report: HarvestReport) throws {
    do {
      try FaceIndex.write(records.flatMap(\.records), to: "\(folder)/index.csv")
    } catch let error as VideoError {
      throw DatasetError(.file, error.message, path: error.path)
    }
    try Self.write(report, to: "\(folder)/report.json")
  }

  /// Makes one folder.
  static func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o777) == 0 else { throw error("cannot be made", path) }
  }

  private static func makeFolders(_ path: String) throws(DatasetError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw DatasetError(
        .file, "the folder cannot be made; make room, or choose another place", path: path)
    }
  }

  private static func record(at path: String) -> HarvestedVideo? {
    FileManager.default.contents(atPath: "\(path)/\(recordName)").flatMap {
      try? JSONDecoder().decode(HarvestedVideo.self, from: $0)
    }
  }

  private static func encoded(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [10]
  }

  private static func write(_ value: some Encodable, to path: String) throws {
    do {
      try WholeFile.write(encoded(value), to: path)
    } catch let error as VideoError {
      throw DatasetError(.file, error.message, path: error.path)
    }
  }

  private static func words(_ options: HarvestOptions) -> String {
    let format =
      switch options.format {
      case .jpeg(let quality): "JPEG \(quality)"
      case .png: "PNG"
      }
    return "\(options.frames) frames, \(options.size) pixels, \(options.policy.name), \(format), "
      + (options.followsOriginals ? "fakes by their originals" : "each video by itself")
  }

  fileprivate static func error(_ what: String, _ path: String) -> DatasetError {
    DatasetError(.file, "\(what): \(String(cString: strerror(errno)))", path: path)
  }
}
