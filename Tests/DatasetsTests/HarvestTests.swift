import Datasets
import FaceCrop
import Foundation
import Synchronization
import TestSupport
import Testing
import VideoIO

@Suite("Extraction of faces") struct HarvestTests {
  /// A real video, a fake of it, the fake again a few frames later, one with fewer columns and one that ends early, a
  /// video without a face and a damaged one.
  private static func dataset() throws -> DatasetFolder {
    let data = DatasetFolder()
    try data.portrait("real/a.mp4")
    try data.portrait("real/b.mp4", frames: 5, from: 2)
    try data.portrait("fake/a.mp4", isChanged: true)
    try data.portrait("fake/narrow/a.mp4", isChanged: true, width: 304)
    try data.portrait("fake/late/a.mp4", from: 4, isChanged: true)
    try data.portrait("fake/short/a.mp4", frames: 4, isChanged: true)
    try data.portrait("fake/alone.mp4", frames: 5, isChanged: true)
    try data.plain("real/empty.mp4")
    try data.write("this is no video", "real/broken.mp4")
    return data
  }

  private static let options = HarvestOptions(frames: 3, size: 64)

  @discardableResult
  private static func run(
    _ data: DatasetFolder, _ output: TemporaryFolder, _ options: HarvestOptions = options,
    context: HarvestContext = HarvestContext()
  ) throws -> HarvestReport {
    let dataset = try VideoDataset(data.path, splits: .all(.train), name: "s")
    return try FaceHarvest([dataset], detector: BlazeFace(), options: options)
      .run(output: output.url.path, context: context)
  }

