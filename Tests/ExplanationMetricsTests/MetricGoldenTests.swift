import ExplanationMetrics
import Explainers
import Foundation
import Tensor
import TestSupport
import Testing

/// Maps, masks and pairs that `Tests/Golden/metrics/make.py` draws too.
enum DrawnMaps {
  static func uniform(_ seed: Int, _ count: Int) -> [Double] {
    var generator = SplitMix(seed: UInt64(seed))
    return (0..<count).map { _ in generator.uniform() }
  }

  /// A map of 1 to 5 frames of side 8 to 40; a third of the maps is mostly zeros, a third has few levels.
  static func relevance(_ seed: Int) throws -> RelevanceMap {
    let (frames, side) = (1 + seed % 5, 8 + seed * 7 % 33)
    let area = side * side
    let values = uniform(seed, frames * area).enumerated().map { i, u -> Float in
      if seed % 11 == 4, i / area == frames - 1 { return 0.5 }
      if seed % 7 == 3, i < area { return 0 }
      switch seed % 3 {
      case 1: return u < 0.7 ? 0 : Float(u)
      case 2: return Float(min(1, (u * 5).rounded(.down) / 4))
      default: return Float(u)
      }
    }
    return try RelevanceMap(values: Tensor(shape: [frames, side, side], values))
  }

  /// A disc, the place of which is drawn; every ninth mask is empty.
  static func mask(_ seed: Int, frames: Int, side: Int) throws -> ManipulationMask {
    let place = uniform(seed + 1_000_000, 2).map { $0 * Double(side) }
    let disc = (0..<(side * side)).map { i -> Bool in
      let (x, y) = (Double(i % side) + 0.5 - place[0], Double(i / side) + 0.5 - place[1])
      return seed % 9 != 5 && x * x + y * y < Double(side * side) / 16
    }
    return try ManipulationMask((0..<frames).flatMap { _ in disc }, frames: frames, size: side)
  }

  static let metrics: [any ExplanationMetric] = [
    Intensity(), Variance(), InterFrameConsistency(), IntraFrameConsistency(), Centredness(), PointingGame(),
    RelevanceMass(), RankAccuracy(), MaskAUC(),
  ]
}

@Suite("Metrics of a map and of a map with a mask")
struct MetricGoldenTests {
  private struct Golden: Decodable {
    struct Figure: Decodable {
      let value: Double?
      let terms: Int
    }
    let random: [[String: Figure]]
    let pairs: [[String: Double?]]
  }

  private func check(
    _ map: RelevanceMap, _ mask: ManipulationMask, _ expected: [String: Golden.Figure], _ what: String
  ) throws {
    #expect(expected.count == DrawnMaps.metrics.count)
    for metric in DrawnMaps.metrics {
      let found = try metric.measure(MetricSubject(map, mask: mask))
      let reference = try #require(expected[metric.name])
      #expect(found.terms == reference.terms, "\(metric.name) of \(what)")
      #expect((found.value == nil) == (found.reason != nil))
      guard let value = found.value, let other = reference.value else {
        #expect(found.value == nil && reference.value == nil, "\(metric.name) of \(what)")
        continue
      }
      #expect(abs(value - other) <= 1e-5, "\(metric.name) of \(what): \(value), not \(other)")
      #expect(metric.range.contains(value))
    }
  }

  @Test("agree with NumPy, SciPy and scikit-learn on 200 drawn maps to 1e-5, and in what is undefined")
  func random() throws {
    let golden = try JSONDecoder().decode(
      Golden.self,
      from: Data(contentsOf: URL(fileURLWithPath: TestSupport.Golden.path("metrics/metrics.json"))))
    #expect(golden.random.count == 200)
    for (seed, expected) in golden.random.enumerated() {
      let map = try DrawnMaps.relevance(seed)
      let (frames, side) = (map.values.shape[0], map.values.shape[1])
      try check(map, DrawnMaps.mask(seed, frames: frames, side: side), expected, "map \(seed)")
    }
  }

  @Test("agree on 20 maps of real videos")
  func real() throws {
    let bytes = try ByteArray(npy: TestSupport.Golden.path("metrics/real.npy"))
    let expected = try JSONDecoder().decode(
      [[String: Golden.Figure]].self,
      from: Data(contentsOf: URL(fileURLWithPath: TestSupport.Golden.path("metrics/real.json"))))
    let (frames, side) = (bytes.shape[1], bytes.shape[2])
    #expect(bytes.shape[0] == 20 && expected.count == 20)
    for (i, expected) in expected.enumerated() {
      let count = frames * side * side
      let values = bytes.elements[(i * count)..<((i + 1) * count)].map { Float($0) / 255 }
      try check(
        RelevanceMap(values: Tensor(shape: [frames, side, side], values)),
        DrawnMaps.mask(i, frames: frames, side: side), expected, "real map \(i)")
    }
  }

  @Test("rank correlations agree with SciPy to 1e-10")
  func agreement() throws {
    let golden = try JSONDecoder().decode(
      Golden.self,
      from: Data(contentsOf: URL(fileURLWithPath: TestSupport.Golden.path("metrics/metrics.json"))))
    #expect(golden.pairs.count == 20)
    for (seed, expected) in golden.pairs.enumerated() {
      var maps = (0..<2).map { DrawnMaps.uniform(2_000_000 + 2 * seed + $0, 288) }
      if seed % 2 == 1 { maps = maps.map { $0.map { ($0 * 6).rounded(.down) / 6 } } }
      if seed % 4 < 2 { maps[1] = zip(maps[0], maps[1]).map { 0.5 * ($0 + $1) } }
      let relevances = try maps.map {
        try RelevanceMap(values: Tensor(shape: [2, 12, 12], $0.map(Float.init)))
      }
      let found = try #require(try Agreement(relevances[0], relevances[1]).rankCorrelation)
      let reference = try #require(expected["spearman"] ?? nil)
      #expect(abs(found - reference) < 1e-10)
    }
  }
}

