import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

@testable import Datasets

@Suite("Face sets") struct FaceSetTests {
  private func picture(_ value: UInt8) throws -> [UInt8] {
    try ImageFile.png(RGBImage(width: 4, height: 4, red: value, green: value, blue: value))
  }

  private func index(_ text: String) throws -> DatasetFolder {
    let data = DatasetFolder()
    try data.write(text, "index.csv")
    return data
  }

  @Test("a folder without an index is refused by name") func missing() {
    #expect(throws: DatasetError.self) { try FaceSet("/nowhere") }
  }

  @Test(
    "an index of a spreadsheet is read: byte order mark, CRLF, quotes, empty lines, columns in any order and case"
  )
  func spreadsheet() throws {
    let data = try index(
      "\u{FEFF}Split,NAME,label,method,x,y,width,height,extra\r\n\r\ntrain,\"a,\"\"b\"\"\",real,,1,2.5,3,4,z\r\n"
        + "test,c,fake,\"two\nlines\",,,,,\r\n")
    let records = try FaceSet(data.path).records
    #expect(records.map(\.name) == ["a,\"b\"", "c"])
    #expect(records[0].box == [1, 2.5, 3, 4] && records[1].box == nil)
    #expect(records[1].method == "two\nlines" && records[1].video == "c" && records[1].split == .test)
  }

  @Test(
    "an index that cannot be right is refused, with the line",
    arguments: [
      ("", "is empty"), ("name,label\na,real\n", "no column split"),
      ("name,label,split,label\n", "two columns label"),
      ("name,label,split\n\na,real\n", "line 3: 2 fields"),
      ("name,label,split\na,real,train\na,real,train\n", "line 3: a is there twice"),
      ("name,label,split\n../a,real,train\n", "leads elsewhere"),
      ("name,label,split\n/a,real,train\n", "leads elsewhere"),
      ("name,label,split\na\0,real,train\n", "leads elsewhere"),
      ("name,label,split,shard\na,real,train,../x.tar\n", "the shard leads elsewhere"),
      ("name,label,split\na,maybe,train\n", "the label is maybe"),
      ("name,label,split\na,real,later\n", "the split is later"),
      ("name,label,split,frame\na,real,train,-1\n", "the frame is -1"),
      ("name,label,split,frame\na,real,train,x\n", "the frame is x"),
      ("name,label,split,x,y,width,height\na,real,train,1,2,3,\n", "no box"),
      ("name,label,split,x,y,width,height\na,real,train,1,nan,3,4\n", "no box"),
      ("name,label,split,x,y,width,height\na,real,train,1,2,-3,4\n", "no box"),
      ("name,label,split,x,y,width,height\na,real,train,1e300,2,3,4\n", "no box"),
      ("name,label,split,original\na,real,train,b\n", "has an original"),
      ("name,label,split\n\"a,real,train\n", "line 2: a quote is not closed"),
      ("name,label,split\n\"a\"b,real,train\n", "line 2: something follows"),
      ("name,label,split,original\na,real,train,\nb,fake,test,a\n", "must not be separated"),
      ("name,label,split,original\na,fake,train,b\nb,fake,train,c\n", "is a fake itself"),
      ("name,label,split,video\na,fake,train,v\nb,real,train,v\n", "real and fake"),
    ])
  func badIndex(text: String, expected: String) throws {
    let data = try index(text)
    let error = try #require(throws: DatasetError.self) { try FaceSet(data.path) }
    #expect(error.message.contains(expected), "\(error)")
    #expect(error.code == .badIndex && error.path.hasSuffix("index.csv"))
  }

