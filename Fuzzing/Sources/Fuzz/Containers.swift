// Formats that say how long their parts are make a fuzzer blind: a byte more or less, and nothing but the check of
// the lengths is ever reached. So where the first byte of an input is odd, the lengths are put right. A pickle has
// none; there a byte whose last three bits are set says that what follows is repeated: what takes more memory than it
// should must do so on a scale that shows.

extension Target {
  /// The file that an input stands for.
  func file(from input: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    guard let first = input.first else { return [] }
    let rest = Array(input.dropFirst())
    if self == .pickle && first & 7 != 7 { return Container.torch(pickle: rest) }
    guard first & 1 == 1 else { return rest }
    switch self {
    case .pickle:
      // A beginning of `first / 8` bytes, the rest again and again up to 256 KB, and an end.
      let once = rest.prefix(Int(first / 8))
      let again = rest.dropFirst(once.count).prefix(64)
      let times = again.isEmpty ? 0 : (1 << 18) / again.count
      return Container.torch(
        pickle: once + [[UInt8]](repeating: Array(again), count: times).joined() + [0x2e])
    case .legacy: return rest
    case .zip: return Container.repaired(zip: rest)
    case .safetensors:
      // A header up to the first zero, and numbers.
      let end = rest.firstIndex(of: 0) ?? rest.count
      return Container.little(end, 8) + rest[..<end] + rest[end...].dropFirst()
    case .npy:
      // A header of one line, and numbers.
      let end = (rest.firstIndex(of: 0x0a) ?? rest.count - 1) + 1
      return [0x93] + Array("NUMPY".utf8) + [1, 0] + Container.little(end & 0xffff, 2) + rest
    }
  }
}

enum Container {
  static func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// A PyTorch file with this pickle, and the storages `0` of 16 floats and `1` of 16 halves.
  static func torch(pickle: [UInt8]) -> [UInt8] {
    let entries = [
      ("x/data.pkl", pickle), ("x/data/0", [UInt8](repeating: 1, count: 64)),
      ("x/data/1", [UInt8](repeating: 1, count: 32)),
    ]
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, content) in entries {
      let offset = file.count
      let common =
        little(0, 10) + little(content.count, 4) + little(content.count, 4) + little(name.utf8.count, 2)
      file += [0x50, 0x4b, 3, 4] + little(0, 4) + common + little(0, 2) + Array(name.utf8) + content
      directory +=
        [0x50, 0x4b, 1, 2] + little(0, 6) + common + little(0, 12) + little(offset, 4) + Array(name.utf8)
    }
    return file + directory + end(count: entries.count, size: directory.count, start: file.count)
  }

  static func end(count: Int, size: Int, start: Int) -> [UInt8] {
    [0x50, 0x4b, 5, 6] + little(0, 4) + little(count, 2) + little(count, 2) + little(size, 4)
      + little(start, 4)
      + little(0, 2)
  }

  /// The zip with an end that fits its directory, and a directory that points to its local headers in order.
  static func repaired(zip: [UInt8]) -> [UInt8] {
    func places(_ kind: UInt8, _ other: UInt8) -> [Int] {
      guard zip.count >= 4 else { return [] }
      return (0...(zip.count - 4)).filter {
        zip[$0] == 0x50 && zip[$0 + 1] == 0x4b && zip[$0 + 2] == kind && zip[$0 + 3] == other
      }
    }
    let records = places(1, 2)
    guard let start = records.first else { return zip }
    let stop = (places(6, 6) + places(5, 6)).filter { $0 > start }.min() ?? zip.count
    var file = Array(zip[..<stop])
    for (record, header) in zip2(records, places(3, 4)) where record + 46 <= stop {
      file.replaceSubrange((record + 42)..<(record + 46), with: little(header, 4))
    }
    return file + end(count: records.filter { $0 < stop }.count, size: stop - start, start: start)
  }

  private static func zip2(_ a: [Int], _ b: [Int]) -> Zip2Sequence<[Int], [Int]> { Swift.zip(a, b) }
}
