import Detector
import Foundation
import Tensor
import TestSupport

/// Pickles and PyTorch files byte by byte, also such as no program writes.
enum Forge {
  static func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func text(_ text: String) -> [UInt8] { [0x8c, UInt8(text.utf8.count)] + Array(text.utf8) }

  static func number(_ value: Int) -> [UInt8] { [0x8a, 8] + little(value, 8) }

  static func tuple(_ values: [Int]) -> [UInt8] {
    [UInt8(ascii: "(")] + values.flatMap(number) + [UInt8(ascii: "t")]
  }

  /// The opcode that names a function.
  static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

  /// A storage by its key; `view` is what PyTorch before 0.4 wrote for a storage within a storage.
  static func storage(
    _ key: String = "0", type: String = "FloatStorage", count: Int, view: [UInt8]? = nil
  ) -> [UInt8] {
    [UInt8(ascii: "(")] + text("storage") + global("torch", type) + text(key) + text("cpu") + number(count)
      + (view ?? []) + Array("tQ".utf8)
  }

  /// A tensor that looks into a storage.
  static func tensor(
    _ storage: [UInt8], offset: Int = 0, shape: [Int], strides: [Int],
    function: String = "_rebuild_tensor_v2"
  ) -> [UInt8] {
    let hooks =
      function == "_rebuild_tensor" ? [] : [0x89] + global("collections", "OrderedDict") + Array(")R".utf8)
    return global("torch._utils", function) + [UInt8(ascii: "(")] + storage + number(offset) + tuple(shape)
      + tuple(strides) + hooks + Array("tR".utf8)
  }

  /// A pickle of protocol 2.
  static func pickle(_ body: [UInt8]) -> [UInt8] { [0x80, 2] + body + [UInt8(ascii: ".")] }

  /// A dictionary by text; values are bodies of pickles.
  static func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
    Array("}(".utf8) + entries.flatMap { text($0.0) + $0.1 } + Array("u".utf8)
  }

  /// A pickled state dict with one tensor, `w`.
  static func state(count: Int = 2, offset: Int = 0, shape: [Int] = [2], strides: [Int] = [1]) -> [UInt8] {
    pickle(dictionary([("w", tensor(storage(count: count), offset: offset, shape: shape, strides: strides))]))
  }

  /// A state dict whose second value is `value`.
  static func state(with value: [UInt8]) -> [UInt8] {
    pickle(
      dictionary([("w", tensor(storage(count: 2), shape: [2], strides: [1])), ("x", value)]))
  }

  /// The bytes of floats that are all 0.
  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: 4 * count) }

  /// A PyTorch file with this pickle and one storage, `0`.
  static func zip(_ pickle: [UInt8], _ numbers: [UInt8] = zeros(2)) -> [UInt8] {
    ZipForge([("x/data.pkl", pickle), ("x/data/0", numbers)]).bytes
  }

  static let magic: [UInt8] =
    [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, UInt8(ascii: ".")]

  /// A file as PyTorch before 1.6 wrote it.
  static func legacy(
    _ pickle: [UInt8], version: Int = 1001, littleEndian: Bool = true, keys: [String] = ["0"],
    storages: [(count: Int, numbers: [UInt8])] = [(2, zeros(2))]
  ) -> [UInt8] {
    let machine = dictionary([
      ("protocol_version", number(1001)), ("little_endian", [littleEndian ? 0x88 : 0x89]),
      ("type_sizes", dictionary([("int", number(4)), ("long", number(8)), ("short", number(2))])),
    ])
    let list = Array("](".utf8) + keys.flatMap(text) + Array("e".utf8)
    return magic + self.pickle(number(version)) + self.pickle(machine) + pickle + self.pickle(list)
      + storages.flatMap { little($0.count, 8) + $0.numbers }
  }
}

