#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears whole or not at all: written beside its place under another name, then moved there.
package enum WholeFile {
  /// Takes what is written, in order.
  package struct Writer: ~Copyable {
    fileprivate let descriptor: Int32

    /// Writes the bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileProblem) {
      var done = 0
      while done < bytes.count {
        #if canImport(Darwin)
          let wrote = Darwin.write(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30))
        #elseif canImport(Musl)
          let wrote = Musl.write(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30))
        #else
          let wrote = Glibc.write(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30))
        #endif
        if wrote < 0 && errno == EINTR { continue }
        if wrote < 0 { throw .system("cannot be written", errno) }
        done += wrote
      }
    }

    /// Writes the bytes.
    package func write(_ bytes: [UInt8]) throws(FileProblem) {
      var problem: FileProblem?
      bytes.withUnsafeBytes { buffer in
        do throws(FileProblem) { try write(buffer) } catch { problem = error }
      }
      if let problem { throw problem }
    }
  }

  /// Writes `path` by `body`. If it throws, `path` is as it was and nothing else is left.
  package static func write(
    _ path: String, _ body: (borrowing Writer) throws(FileProblem) -> Void
  ) throws(FileProblem) {
    let temporary = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 36)).partial"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("cannot be written", errno) }
    do throws(FileProblem) {
      try body(Writer(descriptor: descriptor))
      guard fsync(descriptor) == 0 else { throw .system("cannot be written", errno) }
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    guard close(descriptor) == 0, rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw .system("cannot be written", code)
    }
  }
}
