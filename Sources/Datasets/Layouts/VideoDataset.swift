import Foundation

/// How the files of a dataset lie in its folder.
public enum DatasetLayout: String, Sendable, Hashable, CaseIterable {
  /// The Deepfake Detection Challenge: folders `dfdc_train_part_<k>`, or one folder, each with a `metadata.json`.
  case dfdc
  /// FaceForensics++: `original_sequences` and `manipulated_sequences`.
  case ffpp
  /// Celeb-DF v2: `Celeb-real`, `Celeb-synthesis`, `YouTube-real`.
  case celebdf
  /// Two folders, `real` and `fake`.
  case folders
}

/// How a dataset is divided into training, validation and test.
public enum SplitRule: Sendable, Hashable {
  /// As its makers divided it; by hash what they say nothing of.
  case published
  /// By hash: the first 64 bits of the SHA-256 of the original's name as a share of all that there are, below 0.72 train,
  /// below 0.86 validation, else test (the proportions of FaceForensics++).
  case hash
  /// All of it.
  case all(FaceRecord.Split)
}

/// The videos of a dataset as its own folders and lists have them. Files are listed, none is opened but lists.
public struct VideoDataset: Sendable {
  /// A video that the dataset speaks of and that cannot be used.
  public struct Omission: Sendable, Hashable {
    /// The file, or its name in a list.
    public var path: String
    /// Why, in words.
    public var reason: String
  }

  /// Where it is.
  public let folder: String
  /// How it lies there.
  public let layout: DatasetLayout
  /// What its videos' ``DatasetVideo/dataset`` is.
  public let name: String
  /// By name; each once, and no fake in another split than its original.
  public let videos: [DatasetVideo]
  /// Videos that lists name and that are not there, and files that cannot be used.
  public let omissions: [Omission]
  /// What else there is to say of it, a line each.
  public let notes: [String]

  /// Lists the videos of the dataset in `folder`.
  ///
  /// - Parameters:
  ///   - folder: the folder that its owners' archive unpacks to.
  ///   - layout: how it lies there; nil looks at the folder's names.
  ///   - splits: how it is divided.
  ///   - name: what to call it; nil is the layout's own name, for ``DatasetLayout/folders`` the folder's.
  /// - Throws: ``DatasetError``: nothing that is known, a list that cannot be read, splits that would part a fake from
  ///   its original, no video.
  public init(
    _ folder: String, layout: DatasetLayout? = nil, splits: SplitRule = .published, name: String? = nil
  ) throws(DatasetError) {
    var root = folder
    while root.count > 1, root.hasSuffix("/") { root.removeLast() }
    let tree = try FileTree(root)
    guard let layout = layout ?? tree.layout else {
      if tree.hasFile("index.csv") {
        throw DatasetError(
          .unknownLayout, "is a set of face crops already: its index.csv says so; give a folder of videos",
          path: root)
      }
      throw DatasetError(
        .unknownLayout,
        "is no known dataset: there is no metadata.json, no original_sequences, no Celeb-real, no real and fake; "
          + "name its layout if it is one", path: root)
    }
    let dataset = name ?? (layout == .folders ? tree.ownName : layout.rawValue)
    guard FileTree.isPlain(dataset), !dataset.contains("/") else {
      throw DatasetError(.unknownLayout, "cannot be called \(dataset); give it another name", path: root)
    }
    var listing =
      switch layout {
      case .dfdc: try DFDCReader.read(tree, dataset)
      case .ffpp: try FaceForensicsReader.read(tree, dataset)
      case .celebdf: try CelebDFReader.read(tree, dataset)
      case .folders: try FoldersReader.read(tree, dataset)
      }
    listing.leaveOutUnnameable()
    try listing.checkPlaces(root)
    try listing.divide(splits, root)
    guard !listing.videos.isEmpty else {
      throw DatasetError(
        .empty,
        "has no video in the layout \(layout.rawValue)"
          + (listing.omissions.first.map { " (\($0.path): \($0.reason))" } ?? ""), path: root)
    }
    (self.folder, self.layout, self.name) = (root, layout, dataset)
    videos = listing.videos
    omissions = listing.omissions
    notes = listing.notes
  }
}

extension FileTree {
  /// The layout that the names in it speak for.
  fileprivate var layout: DatasetLayout? {
    if hasFolder("original_sequences") || hasFolder("manipulated_sequences") { return .ffpp }
    if hasFolder("Celeb-real") || hasFolder("Celeb-synthesis") { return .celebdf }
    if hasFile("metadata.json") || folders().contains(where: { DFDCReader.part(of: $0) != nil }) {
      return .dfdc
    }
    if hasFolder("real") || hasFolder("fake") { return .folders }
    return nil
  }
}
