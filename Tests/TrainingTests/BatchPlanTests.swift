import Datasets
import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("Which pictures make a batch") struct BatchPlanTests {
  private static func plan(
    _ faces: FaceSet, pairing: Double = 0.5, seed: UInt64 = 0, batch: Int = 8, selfBlended: Double = 0
  ) throws -> BatchPlan {
    var recipe = Recipe()
    (recipe.pairing, recipe.seed, recipe.batch, recipe.selfBlended) = (pairing, seed, batch, selfBlended)
    let training = faces.records.indices.filter { faces.records[$0].split == .train }
    return try BatchPlan(faces, training, recipe: recipe)
  }

  @Test("an epoch goes through each fake at most once, and all but a rest") func epoch() throws {
    let faces = try SyntheticFaces(originals: 13, fakes: 2).set
    let plan = try Self.plan(faces)
    #expect(plan.stepsPerEpoch == 6)
    let orders = BatchPlan.Orders()
    let fakes = (0..<6).flatMap { plan.pairs(of: $0, orders).map(\.fake) }
    #expect(Set(fakes).count == 24)
    #expect(fakes.allSatisfy { faces.records[$0].label == .fake && faces.records[$0].split == .train })
    let next = (6..<12).flatMap { plan.pairs(of: $0, orders).map(\.fake) }
    #expect(next != fakes)
  }

  @Test("real pictures come round equally often where no fake brings its own") func reals() throws {
    let faces = try SyntheticFaces(originals: 8, fakes: 2).set
    let plan = try Self.plan(faces, pairing: 0)
    let orders = BatchPlan.Orders()
    var counts: [Int: Int] = [:]
    for step in 0..<20 { for pair in plan.pairs(of: step, orders) { counts[pair.real, default: 0] += 1 } }
    #expect(counts.count == 8 && Set(counts.values) == [10])
  }

  @Test("with pairing 1 each fake stands beside its own original") func own() throws {
    let faces = try SyntheticFaces(originals: 9).set
    let pairs = try Self.plan(faces, pairing: 1).pairs(of: 1, BatchPlan.Orders())
    for pair in pairs {
      #expect(pair.isOwn && faces.original(of: pair.fake) == pair.real)
    }
  }

  @Test("a step's pairs do not depend on the steps before it, but on the seed") func random() throws {
    let faces = try SyntheticFaces(originals: 20).set
    let plan = try Self.plan(faces)
    let used = BatchPlan.Orders()
    for step in 0..<17 { _ = plan.pairs(of: step, used) }
    #expect(plan.pairs(of: 17, used) == plan.pairs(of: 17, BatchPlan.Orders()))
    #expect(try Self.plan(faces, seed: 1).pairs(of: 17, used) != plan.pairs(of: 17, BatchPlan.Orders()))
  }

  @Test("real faces are enough where all fakes are blended; else both kinds are needed") func kinds() throws {
    let faces = try SyntheticFaces(originals: 12, fakes: 0).set
    let pairs = try Self.plan(faces, selfBlended: 1).pairs(of: 0, BatchPlan.Orders())
    #expect(pairs.count == 4 && pairs.allSatisfy { $0.fake == $0.real })
    #expect(throws: TrainingError.self) { try Self.plan(faces) }
  }
}
