/// Named tensors and what is said about them: the content of a file of weights.
public struct Weights: Sendable, Equatable {
  /// The tensors by name.
  public var tensors: [String: Tensor]
  /// What the file says about them: provenance, architecture and the like.
  public var metadata: [String: String]
  /// Names of tensors that the file has and that were left out, because they hold integers or truth values:
  /// counters such as BatchNorm's `num_batches_tracked`. Sorted.
  public var ignored: [String]

  /// Weights from their parts.
  public init(_ tensors: [String: Tensor], metadata: [String: String] = [:], ignored: [String] = []) {
    self.tensors = tensors
    self.metadata = metadata
    self.ignored = ignored
  }

  /// The names of the tensors, sorted.
  public var names: [String] { tensors.keys.sorted() }

  /// The tensor of that name, if there is one.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set { tensors[name] = newValue }
  }

  /// How ``writeSafetensors(to:precision:)`` stores numbers.
  public enum Precision: Sendable, CaseIterable {
    /// All in 32 bits: exact.
    case float32
    /// IEEE halves (11 significant bits, up to 65504); tensors of fewer than two dimensions (biases,
    /// normalisation) stay in 32 bits.
    case float16
    /// bfloat16 (8 significant bits, the range of `Float`); tensors of fewer than two dimensions stay in 32
    /// bits.
    case bfloat16
  }
}
