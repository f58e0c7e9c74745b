import Foundation
import Tensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The hashes of files whose authors publish none, as they were when they were first accepted: `pins.json`.
///
/// A later fetch must bring the same file.
struct Pins {
  /// What was accepted.
  struct Pin: Codable, Equatable {
    var sha256: String
    var bytes: Int
    var url: String
  }

  private let folder: String
  private var path: String { "\(folder)/pins.json" }

  init(folder: String) { self.folder = folder }

  /// The hash that the model `name` must have; nil if none was pinned.
  func hash(of name: String) throws(FetchError) -> String? { try read()[name]?.sha256 }

  /// Pins the hash of the model `name`, beside those that are there.
  func pin(_ name: String, _ pin: Pin) throws(FetchError) {
    // Two processes may pin two models at once; the folder is what they lock.
    let lock = open(folder, O_RDONLY | O_CLOEXEC)
    guard lock >= 0 else {
      throw FetchError(.badPins, "\(folder) cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(lock) }
    flock(lock, LOCK_EX)
    var pins = try read()
    pins[name] = pin
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      let text = try encoder.encode(pins)
      try WholeFile.write(path) { writer throws(FileProblem) in try writer.write([UInt8](text) + [0x0a]) }
    } catch {
      throw FetchError(.badPins, "\(path) \((error as? FileProblem)?.text ?? String(describing: error))")
    }
  }

  private func read() throws(FetchError) -> [String: Pin] {
    guard FileManager.default.fileExists(atPath: path) else { return [:] }
    do {
      return try JSONDecoder().decode([String: Pin].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw FetchError(.badPins, "\(path) cannot be read; mend it, or remove it to accept files anew")
    }
  }
}
