import Evaluation
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Bootstrap", .serialized)
struct BootstrapTests {
  @Test("Equal seeds give equal intervals for any number of threads; another seed gives others")
  func deterministic() throws {
    let samples = makeGroups(40, shared: 0.7, seed: 1)
    let threads = ComputeRuntime.threads
    defer { ComputeRuntime.threads = threads }
    func intervals(_ threads: Int, seed: UInt64) throws -> [Estimate?] {
      ComputeRuntime.threads = threads
      let draws = try Bootstrap(resamples: 101, seed: seed).draws(of: samples)
      return ClassificationMetric.allCases.map { draws.estimate($0) }
    }
    let one = try intervals(1, seed: 5)
    #expect(try intervals(2, seed: 5) == one && intervals(3, seed: 5) == one)
    #expect(try intervals(2, seed: 6) != one)
  }

  @Test("95 % intervals over originals hold the truth about 95 times in 100; over samples, less often")
  func coverage() throws {
    // Logits are N(±1, 1.5), dependent within an original.
    let shared = 1.0
    let truth = 0.5 * erfc(-1 / (1 + shared * shared).squareRoot() / 2.0.squareRoot())
    let area = 0.5 * erfc(-2 / (2 * (1 + shared * shared)).squareRoot() / 2.0.squareRoot())
    let trials = 200
    var (byGroup, bySample, byArea) = (0, 0, 0)
    for trial in 0..<trials {
      let samples = makeGroups(80, shared: shared, seed: UInt64(1000 + trial))
      let bootstrap = Bootstrap(resamples: 200, seed: UInt64(trial))
      let draws = try bootstrap.draws(of: samples)
      let single = try bootstrap.draws(
        of: samples.map {
          var sample = $0
          sample.group = $0.name
          return sample
        })
      func holds(_ value: Double, _ estimate: Estimate?) -> Int {
        guard let interval = estimate?.interval else { return 0 }
        return interval.lower <= value && value <= interval.upper ? 1 : 0
      }
      byGroup += holds(truth, draws.estimate(.truePositiveRate))
      bySample += holds(truth, single.estimate(.truePositiveRate))
      byArea += holds(area, draws.estimate(.areaUnderROC))
    }
    print("coverage of \(trials): by group \(byGroup), by sample \(bySample), ROC AUC by group \(byArea)")
    #expect((180...199).contains(byGroup) && (180...199).contains(byArea))
    #expect(bySample < byGroup - 5)
  }

  @Test("The interval is wider at a higher level, and narrower with more originals")
  func widths() throws {
    func width(_ groups: Int, _ level: Double) throws -> Double {
      let samples = makeGroups(groups, shared: 0.5, seed: 9)
      let draws = try Bootstrap(resamples: 300, level: level).draws(of: samples)
      let interval = try #require(draws.estimate(.areaUnderROC)).interval
      return interval.upper - interval.lower
    }
    let (narrow, plain, many) = (try width(50, 0.8), try width(50, 0.95), try width(800, 0.95))
    #expect(narrow < plain && many < plain / 2.5)
  }

  @Test("Samples in one group have an interval of no width, and its number of resamples is told")
  func oneGroup() throws {
    let samples = makeSamples([1, -1, 0.5, -0.2], [true, false, false, true]).map {
      var sample = $0
      sample.group = "one"
      return sample
    }
    let draws = try Bootstrap(resamples: 7).draws(of: samples)
    let estimate = try #require(draws.estimate(.areaUnderROC))
    #expect(estimate.interval == Interval(lower: 0.75, upper: 0.75, resamples: 7) && draws.groups == 1)
  }

  @Test("Resamples without a class are left out and counted")
  func undefined() throws {
    let draws = try Bootstrap(resamples: 400).draws(of: makeSamples([1, -1], [true, false]))
    let resamples = try #require(draws.estimate(.areaUnderROC)).interval.resamples
    // Half of the draws of two are twice the same.
    #expect((160...240).contains(resamples))
    #expect(draws.estimate(.logLoss)?.interval.resamples == 400)
    let fakes = try Bootstrap(resamples: 10).draws(of: makeSamples([1], [true]))
    #expect(fakes.estimate(.areaUnderROC) == nil && fakes.estimate(.truePositiveRate)?.value == 1)
  }

  @Test("A model's difference from itself is 0; a paired interval is narrower than those of the two")
  func paired() throws {
    let a = makeGroups(100, shared: 1, seed: 4)
    var generator = SplitMix(seed: 8)
    let b = a.map {
      var sample = $0
      sample.logit += generator.normal() * 0.3 + 0.05
      return sample
    }
    let draws = try Bootstrap(resamples: 300).draws(ofModels: [a, b, a])
    let same = try #require(draws.difference(.areaUnderROC, of: 2))
    #expect(same.value == 0 && same.interval.lower == 0 && same.interval.upper == 0)
    let difference = try #require(draws.difference(.areaUnderROC, of: 1))
    let single = try #require(draws.estimate(.areaUnderROC, model: 1))
    #expect(difference.value == draws.metrics[1].areaUnderROC! - draws.metrics[0].areaUnderROC!)
    #expect(
      difference.interval.upper - difference.interval.lower
        < 0.5 * (single.interval.upper - single.interval.lower))
    #expect(throws: EvaluationError.self) { try Bootstrap().draws(ofModels: [a, Array(b.dropLast())]) }
    #expect(throws: EvaluationError.self) { try Bootstrap().draws(ofModels: [a, b.reversed()]) }
    #expect(throws: EvaluationError.self) { try Bootstrap().draws(of: []) }
  }

  @Test("Bands hold the curves they are of")
  func bands() throws {
    let samples = makeGroups(60, shared: 0.5, seed: 2)
    let bootstrap = Bootstrap(resamples: 200)
    let curve = try ROCCurve(samples).points
    let band = try bootstrap.rocBand(samples)
    var inside = 0
    for (position, interval) in zip(band.positions, band.intervals) {
      let after = curve.firstIndex { $0.falsePositiveRate > position } ?? curve.count - 1
      let (a, b) = (curve[after - 1], curve[after])
      let width = b.falsePositiveRate - a.falsePositiveRate
      let share = width > 0 ? min(1, (position - a.falsePositiveRate) / width) : 1
      let rate = a.truePositiveRate + share * (b.truePositiveRate - a.truePositiveRate)
      if rate >= interval.lower - 1e-9 && rate <= interval.upper + 1e-9 { inside += 1 }
    }
    #expect(inside >= 95 && band.intervals.last?.lower == 1)
    let precision = try bootstrap.precisionBand(samples)
    // At full recall the precision is at least the share of fakes, two of three in every resample.
    #expect(precision.intervals.last!.lower >= 2.0 / 3 - 1e-9)
    #expect(precision.intervals[10].lower > precision.intervals.last!.lower)
    let reliability = ReliabilityCurve(samples, binning: .equalCount(5))
    let shares = try bootstrap.shareIntervals(reliability, samples)
    for (bin, interval) in zip(reliability.bins, shares) {
      #expect(interval!.lower <= bin.fakeShare && bin.fakeShare <= interval!.upper)
    }
    #expect(throws: EvaluationError.self) { try bootstrap.rocBand(makeSamples([1], [true])) }
  }
}
