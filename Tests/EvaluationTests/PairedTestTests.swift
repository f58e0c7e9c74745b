import Evaluation
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Paired tests")
struct PairedTestTests {
  private struct Case: Decodable {
    let differences: [Double]
    let p: Double
  }

  private func golden() throws -> (cases: [Case], raw: [Double], holm: [Double]) {
    struct Golden: Decodable {
      let cases: [Case]
      let raw: [Double]
      let holm: [Double]
    }
    let golden = try JSONDecoder().decode(
      Golden.self,
      from: Data(contentsOf: URL(fileURLWithPath: TestSupport.Golden.path("evaluation/paired.json"))))
    return (golden.cases, golden.raw, golden.holm)
  }

  @Test("agree with SciPy's exact permutation test, ties and zeros included")
  func exact() throws {
    for c in try golden().cases {
      let test = try #require(PairedTest(c.differences))
      #expect(abs(test.pValue - c.p) < 1e-12 && test.isExact && test.pairs == c.differences.count)
      let scaled = try #require(PairedTest(c.differences.map { $0 * -3.7 }))
      #expect(scaled.pValue == test.pValue)
    }
  }

  @Test("many pairs are sampled, close to what all signs give")
  func sampled() throws {
    var generator = SplitMix(seed: 4)
    let differences = (0..<40).map { _ in generator.normal() + 0.3 }
    let test = try #require(PairedTest(differences))
    #expect(!test.isExact)
    // Normal approximation: Σd / √Σd².
    let z = abs(differences.reduce(0, +)) / differences.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(test.pValue - erfc(z / 2.0.squareRoot())) < 0.01)
    #expect(PairedTest(differences, seed: 1)?.pValue != test.pValue)
    #expect(PairedTest(differences) == test)
  }

  @Test("Holm's correction agrees with statsmodels' definition")
  func holm() throws {
    let golden = try golden()
    for (a, b) in zip(PairedTest.holm(golden.raw), golden.holm) { #expect(abs(a - b) < 1e-12) }
    #expect(PairedTest.holm([]).isEmpty && PairedTest([]) == nil)
  }

  @Test("a mean's interval covers it, and shrinks with the number of values")
  func mean() throws {
    var generator = SplitMix(seed: 9)
    let values = (0..<400).map { _ in generator.normal() }
    let (few, many) = try (
      #require(Bootstrap().mean(of: Array(values.prefix(25)))), #require(Bootstrap().mean(of: values))
    )
    let widths = [few, many].map { $0.interval.upper - $0.interval.lower }
    #expect(abs(widths[1] - 2 * 1.96 / 20) < 0.03 && widths[0] > 2 * widths[1])
    #expect(many.interval.lower < many.value && many.value < many.interval.upper)
    #expect(Bootstrap().mean(of: []) == nil && Bootstrap().mean(of: [2, 2])?.interval.upper == 2)
  }
}
