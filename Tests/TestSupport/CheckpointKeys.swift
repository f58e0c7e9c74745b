import Foundation
public import Tensor
import Testing

/// The tensors of one format of checkpoints, in order, as `Tests/Golden/checkpoints/keys.json` lists them.
public struct CheckpointKeys {
  /// The file's names, their shapes, and the names that they are seeded by.
  public var keys: [(name: String, shape: [Int], seed: String)] = []

  /// The tensors of `format`, such as `SBI b4`.
  public static func read(_ format: String) throws -> CheckpointKeys {
    let url = URL(fileURLWithPath: Golden.path("checkpoints/keys.json"))
    let all = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    let trunks = try #require(all["trunks"] as? [String: [[Any]]])
    let formats = try #require(all["formats"] as? [String: [String: Any]])
    let entry = try #require(formats[format])
    let names = entry["names"] as? [Any]
    var result = CheckpointKeys()
    for (i, key) in try #require(entry["keys"] as? [Any]).enumerated() {
      if let run = key as? [String: String] {
        for pair in try #require(trunks[run["trunk"]!]) {
          let name = try #require(pair[0] as? String)
          result.keys.append((run["prefix"]! + name, try #require(pair[1] as? [Int]), name))
        }
      } else {
        let pair = try #require(key as? [Any])
        let name = try #require(pair[0] as? String)
        let seed = (names?[i] as? String) ?? Self.withoutPrefixes(name)
        result.keys.append((name, try #require(pair[1] as? [Int]), seed))
      }
    }
    return result
  }

  /// Seeded tensors under the file's names; counters are left out, as are integers of a real file.
  public func tensors() -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (name, shape, seed) in keys where !name.hasSuffix("num_batches_tracked") {
      tensors[name] = Tensor.seededParameter(seed, shape)
    }
    return tensors
  }

  private static func withoutPrefixes(_ name: String) -> String {
    ["feat_ext.", "efficientnet.", "module.", "backbone.", "net."].reduce(name) {
      $0.hasPrefix($1) ? String($0.dropFirst($1.count)) : $0
    }
  }
}
