import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Files of weights") struct FilesWeightsTests {
  let folder = TemporaryFolder()

  @Test("a safetensors file of the reference implementation is read, whatever its types")
  func reference() throws {
    let weights = try Weights(safetensors: Golden.path("files/all.safetensors"))
    #expect(weights.names == ["bf16", "empty", "f16", "f32", "f64", "scalar"])
    #expect(weights["f32"] == ramp(2, 3))
    #expect(weights["f16"] == ramp(5))
    #expect(weights["bf16"] == ramp(2, 2, 2))
    #expect(weights["f64"] == ramp(4))
    #expect(weights["scalar"] == Tensor(0.5))
    #expect(weights["empty"]?.shape == [0, 3])
    #expect(weights.ignored == ["bn.num_batches_tracked"])
    #expect(weights.metadata == ["made by": #"make.py "ü""#])
  }

  @Test(
    "what is written is read again, and writing twice gives equal bytes",
    arguments: Weights.Precision.allCases)
  func roundTrip(precision: Weights.Precision) throws {
    let weights = Weights(
      ["weight": ramp(2, 3, 2), "bias": ramp(5), "scalar": Tensor(0.5)],
      metadata: ["made by": "tests \"ü\"\n"])
    let path = folder.path("\(precision).safetensors")
    try weights.writeSafetensors(to: path, precision: precision)
    let bytes = try folder.bytes("\(precision).safetensors")
    #expect(try Weights(safetensors: path) == weights)
    #expect(bytes[0] % 8 == 0)
    try weights.writeSafetensors(to: path, precision: precision)
    #expect(try folder.bytes("\(precision).safetensors") == bytes)
    let numbers = precision == .float32 ? 12 * 4 : 12 * 2
    #expect(bytes.count == 8 + Int(bytes[0]) + 256 * Int(bytes[1]) + numbers + 6 * 4)
    #expect(folder.names() == ["\(precision).safetensors"])
    if let kept = ProcessInfo.processInfo.environment["WHYFAKE_KEEP_FILES"] {
      try weights.writeSafetensors(to: "\(kept)/\(precision).safetensors", precision: precision)
    }
  }

  @Test("halves are rounded to the nearest, ties to even, subnormals too")
  func halves() throws {
    let values: [Float] = [
      1 + 0x1p-11, 1 + 3 * 0x1p-11, 65519, -65519, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1p-14 - 0x1p-26, -0.0,
      .infinity, 1e-30,
    ]
    let expected: [Float] = [1, 1 + 0x1p-9, 65504, -65504, 0x1p-24, 0, 0x1p-24, 0x1p-14, -0.0, .infinity, 0]
    let path = folder.path("halves.safetensors")
    try Weights(["x": Tensor(shape: [1, 11], values)]).writeSafetensors(to: path, precision: .float16)
    let read = try #require(try Weights(safetensors: path)["x"]).elements
    #expect(read.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test("every half and every bfloat16 survives reading and writing")
  func allHalves() throws {
    for (name, precision, infinity) in [
      ("F16", Weights.Precision.float16, 0x7c00), ("BF16", .bfloat16, 0x7f80),
    ] {
      let header = #"{"x":{"dtype":"\#(name)","shape":[256,256],"data_offsets":[0,131072]}}"#
      let codes = (0..<65536).map { $0 & 0x7fff > infinity ? 0 : $0 }
      let data = codes.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
      let path = try folder.write(safetensors(header) + data, "\(name).safetensors")
      let weights = try Weights(safetensors: path)
      #expect(weights["x"]![0, 1] == (name == "F16" ? 0x1p-24 : 0x1p-133))
      #expect(weights["x"]!.elements.filter { !$0.isFinite } == [.infinity, -.infinity])
      try weights.writeSafetensors(to: path, precision: precision)
      #expect(try folder.bytes("\(name).safetensors").suffix(131072).elementsEqual(data))
    }
  }

  @Test("a number too large for 16 bits is refused by the tensor's name, and no file is left")
  func overflow() throws {
    for (value, precision) in [
      (Float(65520), Weights.Precision.float16), (.greatestFiniteMagnitude, .bfloat16),
    ] {
      let error = #expect(throws: WeightsError.self) {
        try Weights(["big": Tensor(shape: [1, 1], [value])])
          .writeSafetensors(to: folder.path("x.safetensors"), precision: precision)
      }
      #expect(error?.problem.contains("'big'") == true)
      #expect(folder.names().isEmpty)
    }
  }

  @Test("a failed write leaves the file that was there, and a folder that is not there is an error")
  func failedWrite() throws {
    let path = folder.path("x.safetensors")
    try Weights(["a": ramp(2)]).writeSafetensors(to: path)
    #expect(throws: WeightsError.self) {
      try Weights(["a": Tensor(shape: [1, 1], [1e6])]).writeSafetensors(to: path, precision: .float16)
    }
    #expect(try Weights(safetensors: path)["a"] == ramp(2))
    #expect(throws: WeightsError.self) {
      try Weights([:]).writeSafetensors(to: folder.path("none/x.safetensors"))
    }
  }

  @Test(
    "a header that lies is an error that says what is wrong",
    arguments: [
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,800]}}"#, "cannot lie"),
      (#"{"x":{"dtype":"F32","shape":[200],"data_offsets":[0,800]}}"#, "ends at byte 800"),
      (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "begins at byte 4"),
      (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "4 bytes at its end"),
      (
        #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
          + #""y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        "begins at byte 4"
      ),
      (#"{"x":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}"#, "the shape"),
      (
        #"{"x":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}"#,
        "shape"
      ),
      (#"{"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#, "a smaller number"),
      (#"{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "a whole number"),
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "cannot lie"),
      (#"{"x":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, "'F8_E4M3'"),
      (#"{"x":{"dtype":"F32","shape":[2]}}"#, "lacks"),
      (#"{"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "'dtype', twice"),
      (
        #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
          + #""x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        "tensor 'x' twice"
      ),
      (#"{"__metadata__":{"a":1},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "byte 21"),
      (
        #"{"__metadata__":{"a":"1","a":"2"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        "'a' twice"
      ),
      (#"{"x":{"dtype":"F32","shape":[[[[2]]]],"data_offsets":[0,8]}}"#, "a whole number"),
      (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x"#, "the end"),
      (#"[]"#, "should be {"), (#"{"x"#, "string that ends"), ("", "should be {"),
    ])
  func lies(header: String, expected: String) throws {
    let path = try folder.write(safetensors(header) + [UInt8](repeating: 0, count: 8), "x.safetensors")
    let error = #expect(throws: WeightsError.self) { try Weights(safetensors: path) }
    #expect(error?.file == path)
    #expect(error?.problem.contains(expected) == true, "\(error?.problem ?? "")")
    #expect(error?.problem.contains("\n") == false)
  }

  @Test("deep nesting is an error and not a crash")
  func nesting() throws {
    let header = #"{"x":{"dtype":"# + String(repeating: "[", count: 1_000_000)
    let path = try folder.write(safetensors(header), "x.safetensors")
    #expect(throws: WeightsError.self) { try Weights(safetensors: path) }
  }

  @Test("escapes in names are read as JSON has them")
  func escapes() throws {
    let header = #"{"\u00e9\ud83d\ude00\/\n":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#
    let weights = try Weights(safetensors: folder.write(safetensors(header), "x.safetensors"))
    #expect(weights.names == ["é😀/\n"])
    let alone = #"{"\ud83d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#
    #expect(throws: WeightsError.self) {
      try Weights(safetensors: folder.write(safetensors(alone), "y.safetensors"))
    }
  }

  @Test("a header that claims more than the file, or than 100 MB, is refused before it is read")
  func headerLength() throws {
    for length: UInt64 in [3, 1000, 100_000_001, .max] {
      let bytes = withUnsafeBytes(of: length.littleEndian, Array.init) + [UInt8](repeating: 0x20, count: 2)
      #expect(throws: WeightsError.self) { try Weights(safetensors: folder.write(bytes, "x.safetensors")) }
    }
  }

  @Test("a file cut anywhere is an error")
  func cut() throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Golden.path("files/all.safetensors"))))
    for length in 0..<whole.count {
      let path = try folder.write(Array(whole[..<length]), "cut.safetensors")
      #expect(throws: WeightsError.self, "\(length) bytes") { try Weights(safetensors: path) }
    }
  }

  @Test("a flipped byte never crashes")
  func fuzz() throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Golden.path("files/all.safetensors"))))
    var generator = SplitMix(seed: 1)
    var refused = 0
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      let path = try folder.write(bytes, "fuzz.safetensors")
      do { _ = try Weights(safetensors: path) } catch { refused += 1 }
    }
    #expect(refused > 1500)
  }

  @Test("a folder, a pipe and a missing file are errors")
  func noFile() throws {
    #expect(throws: WeightsError.self) { try Weights(safetensors: folder.path("")) }
    #expect(throws: WeightsError.self) { try Weights(safetensors: folder.path("missing")) }
    try #require(mkfifo(folder.path("pipe"), 0o600) == 0)
    #expect(throws: WeightsError.self) { try Weights(safetensors: folder.path("pipe")) }
  }

  @Test(
    "shipped weights are found in the documented order, and what is missing is said with where it was sought")
  func locator() throws {
    for place in [
      "cache/whyfake/models", "share/whyfake/models", "bin/WhyFake_FaceCrop.resources/Models", "bin",
      "second", "first",
    ] {
      try FileManager.default.createDirectory(atPath: folder.path(place), withIntermediateDirectories: true)
    }
    func find(_ name: String = "x") throws -> String {
      try WeightsLocator.find(
        name, bundledWith: "FaceCrop",
        environment: [
          "WHYFAKE_MODELS": "\(folder.path("first")):\(folder.path("second"))",
          "XDG_CACHE_HOME": folder.path("cache"),
        ], program: folder.path("bin/whyfake"))
    }
    let error = #expect(throws: WeightsError.self) { try find() }
    #expect(error?.problem.contains("WHYFAKE_MODELS") == true)
    #expect(error?.problem.contains(folder.path("second")) == true)
    for place in [
      "cache/whyfake/models", "share/whyfake/models", "bin/WhyFake_FaceCrop.resources/Models", "bin",
      "second", "first",
    ] {
      _ = try folder.write([1], "\(place)/x")
      let found = try URL(fileURLWithPath: find()).standardizedFileURL.path
      #expect(found == URL(fileURLWithPath: folder.path("\(place)/x")).standardizedFileURL.path)
    }
    #expect(try find(folder.path("bin/x")) == folder.path("bin/x"))
    #expect(throws: WeightsError.self) { try find(folder.path("bin/y")) }
  }

  private func safetensors(_ header: String) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
  }
}
