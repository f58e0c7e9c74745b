package import Tensor

/// The bytes of a pickle, read from its file through a window: a pickle does not say how long it is, and what follows
/// it may be large.
package struct PickleSource: ~Copyable {
  private let file: FileReader
  private let end: Int
  private var window: [UInt8] = []
  private var windowStart: Int
  private var next = 0

  /// The bytes `range` of `file`.
  package init(_ file: consuming FileReader, _ range: Range<Int>) {
    windowStart = range.lowerBound
    end = min(range.upperBound, file.size)
    self.file = file
  }

  /// Where in the file the next byte is.
  package var position: Int { windowStart + next }

  /// Gives the file back.
  package consuming func finish() -> FileReader { file }

  /// A problem that says where it was found.
  func damaged(_ what: String) -> FileProblem {
    FileProblem("is damaged: the pickle in it \(what) at byte \(position); get it again")
  }

  /// The next byte.
  mutating func byte() throws(FileProblem) -> UInt8 {
    if next == window.count { try refill() }
    let byte = window[next]
    next += 1
    return byte
  }

  private mutating func refill() throws(FileProblem) {
    let start = position
    guard start < end else { throw damaged("ends too early") }
    window = []
    window = try file.bytes(at: start, count: min(end - start, 1 << 16))
    windowStart = start
    next = 0
  }

  /// The little-endian number in the next `size` bytes; a negative one is an error.
  mutating func number(_ size: Int) throws(FileProblem) -> Int {
    var value: UInt64 = 0
    for i in 0..<size { value |= UInt64(try byte()) << (8 * i) }
    guard let number = Int(exactly: value) else { throw damaged("ends too early") }
    return number
  }

  /// Passes over `count` bytes, which must be there.
  mutating func skip(_ count: Int) throws(FileProblem) {
    guard count <= end - position else { throw damaged("ends too early") }
    if count <= window.count - next {
      next += count
    } else {
      windowStart = position + count
      window = []
      next = 0
    }
  }

  /// The next `count` bytes; few.
  mutating func bytes(_ count: Int) throws(FileProblem) -> [UInt8] {
    guard count <= end - position else { throw damaged("ends too early") }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      if next == window.count { try refill() }
      let n = min(count - bytes.count, window.count - next)
      bytes += window[next..<(next + n)]
      next += n
    }
    return bytes
  }

  /// The text up to the end of the line, without it; of at most 255 bytes.
  mutating func line() throws(FileProblem) -> String {
    var line: [UInt8] = []
    while true {
      let byte = try byte()
      if byte == 0x0a { return String(decoding: line, as: UTF8.self) }
      guard line.count < 255 else { throw damaged("has a name of more than 255 bytes") }
      line.append(byte)
    }
  }
}
