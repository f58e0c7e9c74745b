#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Output that appears whole or not at all: written beside its place under another name, then renamed.
package struct WholeFile: ~Copyable {
  /// The file to be.
  let path: String
  /// Where it is written until then.
  let temporaryPath: String
  private var isDone = false

  /// Makes the temporary file, empty.
  package init(path: String) throws(VideoError) {
    var info = stat()
    if stat(path, &info) == 0 {
      if info.st_mode & S_IFMT == S_IFDIR { throw VideoError(writing: path, -EISDIR) }
      guard info.st_mode & S_IFMT == S_IFREG else {
        throw VideoError(
          code: .notWritable, message: "this is no regular file; give the name of a file", path: path)
      }
    }
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { path[...$0] } ?? ""
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    guard !name.isEmpty else { throw VideoError(writing: path, -EISDIR) }
    // The name may already be as long as a file system allows.
    let temporary = "\(folder).\(name.prefix(40)).\(String(UInt32.random(in: 0...(.max)), radix: 36)).part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o666)
    guard descriptor >= 0 else { throw VideoError(writing: path, -errno) }
    close(descriptor)
    self.path = path
    temporaryPath = temporary
  }

  deinit { if !isDone { unlink(temporaryPath) } }

  /// Gives the file its name, replacing what had it.
  package consuming func appear() throws(VideoError) {
    guard rename(temporaryPath, path) == 0 else { throw VideoError(writing: path, -errno) }
    isDone = true
  }

  /// Writes `bytes` to the file `path`, whole or not at all.
  package static func write(_ bytes: [UInt8], to path: String) throws(VideoError) {
    let file = try WholeFile(path: path)
    let descriptor = open(file.temporaryPath, O_WRONLY | O_TRUNC)
    guard descriptor >= 0 else { throw VideoError(writing: path, -errno) }
    var failure: Int32 = 0
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty && failure == 0 {
        #if canImport(Darwin)
          let count = Darwin.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        #elseif canImport(Musl)
          let count = Musl.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        #else
          let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        #endif
        if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { failure = errno }
      }
    }
    if close(descriptor) != 0 && failure == 0 { failure = errno }
    guard failure == 0 else { throw VideoError(writing: path, -failure) }
    try file.appear()
  }

  /// All bytes of the file `path`, if it is a regular file of at most `limit` bytes.
  package static func read(_ path: String, limit: Int = .max) throws(VideoError) -> [UInt8] {
    var info = stat()
    guard stat(path, &info) == 0 else { throw VideoError(reading: path, -errno) }
    if info.st_mode & S_IFMT == S_IFDIR { throw VideoError(reading: path, -EISDIR) }
    guard info.st_mode & S_IFMT == S_IFREG else { throw VideoError(reading: path, -ESPIPE) }
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw VideoError(reading: path, -errno) }
    defer { close(descriptor) }
    var failure: Int32 = 0
    let size = min(Int(info.st_size), limit)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = 0
      while count < size {
        #if canImport(Darwin)
          let got = Darwin.read(descriptor, buffer.baseAddress! + count, size - count)
        #elseif canImport(Musl)
          let got = Musl.read(descriptor, buffer.baseAddress! + count, size - count)
        #else
          let got = Glibc.read(descriptor, buffer.baseAddress! + count, size - count)
        #endif
        if got > 0 {
          count += got
        } else if got == 0 {
          return
        } else if errno != EINTR {
          failure = errno
          return
        }
      }
    }
    guard failure == 0 else { throw VideoError(reading: path, -failure) }
    return bytes
  }
}
