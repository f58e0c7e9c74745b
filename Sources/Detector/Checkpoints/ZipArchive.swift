package import Tensor

/// The directory of a zip file whose entries are stored without compression, as PyTorch writes it; zip64 too.
///
/// Zip readers disagree about files that contradict themselves, and attacks live on that. This one takes only what
/// says the same everywhere: a directory that ends where the end record begins, no comment, no name twice, no two
/// entries at one place, local headers that agree with the directory.
package struct ZipArchive {
  /// Where an entry's bytes are in the file.
  package struct Entry {
    package var offset: Int
    package var size: Int
  }

  private struct Record {
    var header: Int
    var size: Int
    var packed: Int
    var method: Int
    var flags: Int
    /// Where the next entry, or the directory, begins.
    var next = 0
  }

  private static let directoryLimit = 16 << 20

  private var records: [String: Record] = [:]

  /// The names of the entries.
  package var names: some Sequence<String> { records.keys }

  /// Reads the directory; what it keeps is charged to `budget`.
  package init(of file: borrowing FileReader, _ budget: inout MemoryBudget) throws(FileProblem) {
    let cutOff = FileProblem("is cut off or damaged: a zip file without its directory; get it again")
    guard file.size >= 22 else { throw cutOff }
    var end = file.size - 22
    let last = try file.bytes(at: end, count: 22)
    guard last.number(4, at: 0) == 0x0605_4b50, last.number(2, at: 20) == 0 else { throw cutOff }
    var count = last.number(2, at: 10)
    var size = last.number(4, at: 12)
    var start = last.number(4, at: 16)
    var disks = [last.number(2, at: 4), last.number(2, at: 6), last.number(2, at: 8) - count]

    let locator = try end >= 76 ? file.bytes(at: end - 20, count: 20) : []
    if locator.count == 20, locator.number(4, at: 0) == 0x0706_4b50 {
      let record = try file.bytes(at: end - 76, count: 56)
      guard record.number(4, at: 0) == 0x0606_4b50, locator.number(8, at: 8) == end - 76,
        record.number(8, at: 4) == 44
      else { throw cutOff }
      // Numbers that fit are in both records.
      let wide = [record.number(8, at: 32), record.number(8, at: 40), record.number(8, at: 48)]
      guard count == wide[0] || count == 0xffff, size == wide[1] || size == 0xffff_ffff,
        start == wide[2] || start == 0xffff_ffff
      else { throw cutOff }
      (count, size, start) = (wide[0], wide[1], wide[2])
      disks = [record.number(4, at: 16), record.number(4, at: 20), record.number(8, at: 24) &- count]
      end -= 76
    }
    guard start >= 0, size >= 0, size <= end, start == end - size, count >= 0, count <= size / 46,
      disks == [0, 0, 0]
    else { throw cutOff }
    guard size <= ZipArchive.directoryLimit else {
      throw FileProblem("has a zip directory of \(size >> 20) MB; save only the state_dict()")
    }
    try budget.charge(size + 256 * count)
    try read(file.bytes(at: start, count: size), count: count, end: start)
    budget.release(size)
  }

  private mutating func read(_ directory: [UInt8], count: Int, end: Int) throws(FileProblem) {
    let damaged = FileProblem("is damaged: its zip directory makes no sense; get it again")
    records.reserveCapacity(count)
    var places: [(header: Int, end: Int, name: String)] = []
    places.reserveCapacity(count)
    var place = 0
    for _ in 0..<count {
      guard place + 46 <= directory.count, directory.number(4, at: place) == 0x0201_4b50 else {
        throw damaged
      }
      let nameEnd = place + 46 + directory.number(2, at: place + 28)
      let extraEnd = nameEnd + directory.number(2, at: place + 30)
      let next = extraEnd + directory.number(2, at: place + 32)
      guard next <= directory.count,
        let name = String(validating: directory[(place + 46)..<nameEnd], as: UTF8.self)
      else { throw damaged }
      var record = Record(
        header: directory.number(4, at: place + 42), size: directory.number(4, at: place + 24),
        packed: directory.number(4, at: place + 20), method: directory.number(2, at: place + 10),
        flags: directory.number(2, at: place + 8))
      var extra = nameEnd
      while extra + 4 <= extraEnd {
        let fieldEnd = extra + 4 + directory.number(2, at: extra + 2)
        guard fieldEnd <= extraEnd else { throw damaged }
        if directory.number(2, at: extra) == 1 {
          // Zip64: those of the three numbers that do not fit in 32 bits, in this order.
          var field = extra + 4
          for part in [\Record.size, \.packed, \.header] where record[keyPath: part] == 0xffff_ffff {
            guard field + 8 <= fieldEnd else { throw damaged }
            record[keyPath: part] = directory.number(8, at: field)
            field += 8
          }
        }
        extra = fieldEnd
      }
      guard record.header >= 0, record.packed >= 0, record.size >= 0, record.header <= end - 30,
        record.packed <= end - 30 - record.header
      else {
        throw FileProblem("is damaged: its entry \(quoted(name)) does not fit in the file; get it again")
      }
      guard !name.hasPrefix("/"), !name.split(separator: "/").contains(".."), !name.contains("\\") else {
        throw FileProblem(
          "has the entry \(quoted(name)), which PyTorch does not write; save it with torch.save")
      }
      guard records.updateValue(record, forKey: name) == nil else {
        throw FileProblem("is damaged: it has the entry \(quoted(name)) twice")
      }
      places.append((record.header, record.header + 30 + name.utf8.count + record.packed, name))
      place = next
    }
    guard place == directory.count else { throw damaged }
    places.sort { $0.header < $1.header }
    for i in places.indices {
      let next = i + 1 < places.count ? places[i + 1].header : end
      guard places[i].end <= next else {
        throw FileProblem(
          "is damaged: its entry \(quoted(places[i].name)) overlaps what follows; get it again")
      }
      records[places[i].name]!.next = next
    }
  }

  /// Where the bytes of the entry called `name` are; nil if there is none.
  package func entry(_ name: String, in file: borrowing FileReader) throws(FileProblem) -> Entry? {
    guard let record = records[name] else { return nil }
    guard record.flags & 1 == 0, record.method == 0 else {
      throw FileProblem(
        "has the compressed or encrypted entry \(quoted(name)), which PyTorch does not write; "
          + "save it with torch.save"
      )
    }
    let damaged = FileProblem("is damaged: its entry \(quoted(name)) contradicts itself; get it again")
    let nameCount = name.utf8.count
    guard record.size == record.packed, record.next - record.header >= 30 + nameCount else { throw damaged }
    let local = try file.bytes(at: record.header, count: 30 + nameCount)
    // With bit 3 the sizes follow the bytes, and the header may have zeros.
    let follows = record.flags & 8 != 0
    for (place, size) in [(18, record.packed), (22, record.size)] {
      let here = local.number(4, at: place)
      guard here == size || here == 0xffff_ffff || (follows && here == 0) else { throw damaged }
    }
    guard local.number(4, at: 0) == 0x0403_4b50, local.number(2, at: 6) == record.flags,
      local.number(2, at: 8) == record.method, local.number(2, at: 26) == nameCount,
      local[30...].elementsEqual(name.utf8)
    else { throw damaged }
    let offset = record.header + 30 + nameCount + local.number(2, at: 28)
    guard offset <= record.next, record.size <= record.next - offset else { throw damaged }
    return Entry(offset: offset, size: record.size)
  }
}

extension [UInt8] {
  /// The little-endian number in `size` bytes at `place`; negative if it takes all 64 bits.
  func number(_ size: Int, at place: Int) -> Int {
    var value: UInt64 = 0
    for i in (0..<size).reversed() { value = value << 8 | UInt64(self[place + i]) }
    return Int(truncatingIfNeeded: value)
  }
}
