import Foundation

/// FaceForensics++ (Rössler et al., ICCV 2019) in its own layout: `original_sequences/youtube/<compression>/videos/183.mp4`,
/// `manipulated_sequences/<method>/<compression>/videos/183_253.mp4`, the face of 253 in the video 183. The actors of
/// DeepFakeDetection, which comes with it, too.
///
/// The official lists `train.json`, `val.json` and `test.json` (pairs of originals that were swapped with each other) are
/// looked for in the folder and in `splits`, `dataset/splits`. Both videos of a pair share a split, always.
enum FaceForensicsReader {
  static func read(_ tree: FileTree, _ dataset: String) throws(DatasetError) -> VideoListing {
    var listing = VideoListing()
    for source in tree.folders("original_sequences") {
      for (compression, file, path) in files(tree, "original_sequences/\(source)") {
        let stem = FileTree.stem(file)
        listing.videos.append(
          DatasetVideo(
            path: path, dataset: dataset, name: source == "youtube" ? stem : "\(source)/\(stem)",
            label: .real,
            compression: compression,
            people: source == "actors" ? ["actors/\(stem.prefix { $0 != "_" })"] : nil))
      }
    }
    for method in tree.folders("manipulated_sequences") {
      for (compression, file, path) in files(tree, "manipulated_sequences/\(method)") {
        let stem = FileTree.stem(file)
        guard let (original, other, people) = sources(of: stem) else {
          listing.omissions.append(
            .init(path: path, reason: "its name does not say which two videos it was made from"))
          continue
        }
        if let other { listing.ties.append((original, other)) }
        listing.videos.append(
          DatasetVideo(
            path: path, dataset: dataset, name: "\(method)/\(stem)", label: .fake, original: original,
            method: method, compression: compression, people: people))
      }
    }
    try readSplits(tree, &listing)
    return listing
  }

  /// The videos of a sequence in each compression: `c23/videos/183.mp4`.
  private static func files(
    _ tree: FileTree, _ sequence: String
  ) -> [(compression: String, file: String, path: String)] {
    tree.folders(sequence).flatMap { compression in
      let folder = "\(sequence)/\(compression)/videos"
      return tree.videos(folder).map { (compression, $0, tree.path("\(folder)/\($0)")) }
    }
  }

  /// The original of a fake, and the video that its face is from: `183_253` is 253's face in 183. An actor's
  /// `01_02__walking__A1B2` is the face of actor 02 in `actors/01__walking`; actors are swapped among all, so they are not
  /// tied.
  private static func sources(of stem: String) -> (original: String, other: String?, people: [String])? {
    let scenes = stem.components(separatedBy: "__")
    let people = scenes[0].split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    guard people.count == 2, people.allSatisfy({ !$0.isEmpty }) else { return nil }
    return scenes.count >= 2
      ? ("actors/\(people[0])__\(scenes[1])", nil, people.map { "actors/\($0)" })
      : (people[0], people[1], people)
  }

  private static func readSplits(_ tree: FileTree, _ listing: inout VideoListing) throws(DatasetError) {
    let names: [(file: String, split: FaceRecord.Split)] = [
      ("train.json", .train), ("val.json", .validation), ("test.json", .test),
    ]
    guard
      let folder = ["splits/", "", "dataset/splits/"].first(where: { folder in
        names.contains { tree.hasFile(folder + $0.file) }
      })
    else { return }
    for (file, split) in names {
      let path = tree.path(folder + file)
      guard tree.hasFile(folder + file) else {
        throw DatasetError(.file, "is missing beside the other two lists of splits", path: path)
      }
      guard let pairs = try? JSONDecoder().decode([[String]].self, from: tree.bytes(folder + file)),
        pairs.allSatisfy({ $0.count == 2 })
      else {
        throw DatasetError(
          .badIndex, "is no list of splits: pairs of names such as [\"071\", \"054\"]", path: path)
      }
      for pair in pairs {
        listing.ties.append((pair[0], pair[1]))
        for name in pair {
          if let other = listing.published.updateValue(split, forKey: name), other != split {
            throw DatasetError(.badIndex, "has \(name), which is in \(other.rawValue) already", path: path)
          }
        }
      }
    }
  }
}