/// A zip file whose parts can be made to lie.
struct ZipForge {
  struct Entry {
    var name: String
    var content: [UInt8]
    /// What the local header says.
    var localName: String
    var localSize: Int
    var localMethod = 0
    var localFlags = 0
    /// What the directory says.
    var size: Int
    var offset: Int?
    var method = 0
    var flags = 0
    /// Extra fields of the directory, such as zip64's.
    var extra: [UInt8] = []
    /// What stands between this entry and the next.
    var after: [UInt8] = []
  }

  var entries: [Entry]
  var prefix: [UInt8] = []
  var comment: [UInt8] = []
  var suffix: [UInt8] = []
  /// How many entries, bytes and at which place the end says that the directory is; nil for the truth.
  var count: Int?
  var directorySize: Int?
  var directoryStart: Int?
  /// Bytes between the directory and the end.
  var gap: [UInt8] = []
  /// What a zip64 end record and its locator say; nil for none.
  var zip64: (count: Int, size: Int, start: Int, place: Int)?

  init(_ entries: [(String, [UInt8])]) {
    self.entries = entries.map {
      Entry(name: $0, content: $1, localName: $0, localSize: $1.count, size: $1.count)
    }
  }

  /// The directory's place and length, were nothing changed.
  var layout: (start: Int, size: Int) {
    let start = entries.reduce(prefix.count) {
      $0 + 30 + $1.localName.utf8.count + $1.content.count + $1.after.count
    }
    return (start, entries.reduce(0) { $0 + 46 + $1.name.utf8.count + $1.extra.count })
  }

  var bytes: [UInt8] {
    var (file, directory): ([UInt8], [UInt8]) = (prefix, [])
    func common(_ flags: Int, _ method: Int, _ size: Int, _ name: String) -> [UInt8] {
      Forge.little(flags, 2) + Forge.little(method, 2) + Forge.little(0, 8) + Forge.little(size, 4)
        + Forge.little(size, 4) + Forge.little(name.utf8.count, 2)
    }
    for entry in entries {
      let offset = entry.offset ?? file.count
      file += [0x50, 0x4b, 3, 4] + Forge.little(0, 2)
      file += common(entry.localFlags, entry.localMethod, entry.localSize, entry.localName)
      file += Forge.little(0, 2) + Array(entry.localName.utf8) + entry.content + entry.after
      directory += [0x50, 0x4b, 1, 2] + Forge.little(0, 4)
      directory += common(entry.flags, entry.method, entry.size, entry.name)
      directory += Forge.little(entry.extra.count, 2) + Forge.little(0, 10) + Forge.little(offset, 4)
      directory += Array(entry.name.utf8) + entry.extra
    }
    let (start, size, number) = (
      directoryStart ?? file.count, directorySize ?? directory.count, count ?? entries.count
    )
    var end = directory + gap
    if let zip64 {
      end += [0x50, 0x4b, 6, 6] + Forge.little(44, 8) + Forge.little(0, 12) + Forge.little(zip64.count, 8)
      end += Forge.little(zip64.count, 8) + Forge.little(zip64.size, 8) + Forge.little(zip64.start, 8)
      end += [0x50, 0x4b, 6, 7] + Forge.little(0, 4) + Forge.little(zip64.place, 8) + Forge.little(1, 4)
    }
    end += [0x50, 0x4b, 5, 6] + Forge.little(0, 4) + Forge.little(number, 2) + Forge.little(number, 2)
    end += Forge.little(size, 4) + Forge.little(start, 4) + Forge.little(comment.count, 2) + comment
    return file + end + suffix
  }
}

/// What `Checkpoint.load` complains of; empty if it does not.
func problem(_ path: String, key: String? = nil) -> String {
  do {
    _ = try Checkpoint.load(path, key: key)
    return ""
  } catch { return error.problem }
}

/// The bytes of a file of `Tests/Golden/files`.
func goldenFile(_ name: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: URL(fileURLWithPath: Golden.path("files/\(name)"))))
}

/// Whether `text` is one line that a person can read.
func isOneLine(_ text: String) -> Bool {
  !text.isEmpty && text.count < 1000 && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
}
