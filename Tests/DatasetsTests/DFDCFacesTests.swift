import Datasets
import Foundation
import TestSupport
import Testing
import VideoIO

@Suite("The selection of DFDC faces", .enabled(if: testData != nil))
struct DFDCFacesTests {
  @Test("33,857 crops, 19,195 pairs, originals in one split each, halves of the validation split about equal")
  func index() throws {
    let set = try FaceSet(#require(testData).appendingPathComponent("dfdc-faces").path)
    #expect(set.records.count == 33_857)
    #expect(set.records.count { $0.label == .fake } == 19_195)
    #expect(set.records.indices.count { set.original(of: $0) != nil } == 19_195)
    var splits: [String: Set<FaceRecord.Split>] = [:]
    for record in set.records { splits[record.group, default: []].insert(record.split) }
    #expect(splits.values.allSatisfy { $0.count == 1 })
    let validation = set.records.filter { $0.split == .validation }
    let halves = Dictionary(grouping: validation, by: \.half)
    #expect(validation.count == 3330)
    #expect(halves.mapValues(\.count) == [.select: 1691, .report: 1639])
    let groups = halves.mapValues { Set($0.map(\.group)) }
    #expect(groups.mapValues(\.count) == [.select: 852, .report: 828])
    #expect(groups[.select]?.isDisjoint(with: groups[.report] ?? []) == true)
  }

  @Test("pictures decode, on several threads as on one")
  func pictures() async throws {
    let set = try FaceSet(#require(testData).appendingPathComponent("dfdc-faces").path)
    let some = stride(from: 0, to: set.records.count, by: 1500).map { $0 }
    let alone = try some.map { try set.picture($0) }
    #expect(alone.allSatisfy { $0.width == 224 && $0.height == 224 })
    let together = try await withThrowingTaskGroup(of: (Int, RGBImage).self) { group in
      for (i, index) in some.enumerated() { group.addTask { (i, try set.picture(index)) } }
      return try await group.reduce(into: [Int: RGBImage]()) { $0[$1.0] = $1.1 }
    }
    for (i, image) in alone.enumerated() { #expect(together[i] == image) }
  }
}
