import Evaluation
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Calibration")
struct CalibrationTests {
  @Test("The temperature is that of SciPy's minimiser, and so is the log-loss there")
  func temperature() throws {
    for golden in try GoldenCase.all() where golden.name != "few fakes, no skill" {
      let fit = try Temperature(fitting: golden.samples)
      // A minimum is flat: SciPy's place is known to the root of its value's precision.
      #expect(abs(fit.value - golden.temperature) < 1e-6 * golden.temperature, "\(golden.name)")
      #expect(abs(fit.logLossAfter - golden.logLossAfter) < 1e-12)
      #expect(abs(fit.logLossBefore - golden.logLoss) < 1e-12 && fit.logLossAfter <= fit.logLossBefore)
      #expect(ClassificationMetrics(golden.samples.cooled(by: fit.value)).logLoss! - fit.logLossAfter < 1e-12)
    }
  }

  @Test("Logits times k have k times the temperature")
  func scaling() throws {
    let samples = try GoldenCase.all()[0].samples
    let fit = try Temperature(fitting: samples).value
    for factor in [0.01, 3, 1000] {
      let scaled = try Temperature(fitting: samples.cooled(by: 1 / factor)).value
      #expect(abs(scaled / factor - fit) < 1e-9 * fit)
    }
  }

  @Test("Labels drawn from σ(z / 2) have a temperature of 2")
  func known() throws {
    var generator = SplitMix(seed: 3)
    let logits = (0..<40_000).map { _ in generator.normal() * 4 }
    let samples = makeSamples(logits, logits.map { generator.uniform() < 1 / (1 + exp(-$0 / 2)) })
    #expect(abs(try Temperature(fitting: samples).value - 2) < 0.05)
    let platt = try PlattScaling(fitting: samples)
    #expect(abs(platt.scale - 0.5) < 0.02 && abs(platt.offset) < 0.03)
    #expect(ClassificationMetrics(samples.cooled(by: 2)).calibrationError! < 0.01)
    #expect(ClassificationMetrics(samples).calibrationError! > 0.05)
  }

  @Test("There is no temperature for separated classes, for logits that point the other way, for one class")
  func impossible() throws {
    func code(_ samples: [ScoredSample]) -> EvaluationError.Code? {
      do { _ = try Temperature(fitting: samples) } catch { return error.code }
      return nil
    }
    #expect(code(makeSamples([1, -1], [true, false])) == .noMinimum)
    #expect(code(makeSamples([-2, 1, 2, -1], [true, true, false, false])) == .noMinimum)
    #expect(code(makeSamples([1, -1], [true, true])) == .oneClass)
    #expect(code([]) == .empty)
    #expect(throws: EvaluationError.self) { try PlattScaling(fitting: makeSamples([3, 2], [true, false])) }
  }

  @Test("Scale and offset are those of SciPy's minimiser")
  func platt() throws {
    for golden in try GoldenCase.all() {
      let fit = try PlattScaling(fitting: golden.samples)
      #expect(abs(fit.scale - golden.platt[0]) < 1e-5 && abs(fit.offset - golden.platt[1]) < 1e-5)
      #expect(abs(fit.logLoss - golden.plattLogLoss) < 1e-12)
    }
  }

  @Test("Bins of equal width lie where they should, and their error is the one reported")
  func equalWidth() throws {
    for golden in try GoldenCase.all() {
      let curve = ReliabilityCurve(golden.samples, binning: .equalWidth(golden.bins))
      #expect(abs(curve.calibrationError! - golden.calibrationError) < 1e-12)
      #expect(curve.bins.reduce(0) { $0 + $1.count } == golden.logit.count)
      for bin in curve.bins { #expect(bin.lower <= bin.meanProbability && bin.meanProbability <= bin.upper) }
    }
  }

  @Test("Bins of equal counts differ by no more than ties make them")
  func equalCount() throws {
    let cases = try GoldenCase.all()
    let plain = ReliabilityCurve(cases[0].samples, binning: .equalCount(6)).bins
    #expect(plain.map(\.count) == [10, 10, 10, 10, 10, 10])
    let ties = ReliabilityCurve(cases[1].samples, binning: .equalCount(6)).bins
    #expect(ties.reduce(0) { $0 + $1.count } == 80 && ties.count <= 6)
    for (a, b) in zip(ties, ties.dropFirst()) { #expect(a.upper < b.lower) }
    let shares = plain.map { $0.fakeShare * Double($0.count) }.reduce(0, +)
    #expect(abs(shares - Double(cases[0].label.reduce(0, +))) < 1e-9)
  }
}