@Suite("Closed forms of metrics")
struct MetricClosedFormTests {
  private func plane(_ side: Int, _ value: (Int, Int) -> Float) throws -> RelevanceMap {
    try map(1, side) { _, y, x in value(y, x) }
  }

  @Test("an impulse has intensity 1/S² and variance 1/S² − 1/S⁴, and no neighbour")
  func impulse() throws {
    let found = MapMetrics(try plane(20) { y, x in y == 9 && x == 10 ? 1 : 0 })
    let share = 1.0 / 400
    #expect(abs(found.intensity - share) < 1e-12)
    #expect(abs(found.variance - (share - share * share)) < 1e-12)
    // Σ over the overlap of (M − m)(M' − m) / Σ (M − m)²: two impulses' cross terms and the constant's.
    let overlap = 20.0 * 18
    let expected = (overlap * share * share - 2 * share) / (1 - share)
    #expect(abs(found.intraFrameConsistency! - expected) < 1e-9)
    #expect(found.centredness == 1 && found.interFrameConsistency == nil)
  }

  @Test("half a plane of ones has μ = ½ and the largest variance")
  func halfPlane() throws {
    let found = MapMetrics(try plane(30) { y, _ in y < 15 ? 1 : 0 })
    #expect(abs(found.centredness! - 0.5) < 1e-12 && abs(found.variance - 0.25) < 1e-12)
  }

  @Test("a checkerboard of period two is against itself for odd shifts, with itself for even ones")
  func checkerboard() throws {
    for (side, shift) in [(30, 3), (20, 2)] {
      let found = MapMetrics(try plane(side) { y, x in (x + y) % 2 == 0 ? 1 : 0 })
      let expected = (shift % 2 == 0 ? 1.0 : -1.0) * Double(side - shift) / Double(side)
      #expect(abs(found.intraFrameConsistency! - expected) < 1e-9)
    }
  }

  @Test("a disc that moves has a τ that falls with its speed, and the μ of where it is")
  func movingDisc() throws {
    func moving(_ speed: Int) throws -> MapMetrics {
      MapMetrics(
        try map(3, 64) { t, y, x in
          let (dx, dy) = (x - 20 - speed * t, y - 32)
          return dx * dx + dy * dy <= 64 ? 1 : 0
        })
    }
    let found = try [0, 1, 3, 17].map { try #require(try moving($0).interFrameConsistency) }
    #expect(found[0] == 1 && found[1] > found[2] && found[2] > found[3] && found[3] < 0)
    // Two discs that do not touch: cov = −m², var = m − m².
    var pixels = 0
    for y in 0..<64 {
      for x in 0..<64 where (x - 20) * (x - 20) + (y - 32) * (y - 32) <= 64 { pixels += 1 }
    }
    let share = Double(pixels) / 4096
    #expect(abs(found[3] + share / (1 - share)) < 1e-9)
    #expect(try moving(0).centredness == 1)
  }

  @Test("a map that is the mask hits, one beside it misses, a uniform one gets by chance")
  func masks() throws {
    let mask = try ManipulationMask((0..<400).map { $0 / 20 < 5 && $0 % 20 < 8 }, frames: 1, size: 20)
    func figures(_ value: (Int, Int) -> Float) throws -> [Double] {
      let subject = try MetricSubject(plane(20, value), mask: mask)
      let metrics: [any ExplanationMetric] = [PointingGame(), RelevanceMass(), RankAccuracy(), MaskAUC()]
      return try metrics.map { metric in try #require(try metric.measure(subject).value) }
    }
    #expect(try figures { y, x in y < 5 && x < 8 ? 1 : 0 } == [1, 1, 1, 1])
    #expect(try figures { y, x in y < 5 && x < 8 ? 0 : 1 } == [0, 0, 0, 0])
    for value in try figures({ _, _ in 0.4 }).dropLast() { #expect(abs(value - 0.1) < 1e-12) }
    #expect(try figures { _, _ in 0.4 }[3] == 0.5)
  }

  @Test("frames without manipulated pixels, or with no others, have no localisation, and an empty map misses")
  func undefinedMasks() throws {
    let uniform = try plane(10) { _, _ in 1 }
    for value in [true, false] {
      let mask = try ManipulationMask([Bool](repeating: value, count: 100), frames: 1, size: 10)
      let found = try PointingGame().measure(MetricSubject(uniform, mask: mask))
      #expect(found.value == nil && found.terms == 0 && found.reason?.isEmpty == false)
    }
    let mask = try ManipulationMask((0..<100).map { $0 < 50 }, frames: 1, size: 10)
    let empty = try MetricSubject(plane(10) { _, _ in 0 }, mask: mask)
    #expect(try PointingGame().measure(empty).value == 0 && MaskAUC().measure(empty).value == 0.5)
    #expect(try RelevanceMass().measure(empty).value == nil && RankAccuracy().measure(empty).value == nil)
  }

  @Test("what needs a mask, a detector or an explainer says so")
  func needs() throws {
    let subject = MetricSubject(try plane(10) { _, _ in 1 })
    let demanding: [any ExplanationMetric] = [
      PointingGame(), Deletion(), Insertion(), Comprehensiveness(), Sufficiency(), SensitivityN(),
      Infidelity(),
      Stability(.noise()),
    ]
    for metric in demanding {
      #expect(throws: ExplanationError.self, "\(metric.name)") { try metric.measure(subject) }
    }
  }
}
