import Datasets
import Foundation
import Testing

@Suite("Layouts of datasets") struct LayoutTests {
  @Test(
    "DFDC: the number of a folder decides the split, originals lose their suffix, what is not there is counted"
  )
  func dfdc() throws {
    let data = DatasetFolder()
    for (part, prefix) in [(0, "a"), (34, "b"), (35, "c"), (39, "d"), (40, "e"), (49, "f")] {
      try data.write(
        """
        {"\(prefix)r.mp4": {"label": "REAL", "split": "train", "original": null},
         "\(prefix)f.mp4": {"label": "FAKE", "split": "train", "original": "\(prefix)r.mp4"},
         "\(prefix)x.mp4": {"label": "FAKE", "split": "train", "original": "\(prefix)r.mp4"}}
        """, "dfdc_train_part_\(part)/metadata.json")
      try data.touch("dfdc_train_part_\(part)/\(prefix)r.mp4", "dfdc_train_part_\(part)/\(prefix)f.mp4")
    }
    try data.touch("dfdc_train_part_0/stray.mp4")
    let dataset = try VideoDataset(data.path)
    #expect(dataset.layout == .dfdc && dataset.name == "dfdc")
    let splits = ["a": "train", "b": "train", "c": "validation", "d": "validation", "e": "test", "f": "test"]
    #expect(
      dataset.table
        == splits.sorted { $0.key < $1.key }.flatMap { prefix, split in
          ["\(prefix)f fake \(prefix)r \(split)", "\(prefix)r real - \(split)"]
        })
    #expect(dataset.notes == ["6 videos of metadata.json are not there"])
    #expect(dataset.omissions.map(\.path) == ["\(data.path)/dfdc_train_part_0/stray.mp4"])
    #expect(try VideoDataset(data.path, splits: .all(.test)).videos.allSatisfy { $0.split == .test })
    #expect(try VideoDataset(data.path, splits: .hash).table != dataset.table)
    try data.write(
      "{\"g.mp4\": {\"label\": \"FAKE\", \"original\": \"er.mp4\"}}", "dfdc_train_part_1/metadata.json")
    try data.touch("dfdc_train_part_1/g.mp4")
    let parted = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(parted.message.contains("belong together"))
    #expect(throws: Never.self) { try VideoDataset(data.path, splits: .hash) }
  }

  @Test("DFDC: one folder is a dataset; without a number in its name it is divided by hash of the original")
  func oneFolder() throws {
    let data = DatasetFolder()
    let names = (0..<200).map { "v\($0)" }
    let entries = names.map {
      "\"\($0).mp4\": {\"label\": \"REAL\"}, \"\($0)x.mp4\": {\"label\": \"FAKE\", \"original\": \"\($0).mp4\"}"
    }
    try data.write("{\(entries.joined(separator: ","))}", "metadata.json")
    for name in names { try data.touch("\(name).mp4", "\(name)x.mp4") }
    let dataset = try VideoDataset(data.path)
    let splits = Dictionary(uniqueKeysWithValues: dataset.videos.map { ($0.name, $0.split) })
    #expect(dataset.videos.allSatisfy { $0.split == splits[$0.original ?? $0.name] })
    let train = names.count { splits[$0] == .train }
    let test = names.count { splits[$0] == .test }
    #expect((125...163).contains(train), "\(train) of 200; 144 expected, ± 3 σ")
    #expect((13...43).contains(test), "\(test) of 200; 28 expected, ± 3 σ")
    // As Python's hashlib has them: 0.0095, 0.9805 and, of v10, between 0.72 and 0.86.
    #expect(splits["v0"] == .train && splits["v2"] == .test && splits["v10"] == .validation)
  }

  @Test(
    "DFDC: a list that is none, or that leads elsewhere, is one line",
    arguments: [
      ("[1, 2]", "list of videos"), ("{\"a.mp4\": {\"label\": \"MAYBE\"}}", "MAYBE"),
      ("{\"../a.mp4\": {\"label\": \"REAL\"}}", "elsewhere"),
      ("{\"a.mp4\": {\"label\": \"FAKE\", \"original\": \"a.mp4\"}}", "no other video"),
      ("{\"a.mp4\": {\"label\": \"FAKE\", \"original\": \"../b.mp4\"}}", "no other video"),
      ("{\"a.mp4\": {\"label\": \"REAL\"}", "list of videos"), ("{}", "no video"),
    ])
  func badMetadata(text: String, expected: String) throws {
    let data = DatasetFolder()
    try data.write(text, "metadata.json")
    let error = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(error.message.contains(expected), "\(error)")
    #expect(!error.description.contains("\n"))
  }

  @Test("a fake cannot be an original")
  func fakeOriginal() throws {
    let data = DatasetFolder()
    try data.write(
      "{\"a.mp4\": {\"label\": \"FAKE\", \"original\": \"b.mp4\"}, \"b.mp4\": {\"label\": \"FAKE\"}}",
      "metadata.json")
    try data.touch("a.mp4", "b.mp4")
    let error = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(error.message == "b, the original of a, is a fake itself")
  }

  private func faceForensics() throws -> DatasetFolder {
    let data = DatasetFolder()
    for compression in ["c23", "c40"] {
      for name in ["000", "003", "001", "870"] {
        try data.touch("original_sequences/youtube/\(compression)/videos/\(name).mp4")
      }
      for method in ["Deepfakes", "NeuralTextures"] {
        for name in ["000_003", "003_000", "001_870"] {
          try data.touch("manipulated_sequences/\(method)/\(compression)/videos/\(name).mp4")
        }
      }
    }
    return data
  }

  @Test(
    "FaceForensics++: method, compression, target as original; both videos of a swap share a split without lists"
  )
  func ffpp() throws {
    let data = try faceForensics()
    try data.touch(
      "manipulated_sequences/Deepfakes/c23/videos/odd.mp4",
      "manipulated_sequences/Deepfakes/masks/videos.txt",
      "original_sequences/actors/c23/videos/01__walking.mp4",
      "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__walking__ABCD.mp4")
    let dataset = try VideoDataset(data.path)
    #expect(dataset.layout == .ffpp)
    #expect(dataset.videos.count == 8 + 12 + 2)
    let fake = try #require(
      dataset.videos.first { $0.name == "NeuralTextures/003_000" && $0.compression == "c40" })
    #expect(fake.method == "NeuralTextures" && fake.original == "003" && fake.label == .fake)
    #expect(fake.place == "ffpp/c40/NeuralTextures/003_000" && fake.originalPlace == "ffpp/c40/003")
    let actor = try #require(dataset.videos.first { $0.method == "DeepFakeDetection" })
    #expect(actor.original == "actors/01__walking")
    #expect(fake.people == ["003", "000"] && actor.people == ["actors/01", "actors/02"])
    let scenes = dataset.videos.filter {
      $0.label == .real && ["001", "actors/01__walking"].contains($0.name)
    }
    #expect(Set(scenes.map(\.people)) == [["001"], ["actors/01"]])
    #expect(dataset.omissions.map(\.path).allSatisfy { $0.hasSuffix("odd.mp4") })
    let splits = Dictionary(dataset.videos.map { ($0.name, $0.split) }) { a, b in
      #expect(a == b)
      return a
    }
    #expect(splits["000"] == splits["003"] && splits["001"] == splits["870"])
    for video in dataset.videos where video.original != nil {
      #expect(video.split == splits[video.original ?? ""])
    }
  }

  @Test(
    "FaceForensics++: without lists, swaps in a chain stay together, and about 72 in 100 are for training")
  func chains() throws {
    let data = DatasetFolder()
    let pairs = (0..<150).map { (String(format: "%03d", 2 * $0), String(format: "%03d", 2 * $0 + 1)) }
    for (a, b) in pairs {
      try data.touch(
        "original_sequences/youtube/c23/videos/\(a).mp4", "original_sequences/youtube/c23/videos/\(b).mp4",
        "manipulated_sequences/FaceSwap/c23/videos/\(a)_\(b).mp4")
    }
    let splits = Dictionary(
      uniqueKeysWithValues: try VideoDataset(data.path).videos.map { ($0.name, $0.split) })
    #expect(pairs.allSatisfy { splits[$0.0] == splits[$0.1] })
    let train = pairs.count { splits[$0.0] == .train }
    #expect((91...125).contains(train), "\(train) of 150; 108 expected, ± 3 σ")
    try data.touch("manipulated_sequences/FaceSwap/c23/videos/001_002.mp4")
    let joined = Dictionary(
      uniqueKeysWithValues: try VideoDataset(data.path).videos.map { ($0.name, $0.split) })
    #expect(Set(["000", "001", "002", "003"].map { joined[$0] }).count == 1)
  }

  @Test(
    "FaceForensics++: the official lists decide where they are; what is on none goes by hash and is counted")
  func officialSplits() throws {
    let data = try faceForensics()
    try data.write("[[\"000\", \"003\"]]", "splits/test.json")
    try data.write("[[\"870\", \"001\"]]", "splits/val.json")
    let missing = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(missing.path.hasSuffix("train.json"))
    try data.write("[[\"010\", \"011\"]]", "splits/train.json")
    let dataset = try VideoDataset(data.path)
    for video in dataset.videos {
      #expect(video.split == (["000", "003"].contains(video.original ?? video.name) ? .test : .validation))
    }
    #expect(dataset.notes.isEmpty)
    try data.touch("original_sequences/youtube/c23/videos/555.mp4")
    #expect(
      try VideoDataset(data.path).notes == [
        "1 of 21 videos are on none of its lists and were divided by hash"
      ])
  }

  @Test(
    "FaceForensics++: lists that part a swap, name a video twice or are no lists are refused",
    arguments: [
      ("[[\"000\", \"010\"]]", "[[\"003\", \"011\"]]", "belong together"),
      ("[[\"000\", \"003\"]]", "[[\"003\", \"011\"]]", "already"), ("[[\"000\"]]", "[]", "pairs of names"),
      ("{}", "[]", "pairs of names"),
    ])
  func badSplits(train: String, test: String, expected: String) throws {
    let data = try faceForensics()
    try data.write(train, "splits/train.json")
    try data.write(test, "splits/test.json")
    try data.write("[]", "splits/val.json")
    let error = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(error.message.contains(expected), "\(error)")
  }

  @Test("Celeb-DF v2: the list gives test, with what belongs to it; one person's videos share a split")
  func celebDF() throws {
    let data = DatasetFolder()
    for person in 0..<40 {
      for take in 0..<3 {
        try data.touch(
          "Celeb-real/id\(person)_000\(take).mp4",
          "Celeb-synthesis/id\(person)_id\(person + 1)_000\(take).mp4")
      }
    }
    try data.touch("YouTube-real/00000.mp4", "YouTube-real/00170.mp4", "Celeb-synthesis/what.mp4")
    let free = try VideoDataset(data.path)
    #expect(Set(free.videos.map(\.split)).count == 3)
    try data.write(
      "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id3_id4_0001.mp4\n1 Celeb-real/id99_0000.mp4\n",
      "List_of_testing_videos.txt")
    let dataset = try VideoDataset(data.path)
    #expect(dataset.layout == .celebdf)
    #expect(dataset.omissions.map(\.path) == ["\(data.path)/Celeb-synthesis/what.mp4"])
    #expect(
      dataset.videos.filter { $0.split == .test }.map(\.name) == [
        "Celeb-real/id3_0001", "Celeb-synthesis/id3_id4_0001", "YouTube-real/00170",
      ])
    let fake = try #require(dataset.videos.first { $0.name == "Celeb-synthesis/id7_id8_0002" })
    #expect(fake.original == "Celeb-real/id7_0002" && fake.label == .fake && fake.people == ["id7", "id8"])
    let real = try #require(dataset.videos.first { $0.name == "Celeb-real/id7_0002" })
    #expect(real.people == ["id7"] && dataset.videos.first?.people == ["id0"])
    for person in 0..<40 where person != 3 {
      let own = dataset.videos.filter {
        $0.name.hasPrefix("Celeb-real/id\(person)_") || $0.name.hasPrefix("Celeb-synthesis/id\(person)_")
      }
      #expect(own.count == 6 && Set(own.map(\.split)).count == 1)
    }
    #expect(dataset.notes.count == 2 && dataset.notes[0].hasPrefix("1 videos"))
    try data.write("no list at all\n", "List_of_testing_videos.txt")
    #expect(throws: DatasetError.self) { try VideoDataset(data.path) }
  }

  @Test(
    "plain folders: pairs by path, by name where only one has it, or by pairs.csv; folders in fake are methods"
  )
  func folders() throws {
    let data = DatasetFolder()
    try data.touch(
      "real/a.mp4", "real/sub/b.mov", "real/one/c.mp4", "real/two/c.mp4", "fake/a.avi", "fake/swap/b.mp4",
      "fake/swap/c.mp4", "fake/swap/d.mp4", "real/readme.txt", "real/.hidden.mp4")
    let dataset = try VideoDataset(data.path, splits: .all(.validation), name: "mine")
    #expect(
      dataset.videos.map { "\($0.name) \($0.original ?? "-") \($0.method ?? "-")" } == [
        "fake/a real/a -", "fake/swap/b real/sub/b swap", "fake/swap/c - swap", "fake/swap/d - swap",
        "real/a - -", "real/one/c - -", "real/sub/b - -", "real/two/c - -",
      ])
    #expect(dataset.name == "mine")
    try data.write(
      "original,fake\r\none/c.mp4,swap/c.mp4\r\n\"a\",swap/d\r\na,gone\r\n", "pairs.csv")
    let paired = try VideoDataset(data.path)
    #expect(paired.name == (data.path as NSString).lastPathComponent)
    let originals = Dictionary(uniqueKeysWithValues: paired.videos.map { ($0.name, $0.original) })
    #expect(originals["fake/swap/c"] == "real/one/c" && originals["fake/swap/d"] == "real/a")
    #expect(originals["fake/swap/b"] == "real/sub/b")
    #expect(paired.notes == ["1 fakes of pairs.csv are not there"])
    try data.write("original,fake\nnobody,swap/c\n", "pairs.csv")
    let error = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(error.message == "line 2: there is no nobody in real")
  }

  @Test(
    "names that cannot be used: two files of one name, a video that is also a folder, characters that end a line"
  )
  func badNames() throws {
    let data = DatasetFolder()
    try data.touch("real/a.mp4", "real/a.mov", "real/b\nc.mp4")
    let dataset = try VideoDataset(data.path)
    #expect(dataset.videos.map(\.name) == ["real/a"])
    #expect(dataset.omissions.count == 2)
    try data.touch("real/a/b.mp4")
    let error = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(error.message.contains("both a video and a folder"))
  }

  @Test(
    "what is no dataset, a file, nothing, or a set of crops is refused in words, and a layout can be forced")
  func unknown() throws {
    let data = DatasetFolder()
    for path in [data.path, "\(data.path)/nothing"] {
      #expect(throws: DatasetError.self) { try VideoDataset(path) }
    }
    try data.touch("index.csv")
    let crops = try #require(throws: DatasetError.self) { try VideoDataset(data.path) }
    #expect(crops.message.contains("face crops already"))
    let file = try #require(throws: DatasetError.self) { try VideoDataset("\(data.path)/index.csv") }
    #expect(file.message.contains("is a file"))
    try data.touch("real/a.mp4", "Celeb-real/id0_0000.mp4")
    #expect(try VideoDataset(data.path).layout == .celebdf)
    #expect(try VideoDataset(data.path, layout: .folders).videos.map(\.name) == ["real/a"])
    let forced = try #require(throws: DatasetError.self) { try VideoDataset(data.path, layout: .dfdc) }
    #expect(forced.message.contains("metadata.json"))
    #expect(throws: DatasetError.self) { try VideoDataset(data.path, layout: .folders, name: "a/b") }
  }
}
