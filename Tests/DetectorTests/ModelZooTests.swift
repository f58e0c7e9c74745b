import Foundation
import TestSupport
import Testing

@testable import Detector

@Suite("The models that are known by name")
struct ModelZooTests {
  @Test("the record of each model that ships says what its file says", arguments: ModelZoo.shipped)
  func shipped(name: String) throws {
    let record = try #require(ModelZoo.record(named: name))
    let description = try DeepfakeDetector(named: record.name).description
    #expect(record.isShipped && record.isRunnable)
    #expect(record.name == description.info.name && record.architecture == description.info.architecture)
    #expect(record.inputSize == description.info.inputSize && record.padding == description.padding.scheme)
    #expect(record.cropPolicy == description.info.cropPolicy)
    #expect(record.performance == description.info.performance)
  }

  @Test(
    "what is shown where a model has no attention has it",
    arguments: [EfficientNet.Attention.none, .autoAtt(width: 0), .ltpa(.dotProduct)])
  func defaults(attention: EfficientNet.Attention) throws {
    let name = ModelZoo.defaultModel(for: attention)
    #expect(ModelZoo.shipped.contains(name))
    let record = try #require(ModelZoo.record(named: name))
    #expect(record.architecture == EfficientNet(b: 0, attention: attention).name)
  }

  @Test("each of the published models has a name of its own and says all that it must")
  func published() {
    let published = ModelZoo.records.filter { !$0.isShipped }
    #expect(published.count == 17 && Set(published.map(\.name)).count == 17)
    #expect(published.count { $0.sha256 == nil } == 7)
    #expect(published.filter { !$0.isRunnable }.map(\.name) == ["Xception_DFDC", "Xception_FFPP"])
    #expect(ModelZoo.groups.flatMap(\.models) == published.map(\.name))
    for record in published {
      for text in [record.architecture, record.trainingData, record.source, record.licence] {
        #expect(!text.isEmpty)
      }
    }
  }

  @Test("a model that was not fetched names the command that fetches it")
  func notFetched() {
    let error = #expect(throws: DetectorError.self) { try ModelZoo.locate("EfficientNetB4_DFDC") }
    #expect(error?.code == .notFetched)
    #expect(error?.message.contains("whyfake models fetch EfficientNetB4_DFDC") == true)
  }

  @Test("a model whose network is not here says so")
  func notRunnable() {
    let error = #expect(throws: DetectorError.self) { try ModelZoo.locate("Xception_DFDC") }
    #expect(error?.code == .unknownArchitecture && error?.message.contains("Xception") == true)
  }

  @Test(
    "a misspelt name gets the one that was meant",
    arguments: [
      ("EfficientNetB4DFDC", "EfficientNetB4_DFDC"),
      ("efficientnetautoattb4_ffp", "EfficientNetAutoAttB4_FFPP"),
      ("dfdc-winner-77-29", "dfdc-winner-777-29"), ("icpr2020dfcd", "icpr2020dfdc"),
      ("eficientnet-b0-dfdc224", "efficientnet-b0-dfdc-224"), ("nothing-like-it", nil), ("", nil),
    ])
  func suggestion(name: String, expected: String?) {
    #expect(ModelZoo.suggestion(for: name) == expected)
    let error = #expect(throws: DetectorError.self) { try ModelZoo.locate(name) }
    if let expected { #expect(error?.message.contains("did you mean \(expected)?") == true) }
  }

  @Test("the distance is the number of edits; a swap of neighbours is one")
  func distance() {
    func distance(_ a: String, _ b: String) -> Int { editDistance(Array(a.utf8), Array(b.utf8)) }
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("", "abc") == 3 && distance("abc", "") == 3 && distance("", "") == 0)
    #expect(distance("abcd", "acbd") == 1 && distance("ab", "ba") == 1)
    #expect(distance("flaw", "lawn") == 2)
  }
}
