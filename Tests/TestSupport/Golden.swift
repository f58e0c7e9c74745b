import Foundation
public import Tensor
public import Testing

/// The reference numbers in `Tests/Golden`, each made by the script that stands beside it.
public enum Golden {
  /// Where the file `name`, such as `efficientnet/face.png`, is.
  public static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/\(name)").path
  }

  /// The tensors of a safetensors file.
  public static func tensors(_ name: String) throws -> [String: Tensor] {
    try Weights(safetensors: path(name)).tensors
  }
}

/// Expects `values` to be within `tolerance` · `peak` of `reference`, and prints the largest difference as a share of
/// `peak` (by default the largest magnitude of `reference`, which must not be 0).
public func expectClose(
  _ values: [Float], _ reference: [Float], within tolerance: Float, of peak: Float? = nil, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let peak = peak ?? reference.map(abs).max() ?? 0
  guard values.count == reference.count, peak > 0 else {
    Issue.record(
      "\(what): \(values.count) values, \(reference.count) references, peak \(peak)",
      sourceLocation: sourceLocation)
    return
  }
  let largest = zip(values, reference).map { abs($0 - $1) }.max() ?? 0
  print("\(what): largest difference \(largest / peak) of the peak")
  #expect(
    largest <= tolerance * peak && values.allSatisfy(\.isFinite), "\(what)", sourceLocation: sourceLocation)
}
