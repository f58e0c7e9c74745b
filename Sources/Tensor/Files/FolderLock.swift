#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Keeps other processes that ask for the same out of a folder while it lives; the system lets go of it when the process
/// ends, however it ends.
package final class FolderLock: Sendable {
  /// The lock's file, which stays: removing it would let a third process lock another one of its name.
  package static let fileName = ".lock"
  private let descriptor: Int32

  /// Locks `folder`; nil where somebody else holds it.
  package init?(_ folder: String) throws(FileProblem) {
    descriptor = open("\(folder)/\(Self.fileName)", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("cannot be written to", errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw .system("cannot be locked", code)
    }
  }

  deinit { close(descriptor) }
}
