import Detector
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Checkpoints of other programs") struct CheckpointTests {
  let folder = TemporaryFolder()

  @Test(
    "a state dict is read whatever the pickle's protocol, with views, shared storages and all types",
    arguments: 2...5)
  func plain(version: Int) throws {
    let weights = try Checkpoint.load(Golden.path("files/plain\(version).pth"))
    #expect(
      weights.names == [
        "again", "bf16", "empty", "f16", "f32", "f64", "parameter", "scalar", "shared", "stepped",
        "transposed", "view",
      ])
    #expect(weights.ignored == ["counter", "flag"])
    #expect(weights["f32"] == ramp(2, 3))
    #expect(weights["f16"] == ramp(5))
    #expect(weights["bf16"] == ramp(2, 2, 2))
    #expect(weights["f64"] == ramp(4))
    #expect(weights["scalar"] == Tensor(0.5))
    #expect(weights["empty"]?.shape == [0, 3])
    #expect(weights["parameter"] == ramp(3))
    #expect(weights["shared"] == ramp(24))
    #expect(weights["again"] == ramp(24))
    #expect(weights["view"] == Tensor(shape: [3, 4], (4..<16).map { Float($0 - 3) / 4 }))
    let transposed = (0..<6).flatMap { x in (0..<4).map { y in Float(y * 6 + x - 3) / 4 } }
    #expect(weights["transposed"] == Tensor(shape: [6, 4], transposed))
    let stepped = [1, 2, 3, 9, 10, 11, 13, 14, 15, 21, 22, 23].map { Float($0 - 3) / 4 }
    #expect(weights["stepped"] == Tensor(shape: [2, 2, 3], stepped))
  }

  @Test("tensors under a known key are found, beside numbers, strings and containers")
  func wrapped() throws {
    let weights = try Checkpoint.load(Golden.path("files/wrapped.pth"))
    #expect(weights.tensors == ["weight": ramp(3, 2), "bias": ramp(3)])
    #expect(weights.metadata["checkpoint.key"] == "net")
  }

  @Test("where two keys have tensors, one has to be named")
  func two() throws {
    let path = Golden.path("files/two.pth")
    #expect(problem(path).contains("'student', 'teacher'"))
    #expect(try Checkpoint.load(path, key: "teacher").tensors == ["w": ramp(3)])
    #expect(throws: WeightsError.self) { try Checkpoint.load(path, key: "other") }
  }

  @Test(
    "a pickle that calls os.system is refused by that name, and nothing runs",
    arguments: ["attack", "attack4"])
  func attack(name: String) throws {
    let text = problem(Golden.path("files/\(name).pth"))
    #expect(text.contains("'posix.system', which is refused"), "\(text)")
    #expect(!FileManager.default.fileExists(atPath: "PWNED"))
  }

  @Test("safetensors is told by its content, and other formats by what they are")
  func formats() throws {
    #expect(try Checkpoint.load(Golden.path("files/all.safetensors"))["f32"] == ramp(2, 3))
    #expect(problem(Golden.path("files/legacy.pth")).contains("before 1.6"))
    #expect(problem(Golden.path("files/f4.npy")).contains("neither"))
    #expect(problem(Golden.path("files/expanded.pth")).contains(".contiguous()"))
    for (bytes, expected) in [
      ("", "empty"), ("\u{89}HDF", "neither"), ("<!DOCTYPE html>", "web page"),
      ("version https://git-lfs.github.com/spec/v1", "git lfs pull"), ("....TFL3", "TensorFlow Lite"),
    ] {
      #expect(try problem(folder.write(Array(bytes.utf8), "x.pth")).contains(expected))
    }
    #expect(try problem(folder.write([0x89] + Array("HDF\r\n\u{1a}\n".utf8), "x.pth")).contains("HDF5"))
    #expect(problem(folder.path("missing.pth")).contains("cannot be opened"))
  }

  @Test("a file cut anywhere is an error")
  func cut() throws {
    let whole = try golden("two.pth")
    for length in 0..<whole.count {
      let path = try folder.write(Array(whole[..<length]), "cut.pth")
      #expect(throws: WeightsError.self, "\(length) bytes") { try Checkpoint.load(path, key: "teacher") }
    }
  }

  @Test("a flipped byte never crashes", arguments: ["plain2", "plain5", "wrapped"])
  func fuzz(name: String) throws {
    let whole = try golden("\(name).pth")
    var generator = SplitMix(seed: 3)
    var refused = 0
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      let path = try folder.write(bytes, "fuzz.pth")
      do { _ = try Checkpoint.load(path) } catch { refused += 1 }
    }
    #expect(refused > 300)
  }

  @Test("what a zip directory claims is checked: sizes, places, compression")
  func zipLies() throws {
    let pickle = state(count: 2, shape: [2], strides: [1])
    let numbers = [UInt8](repeating: 0, count: 8)
    #expect(try Checkpoint.load(folder.write(zip(pickle, numbers), "x.pth"))["w"]?.shape == [2])
    for (change, expected) in [
      ({ $0.size = 1 << 31 }, "does not fit"), ({ $0.offset = 1 << 31 }, "does not fit"),
      ({ $0.method = 8 }, "compressed"), ({ $0.size = 4 }, "storage of 4 bytes"),
    ] as [((inout ZipEntry) -> Void, String)] {
      let text = try problem(folder.write(zip(pickle, numbers, change), "x.pth"))
      #expect(text.contains(expected), "\(text)")
    }
  }

  @Test(
    "a tensor that reaches beyond its storage, or claims a huge one, is an error",
    arguments: [
      (2, [3], [1]), (2, [2], [2]), (2, [2], [-1]), (2, [Int.max], [1]), (2, [1 << 40, 1 << 40], [1, 1]),
      (2, [2], []),
      (1 << 50, [2], [1]), (2, [2], [Int.max]), (-1, [2], [1]),
    ])
  func tensorLies(count: Int, shape: [Int], strides: [Int]) throws {
    let bytes = zip(state(count: count, shape: shape, strides: strides), [UInt8](repeating: 0, count: 8))
    #expect(throws: WeightsError.self) { try Checkpoint.load(folder.write(bytes, "x.pth")) }
  }

  @Test("many views of one storage cannot fill the memory")
  func manyViews() throws {
    // 2000 views of a megabyte each, every one at another place.
    var body: [UInt8] = [0x80, 2, UInt8(ascii: "}"), UInt8(ascii: "(")]
    for i in 0..<2000 {
      body += string("w\(i)") + tensor(count: 1 << 18, offset: i, shape: [200_000], strides: [1])
    }
    let bytes = zip(body + Array("u.".utf8), [UInt8](repeating: 0, count: 1 << 20))
    #expect(try problem(folder.write(bytes, "x.pth")).contains("many times its own size"))
  }

  @Test("nesting, cycles, memo and stack tricks in a pickle end in an error, not a crash")
  func pickles() throws {
    let million = 1_000_000
    let lists = [UInt8](repeating: UInt8(ascii: "]"), count: million)
    let tuples = [UInt8(ascii: ")")] + [UInt8](repeating: 0x85, count: million)
    let marks = [UInt8](repeating: UInt8(ascii: "("), count: million)
    let doubling = (0..<5000).flatMap { _ in [UInt8(ascii: "2"), 0x86] }
    let cycle = Array("]q\0h\0a".utf8)
    let farMemo = [UInt8(ascii: "N"), UInt8(ascii: "r"), 0xff, 0xff, 0xff, 0xff]
    let end = Array(".".utf8)
    for body in [
      lists + [UInt8](repeating: UInt8(ascii: "a"), count: million - 1) + end, tuples + end, marks + end,
      [UInt8(ascii: ")")] + doubling + end, cycle + end, farMemo + end, Array("0".utf8) + end,
      Array("a".utf8) + end,
      [0x87] + end, Array("h\u{5}".utf8) + end, Array("R".utf8) + end, Array("(u".utf8) + end,
      [UInt8(ascii: "X"), 0xff, 0xff, 0xff, 0xff] + end, [0x8d] + [UInt8](repeating: 0xff, count: 8) + end,
      [0x8b, 0, 0, 0, 0x80] + end, Array("cos\nsystem".utf8), Array("cbuiltins\neval\n".utf8) + end,
      Array("i__main__\nX\n".utf8) + end, [0x82, 1] + end, [],
    ] {
      #expect(throws: WeightsError.self) {
        try Checkpoint.load(folder.write(zip([0x80, 2] + body, []), "x.pth"))
      }
    }
    let text = try problem(folder.write(zip([0x80, 2] + Array("cbuiltins\neval\n.".utf8), []), "x.pth"))
    #expect(text.contains("'builtins.eval'"))
  }

  @Test("real checkpoints hold PyTorch's numbers", .enabled(if: testData != nil, "set WHYFAKE_TEST_DATA"))
  func real() throws {
    let weights = testData!.deletingLastPathComponent().appendingPathComponent("weights")
    let path = weights.appendingPathComponent("efficientnet-b0-dfdc-160.pth").path
    guard FileManager.default.fileExists(atPath: path) else { return }
    let loaded = try Checkpoint.load(path)
    #expect(loaded.tensors.count == 311)
    #expect(loaded.ignored.count == 49)
    for (name, shape, first, last) in [
      ("features.0.0.weight", [32, 3, 3, 3], 0.11570754647254944, -0.4598800241947174),
      ("features.5.0.block.0.1.running_mean", [480], -1.6778130531311035, 0.08760682493448257),
      ("classifier.1.bias", [1], 0.05607829615473747, 0.05607829615473747),
    ] as [(String, [Int], Float, Float)] {
      let tensor = try #require(loaded[name])
      #expect(tensor.shape == shape)
      #expect(tensor.elements.first == first && tensor.elements.last == last)
    }
  }

  // MARK: Files made here

  private func problem(_ path: String) -> String {
    do {
      _ = try Checkpoint.load(path)
      return ""
    } catch { return error.problem }
  }

  private func golden(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: Golden.path("files/\(name)"))))
  }

  private func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private func string(_ text: String) -> [UInt8] { [0x8c, UInt8(text.utf8.count)] + Array(text.utf8) }

  private func number(_ value: Int) -> [UInt8] { [0x8a, 8] + little(value, 8) }

  private func tuple(_ values: [Int]) -> [UInt8] {
    [UInt8(ascii: "(")] + values.flatMap(number) + [UInt8(ascii: "t")]
  }

  /// A pickled view of the storage `0`.
  private func tensor(count: Int, offset: Int, shape: [Int], strides: [Int]) -> [UInt8] {
    Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8) + string("storage")
      + Array("ctorch\nFloatStorage\n".utf8)
      + string("0") + string("cpu") + number(count) + Array("tQ".utf8) + number(offset) + tuple(shape)
      + tuple(strides)
      + [0x89] + Array("ccollections\nOrderedDict\n)RtR".utf8)
  }

  /// A pickled state dict with one tensor, `w`.
  private func state(count: Int, shape: [Int], strides: [Int]) -> [UInt8] {
    [0x80, 2, UInt8(ascii: "}")] + string("w")
      + tensor(count: count, offset: 0, shape: shape, strides: strides)
      + Array("s.".utf8)
  }

  private struct ZipEntry {
    var size: Int
    var offset: Int
    var method = 0
  }

  /// A PyTorch file of a pickle and a storage; `change` falsifies what the directory says of the storage.
  private func zip(_ pickle: [UInt8], _ numbers: [UInt8], _ change: (inout ZipEntry) -> Void = { _ in })
    -> [UInt8]
  {
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, content) in [("x/data.pkl", pickle), ("x/data/0", numbers)] {
      var entry = ZipEntry(size: content.count, offset: file.count)
      if name == "x/data/0" { change(&entry) }
      let common =
        little(entry.method, 2) + little(0, 8) + little(entry.size, 4) + little(entry.size, 4)
        + little(name.utf8.count, 2)
      file += [0x50, 0x4b, 3, 4] + little(0, 4) + common + little(0, 2) + Array(name.utf8) + content
      directory +=
        [0x50, 0x4b, 1, 2] + little(0, 6) + common + little(0, 12) + little(entry.offset, 4)
        + Array(name.utf8)
    }
    return file + directory + [0x50, 0x4b, 5, 6] + little(0, 4) + little(2, 2) + little(2, 2)
      + little(directory.count, 4) + little(file.count, 4) + little(0, 2)
  }
}
