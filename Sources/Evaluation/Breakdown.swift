/// The figures of part of the samples, one part after the other.
public struct Breakdown: Sendable {
  /// What samples are told apart by.
  public enum Dimension: String, Sendable, Hashable, Codable, CaseIterable {
    /// The dataset.
    case dataset
    /// How the fakes were made. The real samples of the same datasets are in each part.
    case method
    /// Side of the face in pixels of the video's frame.
    case faceSide
    /// The compression.
    case compression
  }

  /// One part.
  public struct Part: Sendable {
    /// Such as `Deepfakes`, or `96 to 141 pixels`.
    public let name: String
    /// Its samples.
    public let samples: [ScoredSample]
  }

  /// What samples are told apart by.
  public let dimension: Dimension
  /// By name; of face sides, from small to large. At least two, none empty.
  public let parts: [Part]
  /// Samples of which it is not known, in no part.
  public let unknown: Int

  /// The parts of `samples`; nil where they do not differ or nothing is known.
  ///
  /// - Parameters:
  ///   - edges: where face sides are parted, increasing; a face of exactly an edge belongs above it. Nil: two edges that
  ///     make three parts of as equal numbers as ties allow.
  public init?(_ samples: [ScoredSample], by dimension: Dimension, edges: [Double]? = nil) {
    self.dimension = dimension
    let parts: [Part]
    switch dimension {
    case .dataset: parts = Self.parts(samples, \.dataset)
    case .compression: parts = Self.parts(samples, \.compression)
    case .method:
      let reals = samples.filter { !$0.isFake }
      parts = Self.parts(samples.filter(\.isFake), \.method).map { part in
        let datasets = Set(part.samples.map(\.dataset))
        return Part(name: part.name, samples: part.samples + reals.filter { datasets.contains($0.dataset) })
      }
    case .faceSide: parts = Self.sides(samples, edges)
    }
    guard parts.count > 1 else { return nil }
    self.parts = parts
    unknown =
      switch dimension {
      case .dataset: samples.count { $0.dataset == nil }
      case .method: samples.count { $0.isFake && $0.method == nil }
      case .faceSide: samples.count { $0.faceSide == nil }
      case .compression: samples.count { $0.compression == nil }
      }
  }

  private static func parts(_ samples: [ScoredSample], _ key: (ScoredSample) -> String?) -> [Part] {
    var parts: [String: [ScoredSample]] = [:]
    for sample in samples { if let name = key(sample) { parts[name, default: []].append(sample) } }
    return parts.sorted { $0.key < $1.key }.map { Part(name: $0.key, samples: $0.value) }
  }

  private static func sides(_ samples: [ScoredSample], _ edges: [Double]?) -> [Part] {
    let known = samples.filter { $0.faceSide != nil }
    let sides = known.compactMap(\.faceSide).sorted()
    guard let least = sides.first, let most = sides.last else { return [] }
    let edges = edges ?? [sides[sides.count / 3], sides[2 * sides.count / 3]]
    precondition(
      zip(edges, edges.dropFirst()).allSatisfy { $0 <= $1 }, "Breakdown: edges \(edges) do not increase")
    var parts: [Part] = []
    for (i, (lower, upper)) in zip([-.infinity] + edges, edges + [.infinity]).enumerated() {
      let part = known.filter { ($0.faceSide ?? 0) >= lower && ($0.faceSide ?? 0) < upper }
      if part.isEmpty { continue }
      func shown(_ side: Double) -> String { "\(Int(side.rounded()))" }
      let name =
        i == 0 && !edges.isEmpty
        ? "below \(shown(upper)) pixels"
        : i == edges.count
          ? "\(shown(max(lower, least))) to \(shown(most)) pixels"
          : "\(shown(lower)) to below \(shown(upper)) pixels"
      parts.append(Part(name: name, samples: part))
    }
    return parts
  }
}
