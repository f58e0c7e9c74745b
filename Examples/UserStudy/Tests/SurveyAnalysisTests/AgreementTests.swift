import Foundation
import SurveyModel
import Testing

@testable import SurveyAnalysis

/// Metrics beside people.
struct AgreementTests {
  private static let header = "input,label,method,explainer,frames,insertion,deletion"

  private func table(_ rows: [String]) throws -> ComparedTable {
    try withFolder { folder in
      try Data(([Self.header] + rows).joined(separator: "\n").utf8).write(
        to: URL(filePath: folder + "/videos.csv"))
      return try ComparedTable(folder: folder)
    }
  }

  /// Everybody prefers shap to gradcam to ltpa, in two videos.
  private var study: Responses {
    var responses = responses(
      explainers: ["gradcam", "shap", "ltpa"],
      [
        [answer(1, "shap"), answer(2, "shap")], [answer(1, "shap", "gradcam"), answer(2, "shap", "gradcam")],
        [answer(1, "shap", "gradcam", "ltpa"), answer(2, "shap")],
      ])
    responses.sections = [
      .init(number: 1, video: "set/a", path: "/one/set/a.mp4"),
      .init(number: 2, video: "set/b", path: "/one/set/b.mp4"),
    ]
    return responses
  }

  @Test("a metric in the order of people's votes has ρ 1, one in the opposite order −1")
  func order() throws {
    let table = try table([
      "/two/set/a.mp4,fake,,gradcam,16,0.5,0.5", "/two/set/a.mp4,fake,,shap,16,0.9,0.1",
      "/two/set/a.mp4,fake,,ltpa,16,0.1,0.9",
      "/two/set/b.mp4,fake,,gradcam,16,0.5,0.5", "/two/set/b.mp4,fake,,shap,16,0.9,0.1",
      "/two/set/b.mp4,fake,,ltpa,16,0.1,0.9",
    ])
    let study = study
    var analysis = StudyAnalysis(study, options: .init(permutations: 1))
    #expect(analysis.compare(table, sections: study.sections) == (2, 2))
    #expect(
      analysis.metrics.map(\.metric) == ["insertion", "deletion"]
        && analysis.metrics.map(\.isLowerBetter) == [false, true])
    #expect(analysis.metrics[0].perVideo?.value == 1 && analysis.metrics[1].perVideo?.value == -1)
    #expect(
      analysis.metrics[0].overall == 1 && analysis.metrics[1].overall == -1 && analysis.metrics[0].videos == 2
    )
  }

  @Test("a video where the metric is the same for all is not counted, and one that is unknown is said")
  func undefined() throws {
    let table = try table([
      "/two/set/a.mp4,fake,,gradcam,16,0.5,0.5", "/two/set/a.mp4,fake,,shap,16,0.5,0.1",
      "/two/set/a.mp4,fake,,ltpa,16,0.5,",
    ])
    let study = study
    var analysis = StudyAnalysis(study, options: .init(permutations: 1))
    #expect(analysis.compare(table, sections: study.sections) == (1, 2))
    #expect(
      analysis.metrics[0].videos == 0 && analysis.metrics[0].perVideo == nil
        && analysis.metrics[0].overall == nil)
    #expect(analysis.metrics[1].videos == 1 && analysis.metrics[1].overall == -1)
  }

  @Test("a video is found by its path, else by the one that ends in the most of its parts, else by its name")
  func matching() throws {
    let table = try table([
      "/a/x/1.mp4,,,shap,1,1,", "/b/x/1.mp4,,,shap,1,2,", "/b/y/1.mp4,,,shap,1,3,", "/c/2.mp4,,,shap,1,4,",
    ])
    func value(_ path: String?, _ name: String? = nil) -> Double? {
      table.explainers(path: path, name: name)?["shap"]?[0]
    }
    #expect(value("/a/x/1.mp4") == 1 && value("/z/b/x/1.avi") == 2 && value("/q/y/1.mp4") == 3)
    #expect(value("/q/x/1.mp4") == nil && value("/q/1.mp4") == nil && value("/q/3.mp4") == nil)
    #expect(value(nil, "2") == 4 && value("/q/3.mp4", "c/2") == 4 && value(nil, nil) == nil)
  }

  @Test("a table that is none says so")
  func noTable() throws {
    #expect(throws: SurveyError.self) { try ComparedTable(folder: "/nowhere") }
    #expect(throws: SurveyError.self) { try table(["/a.mp4,fake,,shap,16,high,0"]) }
    #expect(throws: SurveyError.self) { try table(["/a.mp4,fake"]) }
  }

  @Test("ranks share their mean where values are equal; ρ of a constant is not defined")
  func ranks() {
    #expect(Ranks.ranks([3, 1, 3, 2]) == [3.5, 1, 3.5, 2])
    #expect(Ranks.spearman([1, 1], [1, 2]) == nil && Ranks.spearman([1], [1]) == nil)
    #expect(
      Ranks.kruskalWallis([1, 1, 1], groups: [0, 1, 1]) == nil
        && Ranks.kruskalWallis([1, 2], groups: [0, 0]) == nil)
  }
}
