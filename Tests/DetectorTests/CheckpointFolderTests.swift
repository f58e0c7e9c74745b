import Detector
import Foundation
import Tensor
import TestSupport
import Testing

/// Every architecture in every format against PyTorch: loads what `Tests/Golden/checkpoints/make.py OUT` wrote.
///
/// The files are gigabytes, so the folder is named by `WHYFAKE_CHECKPOINTS`. Each case prints a row of the table in
/// `Documentation/Checkpoints.md`: the largest differences of logits, attention maps and blocks, as shares of the peak.
@Suite("Checkpoints of every project, from their own files", .serialized)
struct CheckpointFolderTests {
  private static let folder = ProcessInfo.processInfo.environment["WHYFAKE_CHECKPOINTS"]

  /// What the manifest says of one file.
  struct Entry: Decodable, Sendable, CustomTestStringConvertible {
    struct Overrides: Decodable, Sendable { var padding: PaddingScheme? }
    var id: String
    var file: String
    var golden: String
    var architecture: String
    var format: String
    var padding: PaddingScheme
    var padsStem: Bool
    var epsilon: Float
    var mean: [Float]
    var std: [Float]
    var sizes: [Int]
    var attentionLevels: [Int]
    var overrides: Overrides
    var blocks: Bool
    /// How far PyTorch's own single precision is from the golden, by size and by what is compared.
    var float32: [String: [String: Float]]
    var testDescription: String { id }

    /// 1e-4 of the peak; where PyTorch in single precision misses its double precision by more in one of `parts`, that
    /// much.
    func tolerance(_ size: Int, _ parts: String...) -> Float {
      parts.reduce(1e-4) { max($0, float32["\(size)"]?[$1] ?? 0) }
    }
  }

  private static let entries: [Entry] = {
    guard let folder, let data = FileManager.default.contents(atPath: folder + "/manifest.json") else {
      return []
    }
    return (try? JSONDecoder().decode([Entry].self, from: data)) ?? []
  }()

  @Test("the folder has a manifest", .enabled(if: folder != nil, "set WHYFAKE_CHECKPOINTS"))
  func manifest() { #expect(!Self.entries.isEmpty) }

  @Test(
    "a file loads with nothing else said and agrees with PyTorch",
    .enabled(if: folder != nil, "set WHYFAKE_CHECKPOINTS"), arguments: entries)
  func entry(_ entry: Entry) throws {
    let path = "\(Self.folder!)/\(entry.file)"
    if entry.file.hasSuffix(".h5") {
      let error = #expect(throws: WeightsError.self) { try DeepfakeDetector(contentsOf: path) }
      #expect(error?.problem.contains("HDF5") == true)
      return
    }
    var overrides = DeepfakeDetector.Overrides()
    overrides.padding = entry.overrides.padding
    let detector = try DeepfakeDetector(contentsOf: path, overrides: overrides)
    expectDescription(of: detector, entry)
    let golden = try Weights(safetensors: "\(Self.folder!)/\(entry.golden)").tensors
    for size in entry.sizes {
      let crops = try Portrait.tensor(size: size).rows(0..<2)
      let expected = try #require(golden["logits.\(size)"])
      var row = [
        "\(entry.id)", entry.format, entry.architecture, detector.description.padding.scheme.rawValue,
        "\(size)",
      ]
      row.append(
        try shown(
          difference(detector.logits(crops).elements, expected.elements),
          // With attention, the logit is a sum that the maps weigh.
          entry.tolerance(size, "logits", "maps")))
      row.append(try maps(detector, crops, golden, entry, size))
      row.append(
        try entry.blocks ? shown(blocks(detector, crops, golden, size), entry.tolerance(size, "blocks")) : "–"
      )
      print("| " + row.joined(separator: " | ") + " |")
    }
  }

  private func expectDescription(of detector: DeepfakeDetector, _ entry: Entry) {
    let description = detector.description
    // The PyTorch port of MesoInception4 differs from its authors', and so does its name here.
    #expect(description.info.architecture.replacing("WithoutReLU", with: "") == entry.architecture)
    if !entry.architecture.hasPrefix("Meso") {
      #expect(description.padding == .init(entry.padding, padsStem: entry.padsStem))
    }
    #expect(description.epsilon == entry.epsilon)
    #expect(description.normalization == .init(mean: entry.mean, standardDeviation: entry.std))
  }

  private func maps(
    _ detector: DeepfakeDetector, _ crops: Tensor, _ golden: [String: Tensor], _ entry: Entry, _ size: Int
  ) throws -> String {
    guard !entry.attentionLevels.isEmpty else {
      #expect(throws: DetectorError.self) { try AttentiveDetector(detector) }
      return "–"
    }
    let attentive = try AttentiveDetector(detector)
    let (logits, maps) = try attentive.attention(crops)
    #expect(try logits == detector.logits(crops))
    #expect(maps.count == entry.attentionLevels.count && attentive.attentionLevels.count == maps.count)
    let differences = try zip(entry.attentionLevels, maps).map { level, map in
      let expected = try #require(golden["attention.\(level).\(size)"])
      #expect(map.shape == expected.shape)
      return difference(map.elements, expected.elements)
    }
    return shown(differences.max()!, entry.tolerance(size, "maps"))
  }

  private func blocks(
    _ detector: DeepfakeDetector, _ crops: Tensor, _ golden: [String: Tensor], _ size: Int
  ) throws -> Float {
    var largest: Float = 0
    let activations = detector.network.activations(try detector.normalised(crops))
    for (block, activation) in zip(detector.blocks, activations) {
      let expected = try #require(golden["activations.\(block.name).\(size)"])
      let peak = max(expected[0, 0], expected[1, 0])
      for i in 0..<2 {
        let found = activation.rows(i..<i + 1).summary(of: block.name)
        largest = max(largest, difference(found, expected.rows(i..<i + 1).elements, peak: peak))
      }
    }
    return largest
  }

  private func difference(_ found: [Float], _ expected: [Float], peak: Float? = nil) -> Float {
    guard found.count == expected.count, found.allSatisfy(\.isFinite) else { return .infinity }
    return zip(found, expected).map { abs($0 - $1) }.max()! / (peak ?? expected.map(abs).max()!)
  }

  private func shown(_ difference: Float, _ tolerance: Float) -> String {
    #expect(difference <= tolerance)
    return String(format: "%.1e", difference)
  }
}
