import Foundation
import SurveyModel
import Testing

@testable import SurveyAnalysis

/// Numbers beside those of SciPy and statsmodels; `Golden/make.py` made them.
struct GoldenTests {
  @Test("shares, errors, intervals, p-values and correlations of twenty studies are SciPy's")
  func studies() throws {
    var (largest, count) = (0.0, 0)
    for (number, study) in try Golden.read().studies.enumerated() {
      let ours = try numbers(of: study)
      for (name, value) in ours {
        // A p-value of drawn arrangements has no reference.
        guard let reference = study.expected[name] else {
          #expect(name.hasSuffix(".p"), "study \(number): \(name) has no reference")
          continue
        }
        largest = max(largest, abs(value - reference))
        count += 1
        #expect(abs(value - reference) <= 1e-9, "study \(number): \(name)")
      }
      for name in study.expected.keys { #expect(ours[name] != nil, "study \(number): \(name) is missing") }
    }
    print("\(count) numbers of 20 studies: largest difference from SciPy \(largest)")
  }

  @Test("the slides' votes have the p-values that SciPy gives them")
  func slides() throws {
    let golden = try Golden.read().slides
    let text = "explainer,votes\ngradcam,165\nshap,221\nltpa,137\nattention,185\n"
    let counts = try VoteCounts(Data(text.utf8), path: "slides.csv", level: 0.95)
    #expect(counts.counts.map { Int(($0.share.value * 100).rounded()) } == [23, 31, 19, 26])
    for pair in counts.pairs {
      let key = "\(pair.first):\(pair.second)"
      let (p, holm) = (try #require(golden.p[key]), try #require(golden.holm[key]))
      #expect(abs(pair.test.pValue - p) <= 1e-10 * p)
      #expect(abs(pair.test.corrected - holm) <= 1e-10 * holm)
    }
    #expect(counts.pairs.count == 6)
  }

  @Test("quantiles and tails are SciPy's")
  func distributions() throws {
    let golden = try Golden.read().distributions
    func check(_ ours: Double, _ theirs: Double, _ what: String) {
      #expect(abs(ours - theirs) <= 1e-10 * max(abs(theirs), 1e-300), "\(what): \(ours) beside \(theirs)")
    }
    for row in golden.student {
      check(Distributions.studentQuantile(level: row[0], freedom: row[1]), row[2], "t \(row)")
    }
    for row in golden.chiSquare {
      check(Distributions.chiSquareTail(row[0], freedom: Int(row[1])), row[2], "χ² \(row)")
    }
    for row in golden.fair {
      check(Distributions.fairTail(Int(row[0]), of: Int(row[1])), row[2], "coins \(row)")
    }
    for row in golden.exact {
      let interval = Share.exactInterval(Int(row[0]), of: Int(row[1]), level: row[2])
      check(interval.lower, row[3], "Clopper-Pearson \(row)")
      check(interval.upper, row[4], "Clopper-Pearson \(row)")
    }
  }

  /// Each number of an analysis by the name that the script gives it.
  private func numbers(of study: Golden.Study) throws -> [String: Double] {
    let responses = try ResponsesTable.read(Data(study.csv.utf8), path: "golden.csv")
    var analysis = StudyAnalysis(responses, options: .init(level: study.level, permutations: 1))
    if let videos = study.videos {
      try withFolder { folder in
        try Data(videos.utf8).write(to: URL(filePath: folder + "/videos.csv"))
        _ = analysis.compare(try ComparedTable(folder: folder), sections: responses.sections)
      }
    }
    var out: [String: Double] = [:]
    func add(_ name: String, _ share: Share?) {
      guard let share else { return }
      (out[name + ".value"], out[name + ".lower"], out[name + ".upper"]) = (
        share.value, share.lower, share.upper
      )
      out[name + ".standardError"] = share.standardError
    }
    func add(_ name: String, _ test: PermutationTest?) {
      guard let test else { return }
      out[name + ".statistic"] = test.statistic
      out[name + ".p"] = test.pValue
    }
    add("right", analysis.right)
    add("rightOfDecided", analysis.rightOfDecided)
    add("unknown", analysis.unknown)
    for vote in analysis.votes {
      add("votes.\(vote.explainer)", vote.share)
      add("chosen.\(vote.explainer)", vote.chosen)
    }
    for pair in analysis.preferences {
      // The script has its own order of explainers; a test is the same both ways.
      for key in ["\(pair.first):\(pair.second)", "\(pair.second):\(pair.first)"]
      where study.expected[key + ".flip"] != nil {
        (out[key + ".answers.p"], out[key + ".answers.Holm"]) = (pair.answers.pValue, pair.answers.corrected)
        (out[key + ".people.p"], out[key + ".people.Holm"]) = (pair.people.pValue, pair.people.corrected)
        out[key + ".flip"] = pair.signFlip
      }
    }
    for section in analysis.sections { add("section \(section.number)", section.right) }
    add("dependence", analysis.dependence)
    for division in analysis.divisions {
      for group in division.groups {
        add("\(division.by) \(group.name).right", group.right)
        for (name, votes) in zip(analysis.explainers, group.votes) {
          add("\(division.by) \(group.name).votes.\(name)", votes)
        }
      }
      out["\(division.by).H"] = division.kruskalWallis?.value
      out["\(division.by).p"] = division.kruskalWallis?.pValue
      add("\(division.by).right", division.right)
      add("\(division.by).votes", division.votes)
    }
    for (place, share) in analysis.places.enumerated() { add("place \(place + 1)", share) }
    for metric in analysis.metrics {
      if let mean = metric.perVideo {
        let name = "metric \(metric.metric)"
        (out[name + ".value"], out[name + ".lower"], out[name + ".upper"]) = (
          mean.value, mean.lower, mean.upper
        )
        out[name + ".standardError"] = mean.standardError
      }
      out["metric \(metric.metric).overall"] = metric.overall
    }
    return out
  }
}
