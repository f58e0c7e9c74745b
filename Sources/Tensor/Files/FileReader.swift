#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file open for reading at given offsets; its size was asked for once, and nothing is read beyond it.
///
/// Plain reads, not a mapping: a file that shrinks while it is read is then an error and not a signal.
package struct FileReader: ~Copyable {
  private let descriptor: Int32
  /// Its length in bytes.
  package let size: Int

  package init(_ path: String) throws(FileProblem) {
    // Not blocking, so that opening a pipe that nobody writes to returns.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system("cannot be opened", errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .system("cannot be read", code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileProblem("is not a file; give the path of a file")
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes at `offset`.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
    guard offset >= 0, buffer.count <= size, offset <= size - buffer.count else {
      throw FileProblem("ends before byte \(offset) + \(buffer.count); get it again")
    }
    var done = 0
    while done < buffer.count {
      let got = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      if got < 0 { throw .system("cannot be read", errno) }
      if got == 0 { throw FileProblem("became shorter while it was read; try again") }
      done += got
    }
  }

  /// The bytes at `offset`.
  package func bytes(at offset: Int, count: Int) throws(FileProblem) -> [UInt8] {
    guard count >= 0, offset >= 0, count <= size, offset <= size - count else {
      throw FileProblem("ends before byte \(offset) + \(count); get it again")
    }
    try FileProblem.checkMemory(count)
    var bytes = [UInt8](repeating: 0, count: count)
    var problem: FileProblem?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(FileProblem) { try read(at: offset, into: buffer) } catch { problem = error }
    }
    if let problem { throw problem }
    return bytes
  }

  /// Writes `count` numbers stored as `type` at `offset` to `floats`, half a megabyte at a time: nothing is
  /// held twice.
  package func read(
    _ type: ElementType, at offset: Int, count: Int, to floats: UnsafeMutablePointer<Float>,
    bigEndian: Bool = false
  ) throws(FileProblem) {
    if type == .float32 && !bigEndian {
      return try read(at: offset, into: UnsafeMutableRawBufferPointer(start: floats, count: count * 4))
    }
    let step = min(count, 1 << 16)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(step, 1) * type.size, alignment: 16)
    defer { buffer.deallocate() }
    var done = 0
    while done < count {
      let n = min(step, count - done)
      let chunk = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(n * type.size)])
      try read(at: offset + done * type.size, into: chunk)
      if bigEndian { type.swapBytes(chunk) }
      type.decode(UnsafeRawBufferPointer(chunk), count: n, to: floats + done)
      done += n
    }
  }
}

func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
