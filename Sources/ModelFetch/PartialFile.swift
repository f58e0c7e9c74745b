import Foundation
import Tensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What has come of a file so far, in `<file>.partial`, and in `<file>.partial.json` what it is a part of.
///
/// It is locked as long as the object lives: two processes never write to one file. It outlives the process, so that
/// the next one can go on.
final class PartialFile: Sendable {
  /// What is needed to go on: only the same version of the same file may be continued.
  struct Note: Codable, Equatable, Sendable {
    /// The address that was asked.
    var url: String
    /// The version, as `If-Range` takes it: a strong entity tag or a date.
    var validator: String?
    /// The length of the whole file.
    var total: Int?
  }

  private let path: String
  private let descriptor: Int32
  private var notePath: String { "\(path).json" }

  /// Opens and locks the partial file for the file `path`, empty if there was none.
  init(for path: String) throws(FetchError) {
    self.path = "\(path).partial"
    while true {
      let descriptor = open(self.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o666)
      guard descriptor >= 0 else { throw PartialFile.failure("\(path).partial cannot be written", errno) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        close(descriptor)
        guard code == EWOULDBLOCK else { throw PartialFile.failure("\(path).partial cannot be locked", code) }
        throw FetchError(.busy, "another process is fetching it; wait for it to end")
      }
      // Whoever had the lock before may have moved the file to its place.
      var (opened, named) = (stat(), stat())
      if fstat(descriptor, &opened) == 0, lstat(self.path, &named) == 0, opened.st_ino == named.st_ino,
        opened.st_dev == named.st_dev
      {
        self.descriptor = descriptor
        return
      }
      close(descriptor)
    }
  }

  // Unlocked by itself: a process that is being started at this moment may hold a copy of the descriptor.
  deinit {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// The number of bytes that are there.
  var size: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// What it is a part of; nil if that is not known.
  var note: Note? {
    guard let data = FileManager.default.contents(atPath: notePath), data.count < 1 << 16 else { return nil }
    return try? JSONDecoder().decode(Note.self, from: data)
  }

  /// Drops all bytes, and notes what is to come; nil: nothing is known of it.
  func begin(_ note: Note?) throws(FetchError) {
    unlink(notePath)
    guard ftruncate(descriptor, 0) == 0 else { throw PartialFile.failure("\(path) cannot be emptied", errno) }
    guard let note, let text = try? JSONEncoder().encode(note) else { return }
    do throws(FileProblem) {
      try WholeFile.write(notePath) { writer throws(FileProblem) in try writer.write([UInt8](text)) }
    } catch {
      throw FetchError(.cannotWrite, "\(notePath) \(error.text)")
    }
  }

  /// Adds bytes at the end. What was written stays, whatever happens.
  func append(_ data: Data) throws(FetchError) {
    var code: Int32 = 0
    data.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress!, rest.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          code = errno
          return
        }
      }
    }
    guard code == 0 else {
      let text = String(cString: strerror(code))
      throw FetchError(
        .cannotWrite,
        "cannot write \(path): \(text); make room and run it again, what has come so far is kept")
    }
  }

  /// The SHA-256 of what is there.
  func digest() throws -> String { try SHA256.digest(ofFile: path) { try Task.checkCancellation() } }

  /// Gives the whole file its name, for good.
  func appear(as final: String) throws(FetchError) {
    guard fsync(descriptor) == 0, rename(path, final) == 0 else {
      throw PartialFile.failure("\(final) cannot be written", errno)
    }
    unlink(notePath)
    let folder = open((final as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Removes it.
  func remove() {
    unlink(notePath)
    unlink(path)
  }

  private static func failure(_ what: String, _ code: Int32) -> FetchError {
    FetchError(.cannotWrite, "\(what): \(String(cString: strerror(code)))")
  }
}
