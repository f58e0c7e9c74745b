import Foundation
import Tensor

/// What a reader finds in a dataset's folder, before it is divided.
struct VideoListing {
  var videos: [DatasetVideo] = []
  var omissions: [VideoDataset.Omission] = []
  var notes: [String] = []
  /// Names of videos that must share a split beside a fake and its original: both people of a swap.
  var ties: [(String, String)] = []
  /// The split that the dataset's makers give to a video, by name.
  var published: [String: FaceRecord.Split] = [:]
  /// What is hashed for the videos tied to `name`; by default the first of their names.
  var hashed: (_ name: String) -> String = { $0 }
  /// Whether the makers say what is test, so that the rest is training and validation.
  var hasPublishedTest = false

  /// Leaves out what an index, a path or a terminal cannot carry.
  mutating func leaveOutUnnameable() {
    for video in videos where !FileTree.isPlain(video.place) {
      omissions.append(.init(path: video.path, reason: "its name cannot be that of a folder; rename it"))
    }
    videos.removeAll { !FileTree.isPlain($0.place) }
    videos.sort { $0.place.utf8.lexicographicallyPrecedes($1.place.utf8) }
  }

  /// Each video has a place of its own, which is no folder of other videos' places; originals are real.
  mutating func checkPlaces(_ root: String) throws(DatasetError) {
    var kept: [DatasetVideo] = []
    kept.reserveCapacity(videos.count)
    for video in videos {
      if let last = kept.last, last.place == video.place {
        omissions.append(
          .init(path: video.path, reason: "\(last.path) is called the same but for the suffix; rename one"))
      } else {
        kept.append(video)
      }
    }
    videos = kept
    let fakes = Set(videos.lazy.filter { $0.label == .fake }.map(\.name))
    if let video = videos.first(where: { $0.original.map(fakes.contains) == true }) {
      throw DatasetError(
        .badIndex, "\(video.original ?? ""), the original of \(video.name), is a fake itself", path: root)
    }
    let places = Set(videos.map(\.place))
    for video in videos {
      var parent = (video.place as NSString).deletingLastPathComponent
      while parent.contains("/") {
        guard !places.contains(parent) else {
          throw DatasetError(
            .unknownLayout, "\(parent) is both a video and a folder of videos; rename one", path: root)
        }
        parent = (parent as NSString).deletingLastPathComponent
      }
    }
  }

  /// Gives each video its split: to all that are tied to each other the same.
  mutating func divide(_ rule: SplitRule, _ root: String) throws(DatasetError) {
    if case .all(let split) = rule {
      for i in videos.indices { videos[i].split = split }
      return
    }
    var groups = DisjointNames()
    for video in videos {
      if let original = video.original { groups.join(video.name, original) }
    }
    for (a, b) in ties { groups.join(a, b) }
    let names = Set(
      videos.flatMap { [$0.name, $0.original].compactMap(\.self) } + ties.flatMap { [$0.0, $0.1] })
    var firstName: [String: String] = [:]
    var splits: [String: (split: FaceRecord.Split, name: String)] = [:]
    let reals = Set(videos.compactMap(\.original) + ties.flatMap { [$0.0, $0.1] })
      .union(videos.lazy.filter { $0.label == .real }.map(\.name))
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      let group = groups.root(name)
      // A fake's own name says nothing: what is hashed must not change when a fake is added.
      if reals.contains(name), firstName[group] == nil { firstName[group] = name }
      guard rule == .published, let split = published[name] else { continue }
      if let other = splits[group], other.split != split {
        throw DatasetError(
          .badIndex,
          "its lists put \(other.name) into \(other.split.rawValue) and \(name) into \(split.rawValue), which "
            + "belong together (a fake and its original, or the two people of a swap)", path: root)
      }
      if splits[group] == nil { splits[group] = (split, name) }
    }
    var unlisted = 0
    for i in videos.indices {
      let group = groups.root(videos[i].name)
      if let split = splits[group]?.split {
        videos[i].split = split
      } else {
        let key = hashed(firstName[group] ?? videos[i].original ?? videos[i].name)
        videos[i].split = Self.split(ofHashed: key, isTestKnown: rule == .published && hasPublishedTest)
        unlisted += 1
      }
    }
    if rule == .published, !published.isEmpty, unlisted > 0, !hasPublishedTest {
      notes.append("\(unlisted) of \(videos.count) videos are on none of its lists and were divided by hash")
    }
  }

  /// The split of what is called `key`, see ``SplitRule/hash``; where the test videos are known, below 0.72/0.86 train,
  /// else validation.
  static func split(ofHashed key: String, isTestKnown: Bool = false) -> FaceRecord.Split {
    var hash = SHA256()
    hash.update(key.utf8)
    // 64 bits of a digest in hexadecimal are always a number.
    let share = Double(UInt64(hash.finish().prefix(16), radix: 16) ?? 0) / 0x1p64
    if isTestKnown { return share < 0.72 / 0.86 ? .train : .validation }
    return share < 0.72 ? .train : share < 0.86 ? .validation : .test
  }
}

/// Names that belong together (union-find).
private struct DisjointNames {
  private var parent: [String: String] = [:]

  mutating func root(_ name: String) -> String {
    var top = name
    while let next = parent[top] { top = next }
    // Shorter ways for the next time.
    var here = name
    while let next = parent[here], next != top {
      parent[here] = top
      here = next
    }
    return top
  }

  mutating func join(_ a: String, _ b: String) {
    let (a, b) = (root(a), root(b))
    if a != b { parent[b] = a }
  }
}
