public import Foundation
public import Tensor

/// A folder of its own for one test, removed with it.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let url: URL

  /// Makes the folder.
  public init() {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("whyfake-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of `name` in it.
  public func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// The names in it, sorted.
  public func names() -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }

  /// The bytes of a file in it.
  public func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: url.appendingPathComponent(name)))
  }

  /// Writes a file in it and gives its path.
  public func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: url.appendingPathComponent(name))
    return path(name)
  }
}

/// A tensor whose element i is (i − 3) / 4: what the golden files of `Tests/Golden/files` hold.
public func ramp(_ shape: Int...) -> Tensor {
  Tensor(shape: shape, (0..<shape.reduce(1, *)).map { Float($0 - 3) / 4 })
}
