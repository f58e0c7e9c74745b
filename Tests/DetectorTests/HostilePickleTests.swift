import Detector
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Pickles that attack") struct HostilePickleTests {
  let folder = TemporaryFolder()

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
  private static func many(_ character: String, _ count: Int) -> [UInt8] {
    [UInt8](repeating: Array(character.utf8)[0], count: count)
  }

  // MARK: Calls

  /// Every opcode that can call or name a function, with `posix.system` where it takes a name.
  static let calls: [(name: String, body: [UInt8], expected: String)] = [
    ("GLOBAL", Forge.global("posix", "system"), "'posix.system'"),
    (
      "REDUCE", Forge.global("posix", "system") + Forge.text("touch PWNED") + [0x85] + bytes("R"),
      "'posix.system'"
    ),
    (
      "STACK_GLOBAL",
      Forge.text("posix") + Forge.text("system") + [0x93] + Forge.text("touch PWNED") + [0x85]
        + bytes("R"), "'posix.system'"
    ),
    ("INST", bytes("(U\u{b}touch PWNEDiposix\nsystem\n"), "'posix.system'"),
    ("OBJ", bytes("(cposix\nsystem\nU\u{b}touch PWNEDo"), "'posix.system'"),
    ("NEWOBJ", Forge.global("subprocess", "Popen") + Forge.text("ls") + [0x85, 0x81], "'subprocess.Popen'"),
    (
      "NEWOBJ_EX", Forge.global("subprocess", "Popen") + Forge.text("ls") + [0x85] + bytes("}") + [0x92],
      "'subprocess.Popen'"
    ),
    ("BUILD", Forge.global("torch.nn", "Module") + bytes(")") + [0x81] + bytes("}b"), "'torch.nn.Module'"),
    ("EXT1", [0x82, 1], "extension"), ("EXT2", [0x83, 1, 0], "extension"),
    ("EXT4", [0x84, 1, 0, 0, 0], "extension"),
    ("getattr", Forge.global("builtins", "getattr"), "'builtins.getattr'"),
    ("eval of Python 2", Forge.global("__builtin__", "eval"), "'__builtin__.eval'"),
    ("exec", Forge.global("builtins", "exec"), "'builtins.exec'"),
    ("os.system", Forge.global("os", "system"), "'os.system'"),
    ("torch.load", Forge.global("torch", "load"), "'torch.load'"),
    ("torch.hub.load", Forge.global("torch.hub", "load"), "'torch.hub.load'"),
    (
      "another _rebuild_ function", Forge.global("torch._utils", "_rebuild_wrapper_subclass"),
      "'torch._utils._rebuild_wrapper_subclass'"
    ),
    ("a name with dots", Forge.global("torch", "Size.__class__.__base__"), "'torch.Size.__class__"),
    (
      "a name with control characters", Forge.global("a\u{1b}[2J\r", "b\u{202e}c\u{2028}d"), "'a?[2J?.b?c?d'"
    ),
    ("a name of 300 letters", bytes("c") + many("a", 300) + bytes("\nb\n"), "more than 255"),
    ("a module that is a number", Forge.number(1) + Forge.text("system") + [0x93], "names no function"),
    ("a call of a text", Forge.text("os.system") + bytes(")R"), "no function"),
    ("a call of a tuple", bytes("))R"), "no function"),
    ("a call with a list", Forge.global("torch", "Size") + bytes("]R"), "no function"),
    ("a storage's type called", Forge.global("torch", "FloatStorage") + bytes(")R"), "does not fit"),
    ("a persistent id that is a text", Forge.text("storage") + bytes("Q"), "storage that makes no sense"),
    ("a persistent id by a line", bytes("Pstorage\n"), "opcode 80"),
    ("a module in the id", bytes("(") + Forge.text("module") + bytes("NNNNtQ"), "makes no sense"),
  ]

  @Test("a call of anything else is refused by its name, whatever opcode makes it", arguments: calls.indices)
  func call(index: Int) throws {
    let (name, body, expected) = Self.calls[index]
    for file in [Forge.zip(Forge.state(with: body)), Forge.legacy(Forge.state(with: body))] {
      let text = try problem(folder.write(file, "x.pth"))
      #expect(text.contains(expected) && isOneLine(text), "\(name): \(text)")
    }
    #expect(!FileManager.default.fileExists(atPath: "PWNED"))
  }

  // MARK: Stack, memo and containers

  static let tricks: [(name: String, body: [UInt8])] = [
    ("a million nested lists", many("]", 1_000_000) + many("a", 999_999)),
    ("a million nested tuples", bytes(")") + [UInt8](repeating: 0x85, count: 1_000_000)),
    ("a million marks", many("(", 1_000_000)),
    ("a million empty lists", many("]", 1_000_000) + bytes(")")),
    ("a million empty dictionaries", many("}", 1_000_000) + bytes(")")),
    (
      "a million doubled pairs",
      bytes(")") + [[UInt8]](repeating: bytes("2") + [0x86], count: 500_000).flatMap { $0 }
    ),
    ("a list of itself", bytes("]q\0h\0a")), ("a tuple of its list", bytes("]q\0h\0\u{85}a")),
    ("a dictionary of itself", bytes("}q\0U\u{1}ah\0s")),
    ("a root that is under its own key", bytes("}q\0U\u{a}state_dicth\0s")),
    ("a memo far ahead", [UInt8(ascii: "N"), UInt8(ascii: "r"), 0xff, 0xff, 0xff, 0xff]),
    ("a memo that is empty", bytes("h\u{5}")), ("a memo beyond 32 bits", bytes("j") + Forge.little(-1, 4)),
    ("a pop of nothing", bytes("0")), ("a pop through a mark", bytes("N(0")),
    ("a pop to no mark", bytes("1")), ("a copy of nothing", bytes("2")),
    ("an append to nothing", bytes("a")), ("an append to a number", bytes("K\u{1}K\u{1}a")),
    ("an append through a mark", bytes("](K\u{1}a")),
    ("items to no dictionary", bytes("(u")), ("a key without a value", bytes("}(K\u{1}u")),
    ("a dictionary of three items", bytes("(NNNd")), ("an item to a list", bytes("]NNs")),
    ("a triple of two", bytes("NN") + [0x87]), ("a call of nothing", bytes("R")),
    ("an object of nothing", bytes("(o")), ("a state of nothing", bytes("Nb")),
    ("a text of 4 GB", [UInt8(ascii: "X"), 0xff, 0xff, 0xff, 0xff]),
    ("a text of 2⁶⁴ bytes", [0x8d] + [UInt8](repeating: 0xff, count: 8)),
    ("a text of 2⁶³ bytes", [0x8d] + Forge.little(.max, 8)),
    ("bytes of 2⁶³", [0x8e] + Forge.little(.max, 8)), ("a number of 2 GB", [0x8b, 0, 0, 0, 0x80]),
    ("a frame of which nothing is there", [0x95] + Forge.little(.max, 8)),
    ("a line without end", bytes("cos\nsystem")), ("a number that is none", bytes("I1x\n")),
    ("bytes from elsewhere", [0x97]), ("an unknown opcode", [0xff]), ("protocol 6", [0x80, 6]),
    ("a dictionary of numbers", Forge.global("collections", "OrderedDict") + bytes("](NNe\u{85}R")),
    (
      "a dictionary made of itself",
      Forge.global("collections", "OrderedDict") + bytes("}q\0\u{85}Rh\0") + [0x85] + bytes("R")
    ),
  ]

  @Test("nesting, cycles, memo and stack tricks end in an error of one line", arguments: tricks.indices)
  func trick(index: Int) throws {
    let (name, body) = Self.tricks[index]
    for file in [Forge.zip(Forge.pickle(body), []), Forge.legacy(Forge.pickle(body), keys: [], storages: [])]
    {
      let start = ContinuousClock.now
      let text = try problem(folder.write(file, "x.pth"))
      #expect(isOneLine(text), "\(name): \(text)")
      #expect(ContinuousClock.now - start < .seconds(10), "\(name)")
    }
  }

  @Test("a pickle that ends nowhere, or is empty, is an error")
  func noEnd() throws {
    for pickle in [[], [0x80], [0x80, 2], [0x80, 2, UInt8(ascii: "}")], Array("}".utf8)] as [[UInt8]] {
      #expect(try isOneLine(problem(folder.write(Forge.zip(pickle), "x.pth"))))
    }
  }

  // MARK: Tensors

  /// Numbers in the storage, offset, shape, strides.
  static let beyond: [(Int, Int, [Int], [Int])] = [
    (2, 0, [3], [1]), (2, 0, [2], [2]), (2, 0, [2], [-1]), (2, 1, [2], [-1]), (2, 0, [Int.max], [1]),
    (2, 0, [1 << 40, 1 << 40], [1, 1]), (2, 0, [2], []), (2, 0, [], [1]), (1 << 50, 0, [2], [1]),
    (2, 0, [2], [Int.max]), (2, 0, [2], [Int.min]), (-1, 0, [2], [1]), (2, -1, [1], [1]), (2, 3, [0], [1]),
    (2, Int.max, [1], [1]), (2, 0, [-1], [1]), (2, 0, [0, 1 << 62, 1 << 62], [1, 1, 1]),
    (Int.max, 0, [2], [1]), (2, 0, [Int](repeating: 1, count: 33), [Int](repeating: 1, count: 33)),
  ]

  @Test(
    "a tensor that reaches beyond its storage, or claims a huge one, is an error", arguments: beyond.indices)
  func tensor(index: Int) throws {
    let (count, offset, shape, strides) = Self.beyond[index]
    let state = Forge.state(count: count, offset: offset, shape: shape, strides: strides)
    let numbers = Forge.zeros(2)
    for file in [Forge.zip(state, numbers), Forge.legacy(state, storages: [(count, numbers)])] {
      let text = try problem(folder.write(file, "x.pth"))
      #expect(isOneLine(text), "\(text)")
    }
  }

  @Test("elements that are met twice are refused with the cure", arguments: [[0], [1, 0], [1, 1], [2, 3]])
  func repeated(strides: [Int]) throws {
    let state = Forge.state(
      count: 64, shape: [Int](repeating: 4, count: strides.count), strides: strides)
    let text = try problem(folder.write(Forge.zip(state, Forge.zeros(64)), "x.pth"))
    #expect(text.contains(".contiguous()"), "\(text)")
  }

  @Test("a view whose elements lie far apart is read without what is between them")
  func sparse() throws {
    let count = 300_000
    let numbers = (0..<count).flatMap { Forge.little(Int(Float($0).bitPattern), 4) }
    let state = Forge.state(
      count: count, offset: 7, shape: [2, 3, 2], strides: [3, 41_000, 41_001])
    let file = try folder.write(Forge.zip(state, numbers), "x.pth")
    let nested = Forge.state(count: count, offset: 7, shape: [2, 2, 3], strides: [3, 150_001, 49_999])
    #expect(problem(file).contains(".contiguous()"))
    let tensor = try #require(try Checkpoint.load(folder.write(Forge.zip(nested, numbers), "y.pth"))["w"])
    for (i, j, k) in [(0, 0, 0), (1, 0, 0), (0, 1, 2), (1, 1, 1), (1, 0, 2)] {
      #expect(tensor[i, j, k] == Float(7 + 3 * i + 150_001 * j + 49_999 * k))
    }
  }
}