  @Test(
    "pictures are found as files and in archives, by short, prefixed and long names; pairs by video, frame, compression"
  )
  func pictures() throws {
    let long = String(repeating: "d/", count: 90) + "long"
    let data = try index(
      """
      name,dataset,video,frame,label,original,compression,split,shard,x,y,width,height
      a,s,a,3,real,,c23,train,,10,0,5,6
      b,s,a,3,real,,c40,train,one.tar,,,,
      sub/c,s,f,3,fake,a,c23,train,one.tar,8,0,5,6
      \(long),s,f,3,fake,a,c40,train,two.tar,8,0,5,6
      e,s,f,4,fake,a,c23,train,two.tar,8,0,5,6
      """)
    try Data(picture(1)).write(to: data.folder.url.appendingPathComponent("a.png"))
    let pax = "path=\(long).png\n"
    let record = "\(pax.utf8.count + 4) \(pax)"
    _ = try data.folder.write(
      tar([("./b.png", "0", picture(2)), ("sub", "5", []), ("sub/c.png", "0", picture(3))]), "one.tar")
    _ = try data.folder.write(
      tar([
        ("PaxHeader", "x", Array(record.utf8)), (String(long.prefix(100)), "0", picture(4)),
        ("././@LongLink", "L", Array("e.png".utf8) + [0]), ("short", "0", picture(5)),
      ]), "two.tar")
    let set = try FaceSet(data.path)
    for i in 0..<5 { #expect(try set.picture(i).pixels[0] == UInt8(i + 1)) }
    #expect((0..<5).map { set.original(of: $0) } == [nil, nil, 0, 1, nil])
    #expect((0..<5).map { set.isAligned($0) } == [nil, nil, true, nil, nil])
  }

  @Test(
    "a picture that is not there, or is none, is an error when it is asked for; one that an archive lacks, at once"
  )
  func missingPictures() throws {
    let data = try index("name,label,split\na,real,train\nb,real,train\n")
    try data.write("text", "a.jpg")
    let set = try FaceSet(data.path)
    for i in 0..<2 {
      let error = try #require(throws: DatasetError.self) { try set.picture(i) }
      #expect(error.code == .badPicture)
    }
    try data.write("name,label,split,shard\na,real,train,x.tar\n", "index.csv")
    _ = try data.folder.write(tar([("b.jpg", "0", [1])]), "x.tar")
    let error = try #require(throws: DatasetError.self) { try FaceSet(data.path) }
    #expect(error.message == "has no a.jpg; the index says so")
  }

  static let forged: [(String, [UInt8], String)] = [
    ("text", Array(repeating: 65, count: 1024), "no tar archive"),
    ("a size beyond the end", tarHeader("a", size: "77777777777"), "cut short"),
    ("a negative size", tarHeader("a", size: "-1"), "no tar archive"),
    ("a size that is no number", tarHeader("a", size: "9"), "no tar archive"),
    ("a wrong checksum", tarHeader("a", size: "0").map { $0 == 97 ? 98 : $0 }, "no tar archive"),
    ("one name twice", tar([("a", "0", []), ("./a", "0", [])]), "twice"),
    (
      "a long name without end",
      tarHeader("L", kind: "L", size: "1000000") + [UInt8](repeating: 65, count: 262144),
      "header of 262144 bytes"
    ),
    ("a wrong size beside", tar([("x", "x", Array("12 size=-99\n".utf8)), ("a", "0", [])]), "damaged"),
    (
      "a huge size beside", tar([("x", "x", Array("19 size=9999999999\n".utf8)), ("a", "0", [])]), "cut short"
    ),
    ("half a header", Array(tarHeader("a", size: "0").prefix(300)), "has no a.jpg"),
  ]

  @Test("a forged archive is one line", arguments: forged)
  func forgedArchive(name: String, bytes: [UInt8], expected: String) throws {
    let data = try index("name,label,split,shard\na,real,train,x.tar\n")
    _ = try data.folder.write(bytes, "x.tar")
    let error = try #require(throws: DatasetError.self) { try FaceSet(data.path) }
    #expect(error.code == .badShard && error.message.contains(expected), "\(name): \(error)")
  }

  @Test("attributes of a long name that are none are passed over")
  func oddAttributes() throws {
    for text in ["", "5", "99 path=b\n", "0 path=b\n", "-3 path=b\n", "9 path=b", "8 pathb.\n"] {
      let data = try index("name,label,split,shard\na,real,train,x.tar\n")
      _ = try data.folder.write(
        tar([("x", "x", Array(text.utf8)), ("a.png", "0", picture(7))], ends: false), "x.tar")
      #expect(try FaceSet(data.path).picture(0).pixels[0] == 7, "\(text)")
    }
  }

  @Test("an index or an archive with any bytes changed is read or refused, and nothing worse")
  func mutations() throws {
    let text =
      "name,label,split,frame,x,y,width,height,shard\n\"a\",real,train,1,2,3,4,5,x.tar\nb,fake,test,,,,,,\n"
    let pax = Array("12 path=a.p\n".utf8)
    let archive = tar([
      ("x", "x", pax), ("a.png", "0", [1, 2, 3]), ("L", "L", Array("a.jpg\0".utf8)), ("b", "0", []),
    ])
    let data = try index(text)
    var random = SplitMix(seed: 5)
    var refused = 0
    for round in 0..<400 {
      var (csv, tar) = (Array(text.utf8), archive)
      for _ in 0..<1 + Int(random.next() % 3) {
        let value = [UInt8(truncatingIfNeeded: random.next()), 34, 44, 10, 0, 55][Int(random.next() % 6)]
        if round % 2 == 0 {
          csv[Int(random.next() % UInt64(csv.count))] = value
        } else {
          tar[Int(random.next() % UInt64(tar.count))] = value
        }
      }
      try Data(csv).write(to: data.folder.url.appendingPathComponent("index.csv"))
      _ = try data.folder.write(tar, "x.tar")
      do throws(DatasetError) {
        let set = try FaceSet(data.path)
        for i in set.records.indices { #expect(throws: DatasetError.self) { try set.picture(i) } }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 100, "\(refused) of 400")
  }

  @Test("a set that is written is read as it was")
  func roundTrip() throws {
    let data = DatasetFolder()
    let records = [
      FaceRecord(
        name: "d/a,b/000001", dataset: "d", video: "a,b", label: .real, split: .validation, frame: 1,
        box: [0.1, -2.5, 1.0 / 3, 4e-7], compression: "c23"),
      FaceRecord(
        name: "d/f/000001", dataset: "d", video: "f", label: .fake, original: "a,b", method: "m \"1\"",
        split: .validation, frame: 1, box: [0, 0, 1, 1]),
    ]
    try FaceIndex.write(records, to: data.folder.path("index.csv"))
    #expect(try FaceSet(data.path).records == records)
    var parted = records
    parted[1].split = .test
    #expect(throws: DatasetError.self) { try FaceIndex.write(parted, to: data.folder.path("index.csv")) }
    #expect(try FaceSet(data.path).records == records)
  }
}
