import Foundation
import Tensor
import TestSupport
import Testing

@Suite("NumPy files") struct FilesNPYTests {
  let folder = TemporaryFolder()

  @Test(
    "numpy's versions, types, orders of bytes and of elements are read as the same array",
    arguments: ["f4", "big-f8", "fortran-f2", "version2", "version3"])
  func numpy(name: String) throws {
    #expect(try Tensor(npy: Golden.path("files/\(name).npy")) == ramp(2, 3, 2))
  }

  @Test("integers, truth values and a scalar are read as numbers")
  func others() throws {
    #expect(try Tensor(npy: Golden.path("files/i8.npy")) == Tensor(shape: [5], [-2, -1, 0, 1, 2]))
    #expect(try Tensor(npy: Golden.path("files/b1.npy")) == Tensor(shape: [2], [1, 0]))
    #expect(try Tensor(npy: Golden.path("files/scalar.npy")) == Tensor(0.5))
    #expect(try Tensor(npy: Golden.path("files/u1.npy")).elements == (0..<24).map(Float.init))
  }

  @Test("a clip of bytes is read in either order of elements; other types are refused")
  func bytes() throws {
    let clip = ByteArray(shape: [2, 2, 2, 3], Array(0..<24))
    #expect(try ByteArray(npy: Golden.path("files/u1.npy")) == clip)
    #expect(try ByteArray(npy: Golden.path("files/fortran-u1.npy")) == clip)
    let error = #expect(throws: WeightsError.self) { try ByteArray(npy: Golden.path("files/f4.npy")) }
    #expect(error?.problem.contains("'<f4'") == true)
  }

  @Test("what is written is numpy's bytes, and elements begin at a multiple of 64")
  func written() throws {
    try ramp(2, 3, 2).writeNPY(to: folder.path("ramp.npy"))
    try ByteArray(shape: [2, 2, 2, 3], Array(0..<24)).writeNPY(to: folder.path("clip.npy"))
    #expect(try folder.bytes("ramp.npy") == golden("f4.npy"))
    #expect(try folder.bytes("clip.npy") == golden("u1.npy"))
    for shape in [[], [3], [0, 4]] as [[Int]] {
      let tensor = Tensor(shape: shape, repeating: 0.25)
      try tensor.writeNPY(to: folder.path("x.npy"))
      #expect(try Tensor(npy: folder.path("x.npy")) == tensor)
      #expect(try (folder.bytes("x.npy").count - 4 * tensor.count) % 64 == 0)
    }
    if let kept = ProcessInfo.processInfo.environment["WHYFAKE_KEEP_FILES"] {
      for name in ["ramp.npy", "clip.npy"] {
        try Data(folder.bytes(name)).write(to: URL(fileURLWithPath: "\(kept)/\(name)"))
      }
    }
  }

  @Test(
    "a header that lies is an error that says what is wrong",
    arguments: [
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "takes 12"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "takes 4"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4, 0), }", "the shape"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "a smaller number"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "a whole number"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", "a comma"),
      ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", "True or False"),
      ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "'<c8'"),
      ("{'descr': '<f4', 'shape': (2,), }", "lacks"),
      ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "twice"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", "'x'"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }, 1", "the end"),
      (
        "{'descr': __import__('os').system('touch PWNED'), 'fortran_order': False, 'shape': (2,), }",
        "one array"
      ),
      ("", "should be {"),
    ])
  func lies(header: String, expected: String) throws {
    let length = header.utf8.count
    let bytes =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(header.utf8)
    let path = try folder.write(bytes + [UInt8](repeating: 0, count: 8), "x.npy")
    let error = #expect(throws: WeightsError.self) { try Tensor(npy: path) }
    #expect(error?.problem.contains(expected) == true, "\(error?.problem ?? "")")
  }

  @Test("tables and objects are refused")
  func refused() throws {
    for name in ["table", "objects"] {
      #expect(throws: WeightsError.self) { try Tensor(npy: Golden.path("files/\(name).npy")) }
    }
  }

  @Test("a cut file is an error, and a flipped byte never crashes")
  func fuzz() throws {
    var generator = SplitMix(seed: 2)
    for name in ["version2.npy", "fortran-u1.npy"] {
      let whole = try golden(name)
      for length in 0..<whole.count {
        let path = try folder.write(Array(whole[..<length]), "cut.npy")
        #expect(throws: WeightsError.self) { try Tensor(npy: path) }
      }
      var refused = 0
      for _ in 0..<1000 {
        var bytes = whole
        bytes[Int.random(in: 0..<90, using: &generator)] = .random(in: 0...255, using: &generator)
        let path = try folder.write(bytes, "fuzz.npy")
        do { _ = try Tensor(npy: path) } catch { refused += 1 }
      }
      #expect(refused > 300)
    }
  }

  private func golden(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: Golden.path("files/\(name)"))))
  }
}
