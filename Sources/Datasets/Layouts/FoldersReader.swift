import Foundation

/// Two folders, `real` and `fake`, with videos at any depth: the plain layout of one's own data.
///
/// A fake's original is the real video of the same name, by the path below the folder or by the file's own name, suffixes
/// aside; or what `pairs.csv` says (columns `fake`, `original`, paths below the two folders). A folder in `fake` is the
/// name of a method.
enum FoldersReader {
  static func read(_ tree: FileTree, _ dataset: String) throws(DatasetError) -> VideoListing {
    var listing = VideoListing()
    let (reals, fakes) = (tree.videosAtAnyDepth("real"), tree.videosAtAnyDepth("fake"))
    let originals = Originals(reals)
    let pairs = try pairs(tree, originals)
    for file in reals {
      listing.videos.append(
        DatasetVideo(
          path: tree.path("real/\(file)"), dataset: dataset, name: "real/\(FileTree.stem(file))", label: .real
        ))
    }
    var named = 0
    for file in fakes {
      let stem = FileTree.stem(file)
      let original = pairs?[stem] ?? originals[stem]
      if pairs?[stem] != nil { named += 1 }
      let method = file.split(separator: "/").dropLast().first.map(String.init)
      listing.videos.append(
        DatasetVideo(
          path: tree.path("fake/\(file)"), dataset: dataset, name: "fake/\(stem)", label: .fake,
          original: original.map { "real/\($0)" }, method: method))
    }
    if let pairs, named < pairs.count {
      listing.notes.append("\(pairs.count - named) fakes of pairs.csv are not there")
    }
    return listing
  }

  /// Real videos by their paths and, where only one has it, by their own names.
  private struct Originals {
    private var byPath = Set<String>()
    private var byName: [String: String?] = [:]

    init(_ files: [String]) {
      for stem in files.map(FileTree.stem) {
        byPath.insert(stem)
        let name = (stem as NSString).lastPathComponent
        byName[name] = byName[name] == nil ? stem : .some(nil)
      }
    }

    subscript(stem: String) -> String? {
      byPath.contains(stem) ? stem : byName[(stem as NSString).lastPathComponent] ?? nil
    }
  }

  /// The original of each fake as `pairs.csv` has it; nil without that file.
  private static func pairs(
    _ tree: FileTree, _ originals: Originals
  ) throws(DatasetError) -> [String: String]? {
    guard tree.hasFile("pairs.csv") else { return nil }
    let path = tree.path("pairs.csv")
    var table = try CSVTable(tree.bytes("pairs.csv"), path: path)
    try table.require(["fake", "original"])
    var pairs: [String: String] = [:]
    for row in try table.rows() {
      guard let fake = row["fake"], let original = row["original"] else {
        throw row.error("fake or original is empty")
      }
      guard let real = originals[FileTree.stem(original)] else {
        throw row.error("there is no \(original.prefix(200)) in real")
      }
      if let other = pairs.updateValue(real, forKey: FileTree.stem(fake)), other != real {
        throw row.error("\(fake.prefix(200)) is there twice")
      }
    }
    return pairs
  }
}