  /// All files below a folder with what is in them, locks aside.
  private static func files(_ folder: TemporaryFolder) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.url.path) where name != ".lock" {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: folder.path(name), isDirectory: &isFolder)
      if !isFolder.boolValue { files[name] = try Data(contentsOf: folder.url.appendingPathComponent(name)) }
    }
    return files
  }

  @Test(
    "pairs are cut by one box and differ where the fake was changed; who is late, short, alone or broken is told apart"
  )
  func pairs() throws {
    let (data, output) = (try Self.dataset(), TemporaryFolder())
    let report = try Self.run(data, output)
    #expect(report.followingFakes == 3 && report.fakesWithoutOriginal == 1 && report.fakesUnlikeOriginal == 1)
    #expect(report.videos == 7 && report.crops == 3 * 6 + 1)
    #expect(report.hasErrors)
    #expect(
      report.skipped.map { "\(($0.path as NSString).lastPathComponent) \($0.reason.rawValue)" } == [
        "broken.mp4 unreadable", "empty.mp4 noFace",
      ])
    #expect(report.remarks.map(\.video) == ["s/fake/short/a"])
    let set = try FaceSet(output.url.path)
    #expect(set.records.count == report.crops)
    for (i, record) in set.records.enumerated() {
      let crop = try set.picture(i)
      #expect(crop.width == 64 && crop.height == 64)
      guard record.label == .fake, let original = set.original(of: i) else { continue }
      let isLate = record.video == "fake/late/a"
      #expect(set.isAligned(i) == !isLate, "\(record.name)")
      guard !isLate else { continue }
      let real = try set.picture(original)
      let changed = zip(crop.pixels, real.pixels).map { abs(Int($0) - Int($1)) }
      func mean(_ rows: Range<Int>) -> Double {
        Double(changed[(rows.lowerBound * 64 * 3)..<(rows.upperBound * 64 * 3)].reduce(0, +))
          / Double(rows.count * 64 * 3)
      }
      #expect(mean(0..<16) < 3, "\(record.name): the top is the same scene")
      #expect((0..<60).map { mean($0..<$0 + 4) }.max() ?? 0 > 12, "\(record.name): the mouth is not")
    }
    let frames = Dictionary(grouping: set.records, by: \.video).mapValues { $0.map(\.frame) }
    #expect(frames["real/a"] == [0, 4, 8] && frames["fake/a"] == [0, 4, 8])
    #expect(frames["fake/short/a"] == [0] && frames["real/b"] == [0, 2, 4])
    let real = try #require(set.records.first { $0.video == "real/a" }?.box)
    let narrow = try #require(set.records.first { $0.video == "fake/narrow/a" }?.box)
    #expect(narrow == [real[0] - 8, real[1], real[2], real[3]])
    #expect(set.records.map(\.name) == set.records.map(\.name).sorted())
  }

  @Test("the crop is what the policy cuts around the box that the index has")
  func cropOfBox() throws {
    let (data, output) = (DatasetFolder(), TemporaryFolder())
    try data.portrait("real/a.mp4")
    let options = HarvestOptions(frames: 2, size: 48, policy: .margin(fraction: 0.1), format: .png)
    try Self.run(data, output, options)
    let set = try FaceSet(output.url.path)
    var reader = try VideoReader(path: "\(data.path)/real/a.mp4")
    var frames: [RGBImage] = []
    try reader.frames(at: [0, 8]) { frames.append($0.image) }
    for i in 0..<2 {
      let box = try #require(set.records[i].box)
      let expected = options.policy.crop(
        frames[i], Box(x: box[0], y: box[1], width: box[2], height: box[3]), size: 48)
      #expect(try set.picture(i) == expected)
    }
  }

  @Test("each option changes what is extracted")
  func optionsCount() throws {
    let data = DatasetFolder()
    try data.portrait("real/a.mp4")
    try data.portrait("fake/a.mp4", isChanged: true)
    var seen: [[String: Data]] = []
    for options in [
      Self.options, HarvestOptions(frames: 4, size: 64), HarvestOptions(frames: 3, size: 65),
      HarvestOptions(frames: 3, size: 64, policy: .tight),
      HarvestOptions(frames: 3, size: 64, format: .jpeg(quality: 60)),
      HarvestOptions(frames: 3, size: 64, format: .png),
      HarvestOptions(frames: 3, size: 64, followsOriginals: false),
    ] {
      let output = TemporaryFolder()
      try Self.run(data, output, options)
      let crops = try Self.files(output).filter { $0.key.hasSuffix("g") || $0.key == "index.csv" }
      #expect(!seen.contains(crops), "\(options)")
      seen.append(crops)
    }
  }

  @Test("a run that is ended keeps what is done, and the next one comes out the same to the byte")
  func resumes() throws {
    struct Stop: Error {}
    let (data, whole, parted) = (try Self.dataset(), TemporaryFolder(), TemporaryFolder())
    let report = try Self.run(data, whole)
    var done: [Int] = []
    for allowed in [7, 11, 13] {
      let left = Mutex(allowed)
      let context = HarvestContext(checkCancellation: {
        try left.withLock {
          $0 -= 1
          if $0 < 0 { throw Stop() }
        }
      })
      #expect(throws: Stop.self) { try Self.run(data, parted, context: context) }
      let files = try Self.files(parted)
      #expect(!files.keys.contains { $0.hasPrefix(".") }, "nothing unfinished is left: \(files.keys)")
      #expect(files["index.csv"] == nil)
      done.append(files.keys.count { $0.hasSuffix("video.json") })
    }
    #expect(done == done.sorted() && done[0] < done[2], "\(done)")
    // What a killed run leaves.
    try FileManager.default.createDirectory(
      atPath: parted.path(".work.abc"), withIntermediateDirectories: true)
    _ = try parted.write([1], ".work.abc/000000.jpg")
    _ = try parted.write([1], ".index.csv.x.part")
    #expect(try Self.run(data, parted) == report)
    #expect(try Self.files(parted) == Self.files(whole))
    let calls = Mutex(0)
    let again = HarvestContext(checkCancellation: { calls.withLock { $0 += 1 } })
    #expect(try Self.run(data, parted, context: again) == report)
    #expect(calls.withLock { $0 } == 2, "only the broken video is tried again, and the end asked")
    #expect(try Self.files(parted) == Self.files(whole))
  }

  @Test("the cancellation of the task ends a run")
  func cancelled() async throws {
    let (data, output) = (DatasetFolder(), TemporaryFolder())
    try data.portrait("real/a.mp4")
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try Self.run(data, output)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(output.names() == [".lock", "harvest.json"])
    #expect(try Self.run(data, output).videos == 1)
  }

  @Test("progress counts videos and crops and ends at all of them, also where some were done before")
  func progress() throws {
    let (data, output) = (DatasetFolder(), TemporaryFolder())
    try data.portrait("real/a.mp4")
    let seen = Mutex<[HarvestProgress]>([])
    let context = HarvestContext(progress: { progress in seen.withLock { $0.append(progress) } })
    try Self.run(data, output, context: context)
    #expect(seen.withLock { $0 } == [HarvestProgress(videos: 1, allVideos: 1, crops: 3, done: 1)])
    try data.portrait("fake/a.mp4", isChanged: true)
    seen.withLock { $0 = [] }
    try Self.run(data, output, context: context)
    let all = seen.withLock { $0 }
    #expect(all.map(\.videos) == [1, 2] && all.map(\.crops) == [0, 3] && all.last?.done == 1)
    #expect(all[0].done > 0.5 && all[0].done < 1, "the original is done, and more work than the fake")
  }

  @Test("an output that cannot be written to ends the run in one line, and nothing unfinished stays")
  func cannotWrite() throws {
    let data = DatasetFolder()
    try data.portrait("real/a.mp4")
    let output = TemporaryFolder()
    let full = HarvestContext(begin: { folder in
      // A file where a crop should go stands for a disk that takes no more.
      try FileManager.default.createDirectory(
        atPath: "\(folder)/000000.jpg", withIntermediateDirectories: true)
    })
    let error = try #require(throws: DatasetError.self) { try Self.run(data, output, context: full) }
    #expect(error.code == .file && error.path == output.path("s/real/a/000000.jpg"))
    #expect(output.names() == [".lock", "harvest.json"])
    let blocked = try output.write([1], "s")
    #expect(throws: DatasetError.self) { try Self.run(data, output) }
    #expect(output.names() == [".lock", "harvest.json", "s"])
    try FileManager.default.removeItem(atPath: blocked)
    #expect(try Self.run(data, output).videos == 1)
  }

  @Test("a folder of other things, of other options or that is being filled is left alone")
  func refusals() throws {
    let data = DatasetFolder()
    try data.portrait("real/a.mp4")
    let other = TemporaryFolder()
    _ = try other.write([1], "index.csv")
    #expect(throws: DatasetError.self) { try Self.run(data, other) }
    #expect(other.names() == ["index.csv"])
    let output = TemporaryFolder()
    try Self.run(data, output)
    let options = try #require(throws: DatasetError.self) {
      try Self.run(data, output, HarvestOptions(frames: 3, size: 65))
    }
    #expect(options.message.contains("3 frames, 64 pixels") && options.message.contains("65 pixels"))
    let context = HarvestContext(begin: { _ in
      _ = try Self.run(data, output)
    })
    try FileManager.default.removeItem(atPath: output.path("s"))
    let busy = try #require(throws: DatasetError.self) { try Self.run(data, output, context: context) }
    #expect(busy.message.contains("another run"))
    let dataset = try VideoDataset(data.path, name: "s")
    #expect(throws: DatasetError.self) {
      try FaceHarvest([dataset, dataset], detector: BlazeFace(), options: Self.options)
        .run(output: output.url.path)
    }
  }

  @Test("a set grows by other datasets, and a new division of an old one needs no new crops")
  func grows() throws {
    let (data, output) = (DatasetFolder(), TemporaryFolder())
    try data.portrait("real/a.mp4")
    try data.portrait("fake/a.mp4", isChanged: true)
    try Self.run(data, output)
    let more = DatasetFolder()
    try more.portrait("real/b.mp4")
    let second = try VideoDataset(more.path, splits: .all(.test), name: "t")
    let detector = try BlazeFace()
    let report = try FaceHarvest([second], detector: detector, options: Self.options)
      .run(output: output.url.path)
    #expect(report.videos == 3 && report.counts.count == 3)
    let moved = try VideoDataset(data.path, splits: .all(.validation), name: "s")
    _ = try FaceHarvest([moved], detector: FailingDetector(), options: Self.options).run(
      output: output.url.path)
    let set = try FaceSet(output.url.path)
    #expect(set.records.filter { $0.dataset == "s" }.allSatisfy { $0.split == .validation })
    #expect(set.records.filter { $0.dataset == "t" }.allSatisfy { $0.split == .test })
    #expect(set.records.count == 9)
  }

  @Test("an original that is done serves a fake that comes later")
  func laterFake() throws {
    let (data, output, once) = (DatasetFolder(), TemporaryFolder(), TemporaryFolder())
    try data.portrait("real/a.mp4")
    try Self.run(data, output)
    try data.portrait("fake/a.mp4", isChanged: true)
    #expect(try Self.run(data, output).followingFakes == 1)
    try Self.run(data, once)
    #expect(try Self.files(output) == Self.files(once))
  }

  @Test("of several faces that which is seen most often is taken")
  func mostSeen() throws {
    let (data, output) = (DatasetFolder(), TemporaryFolder())
    try data.portrait("real/a.mp4")
    let dataset = try VideoDataset(data.path, name: "s")
    _ = try FaceHarvest([dataset], detector: TwoFaces(), options: HarvestOptions(frames: 4, size: 32))
      .run(output: output.url.path)
    let set = try FaceSet(output.url.path)
    #expect(set.records.map { $0.box?[0] } == [200, 200, 200, 200])
  }

  /// Must not be asked.
  private struct FailingDetector: FaceDetector {
    struct Asked: Error {}
    func faces(in image: RGBImage) throws -> [Face] { throw Asked() }
  }

  /// A confident face in three frames of four, and another one in all.
  private final class TwoFaces: FaceDetector {
    private let calls = Mutex(0)

    func faces(in image: RGBImage) -> [Face] {
      let call = calls.withLock {
        $0 += 1
        return $0
      }
      let second = Face(box: Box(x: 200, y: 50, width: 60, height: 60), confidence: 0.8)
      let first = Face(box: Box(x: 20, y: 50, width: 60, height: 60), confidence: 0.99)
      return call == 2 ? [second] : [first, second]
    }
  }
}
