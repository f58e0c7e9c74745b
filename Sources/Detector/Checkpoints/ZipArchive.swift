package import Tensor

/// The directory of a zip file whose entries are stored without compression, as PyTorch writes it; zip64 too.
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
  }

  private var records: [String: Record] = [:]
  private let end: Int

  /// The names of the entries.
  package var names: [String] { Array(records.keys) }

  package init(of file: borrowing FileReader) throws(FileProblem) {
    let cutOff = FileProblem("is cut off or damaged: a zip file without its directory; get it again")
    // The end record is the last thing but for a comment of up to 64 KB.
    let tailStart = max(0, file.size - 65_557)
    let tail = try file.bytes(at: tailStart, count: file.size - tailStart)
    guard tail.count >= 22,
      let found = stride(from: tail.count - 22, through: 0, by: -1).first(where: { place in
        tail[place] == 0x50 && tail.number(4, at: place) == 0x0605_4b50
          && place + 22 + tail.number(2, at: place + 20) == tail.count
      })
    else { throw cutOff }
    var count = tail.number(2, at: found + 10)
    var size = tail.number(4, at: found + 12)
    var start = tail.number(4, at: found + 16)
    var end = tailStart + found

    let locator = try end >= 20 ? file.bytes(at: end - 20, count: 20) : []
    if locator.count == 20, locator.number(4, at: 0) == 0x0706_4b50 {
      let place = locator.number(8, at: 8)
      guard place >= 0, place <= end - 20 - 56 else { throw cutOff }
      let record = try file.bytes(at: place, count: 56)
      guard record.number(4, at: 0) == 0x0606_4b50 else { throw cutOff }
      (count, size, start) = (record.number(8, at: 32), record.number(8, at: 40), record.number(8, at: 48))
      end = place
    }
    guard start >= 0, size >= 0, size <= end, start <= end - size, count >= 0, count <= size / 46 else {
      throw cutOff
    }
    self.end = start
    try read(file.bytes(at: start, count: size), count: count)
  }

  private mutating func read(_ directory: [UInt8], count: Int) throws(FileProblem) {
    let damaged = FileProblem("is damaged: its zip directory makes no sense; get it again")
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
      guard records.updateValue(record, forKey: name) == nil else {
        throw FileProblem("is damaged: it has the entry \(quoted(name)) twice")
      }
      place = next
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
    let damaged = FileProblem("is damaged: its entry \(quoted(name)) does not fit in the file; get it again")
    guard record.size == record.packed, record.size >= 0, record.header >= 0, record.header <= end - 30 else {
      throw damaged
    }
    let local = try file.bytes(at: record.header, count: 30)
    guard local.number(4, at: 0) == 0x0403_4b50 else { throw damaged }
    let offset = record.header + 30 + local.number(2, at: 26) + local.number(2, at: 28)
    guard offset <= end, record.size <= end - offset else { throw damaged }
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
