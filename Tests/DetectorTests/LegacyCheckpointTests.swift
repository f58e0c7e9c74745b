import Detector
import Tensor
import TestSupport
import Testing

@Suite("Checkpoints of PyTorch before 1.6") struct LegacyCheckpointTests {
  let folder = TemporaryFolder()

  private func load(_ bytes: [UInt8]) throws -> Weights {
    try Checkpoint.load(folder.write(bytes, "x.pth"))
  }

  private func floats(_ values: [Float]) -> [UInt8] {
    values.flatMap { Forge.little(Int($0.bitPattern), 4) }
  }

  @Test("the smallest file is read, and storages are taken in the order of their keys")
  func order() throws {
    #expect(try Checkpoint.load(Golden.path("files/legacy.pth"))["w"] == ramp(3))
    let pickle = Forge.pickle(
      Forge.dictionary([
        ("a", Forge.tensor(Forge.storage("k2", count: 1), shape: [1], strides: [1])),
        ("b", Forge.tensor(Forge.storage("k1", count: 2), shape: [2], strides: [1])),
      ]))
    let bytes = Forge.legacy(
      pickle, keys: ["k1", "k2"], storages: [(2, floats([1, 2])), (1, floats([3]))])
    let weights = try load(bytes)
    #expect(weights["a"] == Tensor(shape: [1], [3]) && weights["b"] == Tensor(shape: [2], [1, 2]))
    // What follows is not ours to judge: several objects may be saved to one file.
    #expect(try load(bytes + [1, 2, 3]) == weights)
  }

  @Test("a storage within a storage, as PyTorch before 0.4 wrote it, begins where it says")
  func views() throws {
    let none = Forge.tensor(
      Forge.storage(count: 6, view: [UInt8(ascii: "N")]), shape: [2], strides: [1])
    let view = Array("(".utf8) + Forge.text("v") + Forge.number(2) + Forge.number(3) + Array("t".utf8)
    let inside = Forge.tensor(
      Forge.storage(count: 6, view: view), offset: 1, shape: [2], strides: [1],
      function: "_rebuild_tensor")
    let weights = try load(
      Forge.legacy(
        Forge.pickle(Forge.dictionary([("whole", none), ("inside", inside)])),
        storages: [(6, floats([0, 1, 2, 3, 4, 5]))]))
    #expect(weights["whole"] == Tensor(shape: [2], [0, 1]))
    #expect(weights["inside"] == Tensor(shape: [2], [3, 4]))
  }

  @Test("what Python 2 wrote is read: an OrderedDict of a list of pairs, numbers as lines, memo from 1")
  func python2() throws {
    let tensor = Forge.tensor(Forge.storage(count: 2), shape: [2], strides: [1])
    let pairs =
      Array("](](U\u{1}w".utf8) + tensor + Array("e](U\u{5}epochq\u{1}I12345678901\ne](U\u{1}zL7L\nee".utf8)
    let pickle = Forge.pickle(
      Forge.global("collections", "OrderedDict") + pairs + [0x85] + Array("R}b".utf8))
    #expect(
      try load(Forge.legacy(pickle, storages: [(2, floats([1, 2]))])).tensors == [
        "w": Tensor(shape: [2], [1, 2])
      ])
  }

  @Test("halves, bfloat16 and doubles are read, whole numbers are left out")
  func types() throws {
    let types = [("HalfStorage", 2), ("BFloat16Storage", 2), ("DoubleStorage", 8), ("LongStorage", 8)]
    let pickle = Forge.pickle(
      Forge.dictionary(
        types.map {
          ($0.0, Forge.tensor(Forge.storage($0.0, type: $0.0, count: 1), shape: [1], strides: [1]))
        }))
    let one =
      [[0, 0x3c], [0x80, 0x3f], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], [1, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]]
    let weights = try load(Forge.legacy(pickle, keys: types.map(\.0), storages: one.map { (1, $0) }))
    #expect(weights.names == ["BFloat16Storage", "DoubleStorage", "HalfStorage"])
    #expect(weights.tensors.values.allSatisfy { $0 == Tensor(shape: [1], [1]) })
    #expect(weights.ignored == ["LongStorage"])
  }

  static let lies: [(name: String, bytes: [UInt8], expected: String)] = [
    ("a big-endian machine", Forge.legacy(Forge.state(), littleEndian: false), "big-endian"),
    ("another version", Forge.legacy(Forge.state(), version: 1002), "unknown version"),
    ("the magic number alone", Forge.magic, "ends too early"),
    (
      "no facts about the machine", Forge.magic + Forge.pickle(Forge.number(1001)) + Forge.state(),
      "ends too early"
    ),
    (
      "a number where the facts are due",
      Forge.magic + Forge.pickle(Forge.number(1001)) + Forge.pickle(Forge.number(1)), "which machine"
    ),
    ("fewer numbers than the pickle says", Forge.legacy(Forge.state(count: 3)), "2 numbers where 3"),
    (
      "a count of numbers beyond the file",
      Forge.legacy(Forge.state(count: 1 << 40), storages: [(1 << 40, Forge.zeros(2))]), "not whole"
    ),
    (
      "a negative count of numbers",
      Forge.legacy(Forge.state(), storages: [(-1, Forge.zeros(2))]), "-1 numbers where 2"
    ),
    (
      "a count whose bytes overflow",
      Forge.legacy(
        Forge.state(count: Int.max / 16), storages: [(Int.max / 16, Forge.zeros(2))]), "not whole"
    ),
    ("a storage listed twice", Forge.legacy(Forge.state(), keys: ["0", "0"]), "twice"),
    ("a storage that no tensor has", Forge.legacy(Forge.state(), keys: ["0", "1"]), "no tensor has"),
    ("a tensor whose storage is not listed", Forge.legacy(Forge.state(), keys: [], storages: []), "missing"),
    ("a key and no storage", Forge.legacy(Forge.state(), storages: []), "is missing"),
    (
      "storages of one key and two types",
      Forge.legacy(
        Forge.pickle(
          Forge.dictionary([
            ("a", Forge.tensor(Forge.storage(count: 2), shape: [2], strides: [1])),
            ("b", Forge.tensor(Forge.storage(type: "HalfStorage", count: 2), shape: [2], strides: [1])),
          ]))), "two types"
    ),
    (
      "a view beyond its storage",
      Forge.legacy(
        Forge.pickle(
          Forge.dictionary([
            (
              "w",
              Forge.tensor(
                Forge.storage(count: 2, view: Forge.text("v") + Forge.number(1) + Forge.number(2) + [0x87]),
                shape: [1], strides: [1])
            )
          ]))), "beyond its storage"
    ),
    (
      "keys that are no list",
      Forge.magic + Forge.pickle(Forge.number(1001)) + Forge.pickle(Array("}".utf8)) + Forge.state()
        + Forge.pickle(Array("}".utf8)), "does not list"
    ),
    ("the tar of PyTorch 0.1", Array(repeating: 0x61, count: 257) + Array("ustar".utf8), "tar archive"),
  ]

  @Test("a file that lies is an error of one line", arguments: lies.indices)
  func lie(index: Int) throws {
    let (name, bytes, expected) = Self.lies[index]
    let text = try problem(folder.write(bytes, "x.pth"))
    #expect(text.contains(expected) && isOneLine(text), "\(name): \(text)")
  }
}
