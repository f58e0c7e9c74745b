import Foundation

/// The Deepfake Detection Challenge's training set (Dolhansky et al., *The DeepFake Detection Challenge (DFDC) Dataset*,
/// arXiv 2006.07397): folders `dfdc_train_part_0` … `49`, or any one folder, each with a `metadata.json`.
///
/// Folders 0–34 are train, 35–39 validation, 40–49 test, as in icpr2020dfdc; a folder whose name has no number is divided
/// by hash.
enum DFDCReader {
  /// What `metadata.json` says of a video.
  private struct Entry: Decodable {
    var label: String
    var original: String?
  }

  static func read(_ tree: FileTree, _ dataset: String) throws(DatasetError) -> VideoListing {
    var parts = tree.folders().filter { part(of: $0) != nil && tree.hasFile("\($0)/metadata.json") }
    if tree.hasFile("metadata.json") { parts.append("") }
    guard !parts.isEmpty else {
      throw DatasetError(
        .unknownLayout, "has neither a metadata.json nor a folder dfdc_train_part_<k> with one",
        path: tree.root)
    }
    var listing = VideoListing()
    var places: [String: String] = [:]
    var absent = 0
    for part in parts {
      let prefix = part.isEmpty ? "" : "\(part)/"
      let path = tree.path("\(prefix)metadata.json")
      let entries: [String: Entry]
      do {
        entries = try JSONDecoder().decode([String: Entry].self, from: tree.bytes("\(prefix)metadata.json"))
      } catch let error as DatasetError {
        throw error
      } catch {
        throw DatasetError(
          .badIndex, "is not DFDC's list of videos: an object with label and original for each file",
          path: path)
      }
      let split = split(ofPart: self.part(of: part.isEmpty ? tree.ownName : part))
      for (file, entry) in entries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
        guard FileTree.isPlain(file), !file.contains("/") else {
          throw DatasetError(.badIndex, "a video's name leads elsewhere", path: path)
        }
        let name = FileTree.stem(file)
        let label = entry.label.lowercased()
        guard let label = FaceRecord.Label(rawValue: label) else {
          throw DatasetError(
            .badIndex, "\(file) has the label \(entry.label.prefix(40)); REAL and FAKE are known", path: path)
        }
        let original = label == .fake ? entry.original.map(FileTree.stem) : nil
        if let original, original == name || !FileTree.isPlain(original) || original.contains("/") {
          throw DatasetError(.badIndex, "the original of \(file) is no other video", path: path)
        }
        if let split { listing.published[name] = split }
        guard tree.hasFile(prefix + file) else {
          absent += 1
          continue
        }
        if let other = places.updateValue(part, forKey: name) {
          throw DatasetError(.badIndex, "\(file) is in \(other) already", path: path)
        }
        listing.videos.append(
          DatasetVideo(
            path: tree.path(prefix + file), dataset: dataset, name: name, label: label, original: original))
      }
      let listed = Set(entries.keys)
      for file in tree.videos(part) where !listed.contains(file) {
        listing.omissions.append(
          .init(path: tree.path(prefix + file), reason: "metadata.json says nothing of it"))
      }
    }
    if absent > 0 {
      listing.notes.append("\(absent) \(absent == 1 ? "video" : "videos") of metadata.json are not there")
    }
    return listing
  }

  /// The number in `dfdc_train_part_<k>` (or `dfdc_train_part_00`), which is what the challenge's archives unpack to.
  static func part(of folder: String) -> Int? {
    guard let range = folder.range(of: "dfdc_train_part_", options: [.anchored, .caseInsensitive]) else {
      return nil
    }
    let digits = folder[range.upperBound...]
    return digits.allSatisfy(\.isASCII) ? Int(digits).flatMap { $0 >= 0 ? $0 : nil } : nil
  }

  private static func split(ofPart part: Int?) -> FaceRecord.Split? {
    switch part {
    case .some(0...34): .train
    case .some(35...39): .validation
    case .some(40...49): .test
    default: nil
    }
  }
}
