import Datasets
import Foundation
public import SurveyModel

/// A labelled video that a study may use.
public struct PoolVideo: Sendable, Hashable {
  /// Dataset, compression and name; unique.
  public var name: String
  /// The file.
  public var path: String
  /// What it is.
  public var label: Study.Label
  /// Who is in it, by dataset; two videos that share one of these are never a pair.
  public var people: Set<String>

  /// A video from its parts.
  public init(name: String, path: String, label: Study.Label, people: Set<String>) {
    (self.name, self.path, self.label, self.people) = (name, path, label, people)
  }
}

/// The labelled videos of folders and lists.
///
/// A folder is a dataset in one of its known layouts (`VideoDataset`); a CSV file has columns `video` (relative to the file),
/// `label` (`real`, `fake`) and `people` (names joined by `;`: everybody whose face is in it).
public struct VideoPool: Sendable {
  /// In the order of the inputs, each once.
  public private(set) var videos: [PoolVideo] = []
  /// What could not be used, and what else there is to say; a line each.
  public private(set) var notes: [String] = []

  /// The pool of `inputs`.
  ///
  /// - Throws: ``SurveyError``: no such file, no dataset, a list that cannot be read, a video twice with two labels.
  public init(_ inputs: [String]) throws(SurveyError) {
    for input in inputs {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) else {
        throw SurveyError("there is no such file or folder", path: input)
      }
      try isFolder.boolValue ? add(folder: input) : add(list: input)
    }
    var names: Set<String> = []
    for video in videos where !names.insert(video.name).inserted {
      throw SurveyError("two videos are called \(video.name); give each input once", path: video.path)
    }
  }

  private mutating func add(folder: String) throws(SurveyError) {
    let dataset: VideoDataset
    do {
      dataset = try VideoDataset(folder)
    } catch {
      throw SurveyError(error.description)
    }
    notes += dataset.notes.map { "\(folder): \($0)" }
    notes += dataset.omissions.map { "\($0.path): left out: \($0.reason)" }
    videos += dataset.videos.map { video in
      PoolVideo(
        name: video.place, path: video.path, label: video.label == .fake ? .fake : .real,
        people: Set(video.people.map { "\(video.dataset)/\($0)" }))
    }
  }

  private mutating func add(list: String) throws(SurveyError) {
    guard let data = FileManager.default.contents(atPath: list) else {
      throw SurveyError("cannot be read", path: list)
    }
    let table = try CSVRows(data, path: list)
    let places = try table.places(["video", "label", "people"])
    let folder = (list as NSString).deletingLastPathComponent
    for row in table.rows {
      func value(_ column: String) -> String {
        row.cells[places[column]!].trimmingCharacters(in: .whitespaces)
      }
      let which = "row \(row.number)"
      guard let label = Study.Label(rawValue: value("label").lowercased()) else {
        throw SurveyError("\(which): the label is to be real or fake", path: list)
      }
      let people = Set(value("people").split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) })
      let video = value("video")
      guard !video.isEmpty, !people.isEmpty, !people.contains("") else {
        throw SurveyError("\(which) needs its file and at least one of people", path: list)
      }
      let path = video.hasPrefix("/") || folder.isEmpty ? video : "\(folder)/\(video)"
      guard FileManager.default.isReadableFile(atPath: path) else {
        throw SurveyError("\(which): there is no \(path)", path: list)
      }
      videos.append(PoolVideo(name: video, path: path, label: label, people: people))
    }
  }
}
