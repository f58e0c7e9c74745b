import Foundation
public import SurveyModel

/// How far a metric of explanations goes with what people prefer.
public struct MetricAgreement: Sendable, Equatable, Encodable {
  /// The metric, as `whyfake compare` names it.
  public let metric: String
  /// Whether less of it is better.
  public let isLowerBetter: Bool
  /// Spearman's ρ over explainers between the metric and the votes, of each video by itself; the mean over videos with Student's interval.
  public let perVideo: Mean?
  /// On how many videos it is defined: neither the metric nor the votes are the same for all explainers.
  public let videos: Int
  /// Spearman's ρ over explainers between the metric's mean and all votes: as many points as explainers, which is little.
  public let overall: Double?
}

/// The table of `whyfake compare` (`videos.csv`): metrics of each explainer on each video.
public struct ComparedTable: Sendable {
  /// The metrics' names.
  public let metrics: [String]
  /// By video's path and explainer.
  let values: [String: [String: [Double?]]]

  /// What is better when it is lower.
  static let lowerIsBetter: Set<String> = ["deletion", "sufficiency", "infidelity"]

  /// Reads `videos.csv` in a folder of `whyfake compare`.
  ///
  /// - Throws: ``SurveyError``: no such file, no such table.
  public init(folder: String) throws(SurveyError) {
    let path = folder + "/videos.csv"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SurveyError("there is no videos.csv; give a folder that whyfake compare made", path: folder)
    }
    let table = try CSVRows(data, path: path)
    let known = try table.places(["input", "explainer", "frames"])
    // What follows the number of frames is measured.
    let first = known["frames"]! + 1
    metrics = Array(table.header[first...])
    guard !metrics.isEmpty else { throw SurveyError("has no metrics", path: path) }
    var values: [String: [String: [Double?]]] = [:]
    for row in table.rows {
      let cells = row.cells[first...].map { $0.isEmpty ? nil : Double($0) }
      for (cell, text) in zip(cells, row.cells[first...]) where cell == nil && !text.isEmpty {
        throw SurveyError("row \(row.number) has “\(text.prefix(40))” where a number is to be", path: path)
      }
      values[row.cells[known["input"]!], default: [:]][row.cells[known["explainer"]!]] = cells
    }
    self.values = values
  }

  /// The video's row: of the same path, else the only one that ends in the most of its last parts, at least one.
  func explainers(path: String?, name: String?) -> [String: [Double?]]? {
    for wanted in [path, name].compactMap(\.self) {
      if let values = values[wanted] { return values }
      let parts = Self.parts(wanted)
      let common = values.keys.map { other in
        (other, zip(Self.parts(other).reversed(), parts.reversed()).prefix { $0 == $1 }.count)
      }
      guard let most = common.map(\.1).max(), most > 0 else { continue }
      let best = common.filter { $0.1 == most }
      if best.count == 1 { return values[best[0].0] }
    }
    return nil
  }

  private static func parts(_ path: String) -> [String] {
    (path as NSString).deletingPathExtension.split(separator: "/").map(String.init)
  }
}

extension StudyAnalysis {
  /// Sets ``metrics`` from what `whyfake compare` measured of the study's videos, and says how many of these it knows.
  public mutating func compare(_ table: ComparedTable, sections studied: [Responses.Section]) -> (
    known: Int, of: Int
  ) {
    // A video that is in two sections counts once, with all its votes.
    var votes: [String: (row: [String: [Double?]], votes: [Int])] = [:]
    var unknown: Set<String> = []
    for (section, result) in zip(studied, sections) {
      guard result.answers > 0 else { continue }
      let key = section.path ?? section.video ?? "section \(section.number)"
      guard let row = table.explainers(path: section.path, name: section.video) else {
        unknown.insert(key)
        continue
      }
      let before = votes[key]?.votes ?? [Int](repeating: 0, count: explainers.count)
      votes[key] = (row, zip(before, result.votes).map(+))
    }
    metrics = table.metrics.enumerated().map { m, metric in
      var (rhos, sums) = ([Double](), [[Double]](repeating: [], count: explainers.count))
      for (_, video) in votes.sorted(by: { $0.key < $1.key }) {
        let measured = explainers.map { video.row[$0]?[m] ?? nil }
        for (e, value) in measured.enumerated() { if let value { sums[e].append(value) } }
        let there = explainers.indices.filter { measured[$0] != nil }
        if let rho = Ranks.spearman(there.map { measured[$0]! }, there.map { Double(video.votes[$0]) }) {
          rhos.append(rho)
        }
      }
      let means = sums.map { $0.isEmpty ? nil : $0.reduce(0, +) / Double($0.count) }
      let there = explainers.indices.filter { means[$0] != nil }
      let all = explainers.indices.map { e in votes.values.reduce(0) { $0 + $1.votes[e] } }
      return MetricAgreement(
        metric: metric, isLowerBetter: ComparedTable.lowerIsBetter.contains(metric),
        perVideo: Mean(rhos, level: level, within: -1...1), videos: rhos.count,
        overall: Ranks.spearman(there.map { means[$0]! }, there.map { Double(all[$0]) }))
    }
    return (votes.count, votes.count + unknown.count)
  }
}
