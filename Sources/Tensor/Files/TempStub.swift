public struct Weights: Sendable {
  public enum Precision: Sendable { case float16 }
  public var tensors: [String: Tensor]
  public var metadata: [String: String]
  public init(_ t: [String: Tensor], metadata: [String: String] = [:]) {
    tensors = t; self.metadata = metadata
  }
  public func writeSafetensors(to path: String, precision: Precision) throws {}
}
public enum WeightsLocator {
  public static func find(_ n: String, bundledWith: String) throws -> String { n }
}
