import Foundation

/// Celeb-DF v2 (Li et al., CVPR 2020): `Celeb-real/id0_0000.mp4`, `Celeb-synthesis/id0_id1_0000.mp4` (made from it, with
/// the face of id1), `YouTube-real/00000.mp4`, `List_of_testing_videos.txt`.
///
/// A video on the list takes its original, and the fakes of that, with it into the test split; the rest is divided by
/// hash of the person in the original, so that one person's videos stay together. Whose face was put there is not kept
/// apart: nearly everybody was swapped with everybody.
enum CelebDFReader {
  static func read(_ tree: FileTree, _ dataset: String) throws(DatasetError) -> VideoListing {
    var listing = VideoListing()
    for folder in ["Celeb-real", "YouTube-real"] {
      for file in tree.videos(folder) {
        listing.videos.append(
          DatasetVideo(
            path: tree.path("\(folder)/\(file)"), dataset: dataset, name: "\(folder)/\(FileTree.stem(file))",
            label: .real,
            people: folder == "Celeb-real" ? [String(FileTree.stem(file).prefix { $0 != "_" })] : nil))
      }
    }
    for file in tree.videos("Celeb-synthesis") {
      let path = tree.path("Celeb-synthesis/\(file)")
      let parts = FileTree.stem(file).split(separator: "_", omittingEmptySubsequences: false)
      guard parts.count == 3, !parts.contains(where: \.isEmpty) else {
        listing.omissions.append(
          .init(path: path, reason: "its name does not say which two people it was made from"))
        continue
      }
      listing.videos.append(
        DatasetVideo(
          path: path, dataset: dataset, name: "Celeb-synthesis/\(FileTree.stem(file))", label: .fake,
          original: "Celeb-real/\(parts[0])_\(parts[2])", method: "Celeb-synthesis",
          people: parts[0...1].map(String.init)))
    }
    listing.hashed = { name in
      // Celeb-real/id0_0000: the person; YouTube-real/00000: nobody known.
      name.hasPrefix("Celeb-real/") ? String(name.prefix { $0 != "_" }) : name
    }
    let list = "List_of_testing_videos.txt"
    guard tree.hasFile(list) else { return listing }
    let lines = String(decoding: try tree.bytes(list), as: UTF8.self).split(whereSeparator: \.isNewline)
    for line in lines {
      // "1 YouTube-real/00170.mp4"; the number, 1 for real, says what the folder says.
      let words = line.split(whereSeparator: \.isWhitespace)
      guard !words.isEmpty else { continue }
      guard words.count == 2, words[1].contains("/") else {
        throw DatasetError(
          .badIndex, "has a line that is not like '1 YouTube-real/00170.mp4'", path: tree.path(list))
      }
      listing.published[FileTree.stem(String(words[1]))] = .test
    }
    listing.hasPublishedTest = !listing.published.isEmpty
    let there = Set(listing.videos.map(\.name))
    let absent = listing.published.keys.count { !there.contains($0) }
    if absent > 0 { listing.notes.append("\(absent) videos of \(list) are not there") }
    let tested = Set(
      listing.videos.filter { listing.published[$0.name] != nil }.map { $0.original ?? $0.name })
    let beside = listing.videos.count {
      listing.published[$0.name] == nil && tested.contains($0.original ?? $0.name)
    }
    if beside > 0 {
      listing.notes.append(
        "\(beside) videos that are not on \(list) are in the test split, because their original, or a fake made from "
          + "it, is on it")
    }
    return listing
  }
}
