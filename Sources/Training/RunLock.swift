import Foundation

/// Holds a run's folder, so that no other process trains in it; given back with the process, however it ends.
final class RunLock: Sendable {
  /// The lock's file, which stays: removing it would let a third process lock another one of its name.
  static let name = ".lock"
  private let descriptor: Int32

  /// - Throws: ``TrainingError`` where somebody else holds the folder.
  init(_ folder: String) throws(TrainingError) {
    descriptor = open("\(folder)/\(Self.name)", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw TrainingError(.file, "cannot be written", path: folder) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw TrainingError(
        .badRun, "is being trained in by another process; stop that, or give another folder", path: folder)
    }
  }

  deinit { close(descriptor) }
}
