import Detector
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Zip files that contradict themselves") struct HostileZipTests {
  let folder = TemporaryFolder()

  /// A whole file: a pickle of one tensor of two numbers.
  private static var whole: ZipForge {
    ZipForge([("x/data.pkl", Forge.state()), ("x/data/0", Forge.zeros(2)), ("x/version", [0x33, 0x0a])])
  }

  private func problem(_ forge: ZipForge) throws -> String {
    try DetectorTests.problem(folder.write(forge.bytes, "x.pth"))
  }

  @Test("what is changed below loads as long as nothing is changed, zip64 and descriptors included")
  func unchanged() throws {
    var forge = Self.whole
    #expect(
      try Checkpoint.load(folder.write(forge.bytes, "x.pth")).tensors == ["w": Tensor(shape: [2], [0, 0])])
    let (start, size) = forge.layout
    forge.zip64 = (3, size, start, start + size)
    #expect(try problem(forge) == "")
    (forge.count, forge.directorySize, forge.directoryStart) = (0xffff, 0xffff_ffff, 0xffff_ffff)
    #expect(try problem(forge) == "")
    forge = Self.whole
    forge.entries[1].flags = 8
    forge.entries[1].localFlags = 8
    forge.entries[1].localSize = 0
    forge.entries[1].after =
      [0x50, 0x4b, 7, 8] + Forge.little(0, 4) + Forge.little(8, 4) + Forge.little(8, 4)
    #expect(try problem(forge) == "")
    forge = Self.whole
    forge.entries[1].size = 0xffff_ffff
    forge.entries[1].localSize = 0xffff_ffff
    forge.entries[1].extra =
      Forge.little(1, 2) + Forge.little(16, 2) + Forge.little(8, 8) + Forge.little(8, 8)
    #expect(try problem(forge) == "")
  }

  static let lies: [(name: String, change: @Sendable (inout ZipForge) -> Void, expected: String)] = [
    ("a size beyond the file", { $0.entries[1].size = 1 << 31 }, "does not fit"),
    ("a place beyond the file", { $0.entries[1].offset = 1 << 31 }, "does not fit"),
    ("a size that runs into the next entry", { $0.entries[1].size = 40 }, "overlaps"),
    ("a size that runs into the directory", { $0.entries[2].size = 3 }, "overlaps"),
    ("two entries at one place", { $0.entries[2].offset = 0 }, "overlaps"),
    (
      "a smaller size than the tensor's",
      {
        $0.entries[1].size = 4; $0.entries[1].localSize = 4
      }, "4 bytes where 8"
    ),
    ("a local header of another size", { $0.entries[1].localSize = 4 }, "contradicts"),
    ("a local header of size 0 without a descriptor", { $0.entries[1].localSize = 0 }, "contradicts"),
    ("a local header of another name", { $0.entries[1].localName = "x/data/1" }, "contradicts"),
    ("a local header of a longer name", { $0.entries[1].localName = "x/data/00" }, "contradicts"),
    ("a local header of another method", { $0.entries[1].localMethod = 8 }, "contradicts"),
    ("a local header of other flags", { $0.entries[1].localFlags = 8 }, "contradicts"),
    ("a place within another entry", { $0.entries[1].offset = 5 }, "overlaps"),
    (
      "compression",
      {
        $0.entries[1].method = 8; $0.entries[1].localMethod = 8
      }, "compressed"
    ),
    (
      "encryption",
      {
        $0.entries[1].flags = 1; $0.entries[1].localFlags = 1
      }, "encrypted"
    ),
    ("a storage twice", { $0.entries.append($0.entries[1]) }, "twice"),
    ("two pickles of one name", { $0.entries.append($0.entries[0]) }, "twice"),
    (
      "two pickles in two folders",
      { $0.entries.append(ZipForge([("y/data.pkl", Forge.state())]).entries[0]) }, "2 data.pkl"
    ),
    ("no pickle", { $0.entries[0].name = "x/data.pk" }, "no data.pkl"),
    ("no storage", { $0.entries.remove(at: 1) }, "missing"),
    ("a storage in another folder", { $0.entries[1].name = "y/data/0" }, "missing"),
    ("an entry above the folder", { $0.entries[2].name = "../x" }, "'../x'"),
    ("an entry at the root", { $0.entries[2].name = "/x" }, "'/x'"),
    ("an entry of Windows", { $0.entries[2].name = "x\\..\\y" }, "PyTorch does not write"),
    ("an entry without a name", { $0.entries[1].name = "" }, "missing"),
    (
      "a TorchScript program",
      {
        $0.entries[2].name = "x/constants.pkl"; $0.entries[2].localName = "x/constants.pkl"
      }, "TorchScript"
    ),
    (
      "big-endian numbers",
      { $0.entries.append(ZipForge([("x/byteorder", Array("big".utf8))]).entries[0]) }, "big-endian"
    ),
    ("more entries than there are", { $0.count = 4 }, "without its directory"),
    ("fewer entries than there are", { $0.count = 2 }, "no sense"),
    ("65535 entries", { $0.count = 0xffff }, "without its directory"),
    ("a directory elsewhere", { $0.directoryStart = 0 }, "without its directory"),
    ("a directory of 4 GB", { $0.directorySize = 0xffff_ffff }, "without its directory"),
    ("a directory that is too long", { $0.directorySize = $0.layout.size + 1 }, "without its directory"),
    ("a directory in the middle", { $0.gap = [0, 0, 0, 0] }, "without its directory"),
    ("a comment", { $0.comment = [0x61] }, "without its directory"),
    (
      "an end within the comment", { $0.comment = [0x50, 0x4b, 5, 6] + Forge.little(0, 18) },
      "without its directory"
    ),
    ("bytes behind its end", { $0.suffix = [0] }, "without its directory"),
    (
      "bytes before its beginning",
      {
        $0.prefix = [1, 2, 3, 4]; $0.entries[0].offset = 0
      }, "neither"
    ),
    (
      "another zip before its beginning",
      {
        $0.prefix = Forge.zip(Forge.state())
        $0.directoryStart = 90
      }, "without its directory"
    ),
    (
      "a zip64 record of other counts",
      { $0.zip64 = (2, $0.layout.size, $0.layout.start, $0.layout.start + $0.layout.size) },
      "without its directory"
    ),
    (
      "a zip64 record elsewhere", { $0.zip64 = (3, $0.layout.size, $0.layout.start, 0) },
      "without its directory"
    ),
    (
      "a zip64 directory of 2⁶³ bytes",
      {
        $0.zip64 = (3, .max, $0.layout.start, $0.layout.start + $0.layout.size)
        $0.directorySize = 0xffff_ffff
      }, "without its directory"
    ),
    (
      "a zip64 count below 0",
      {
        $0.zip64 = (-1, $0.layout.size, $0.layout.start, $0.layout.start + $0.layout.size)
        $0.count = 0xffff
      }, "without its directory"
    ),
    (
      "a zip64 size of 2⁶³ in an entry",
      {
        $0.entries[1].size = 0xffff_ffff
        $0.entries[1].extra =
          Forge.little(1, 2) + Forge.little(16, 2) + Forge.little(.max, 8) + Forge.little(.max, 8)
      }, "does not fit"
    ),
    (
      "a zip64 size below 0 in an entry",
      {
        $0.entries[1].size = 0xffff_ffff
        $0.entries[1].extra =
          Forge.little(1, 2) + Forge.little(16, 2) + Forge.little(-1, 8) + Forge.little(-1, 8)
      }, "does not fit"
    ),
    (
      "a zip64 field without its numbers",
      {
        $0.entries[1].size = 0xffff_ffff
        $0.entries[1].extra = Forge.little(1, 2) + Forge.little(0, 2)
      }, "no sense"
    ),
    ("an extra field that is longer than itself", { $0.entries[1].extra = [9, 9, 9, 9] }, "no sense"),
  ]

  @Test("a zip file that lies is an error of one line", arguments: lies.indices)
  func lie(index: Int) throws {
    let (name, change, expected) = Self.lies[index]
    var forge = Self.whole
    change(&forge)
    let text = try problem(forge)
    #expect(text.contains(expected) && isOneLine(text), "\(name): \(text)")
  }

  @Test("a file cut at the boundary of any part, or a byte beside it, is an error")
  func cut() throws {
    let forge = Self.whole
    let bytes = forge.bytes
    let (start, size) = forge.layout
    var boundaries = [0, start, start + size, bytes.count]
    var place = 0
    for entry in forge.entries {
      boundaries += [place, place + 30, place + 30 + entry.name.utf8.count]
      place += 30 + entry.name.utf8.count + entry.content.count
    }
    for boundary in boundaries {
      for length in (boundary - 1)...(boundary + 1) where (0..<bytes.count).contains(length) {
        let text = try DetectorTests.problem(folder.write(Array(bytes[..<length]), "x.pth"))
        #expect(isOneLine(text), "\(length) bytes: \(text)")
      }
    }
  }
}
