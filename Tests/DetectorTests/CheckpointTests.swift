import Detector
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Checkpoints of other programs") struct CheckpointTests {
  let folder = TemporaryFolder()

  @Test(
    "a state dict is read whatever PyTorch and protocol wrote it, with views, shared storages and all types",
    arguments: ["plain2", "plain3", "plain4", "plain5", "legacy-plain2", "legacy-plain4"])
  func plain(name: String) throws {
    let weights = try Checkpoint.load(Golden.path("files/\(name).pth"))
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

  @Test(
    "what training loops leave beside the tensors is skipped, and an optimiser's tensors are not read",
    arguments: ["baggage2", "baggage5", "legacy-baggage"])
  func baggage(name: String) throws {
    let weights = try Checkpoint.load(Golden.path("files/\(name).pth"))
    #expect(weights.tensors == ["weight": ramp(3, 2), "bias": ramp(3)])
    #expect(weights.metadata["checkpoint.key"] == "state_dict")
  }

  @Test("names of NumPy before 2 are known too")
  func oldNumPy() throws {
    let file = try goldenFile("legacy-baggage.pth")
    let old = Array("cnumpy.core.multiarray\n".utf8)
    let new = Array("cnumpy._core.multiarray\n".utf8)
    var (bytes, replaced, place) = ([UInt8](), 0, 0)
    while place < file.count {
      if file[place...].starts(with: new) {
        (bytes, replaced, place) = (bytes + old, replaced + 1, place + new.count)
      } else {
        bytes.append(file[place])
        place += 1
      }
    }
    #expect(replaced == 2)
    #expect(try Checkpoint.load(folder.write(bytes, "x.pth")).names == ["bias", "weight"])
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
    arguments: ["attack", "attack4", "legacy-attack"])
  func attack(name: String) throws {
    let text = problem(Golden.path("files/\(name).pth"))
    #expect(text.contains("'posix.system', which is refused"), "\(text)")
    #expect(!FileManager.default.fileExists(atPath: "PWNED"))
  }

  @Test("safetensors is told by its content, and other formats by what they are")
  func formats() throws {
    #expect(try Checkpoint.load(Golden.path("files/all.safetensors"))["f32"] == ramp(2, 3))
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

  @Test("a file cut anywhere is an error", arguments: ["two", "legacy-plain2", "legacy-plain4"])
  func cut(name: String) throws {
    let whole = try goldenFile("\(name).pth")
    let key = name == "two" ? "teacher" : nil
    for length in 0..<whole.count {
      let path = try folder.write(Array(whole[..<length]), "cut.pth")
      #expect(isOneLine(problem(path, key: key)), "\(length) bytes")
    }
  }

  @Test("a flipped byte never crashes", arguments: ["plain2", "plain5", "wrapped", "legacy-plain2"])
  func fuzz(name: String) throws {
    let whole = try goldenFile("\(name).pth")
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
}
