import ExplanationMetrics
import Explainers
import Foundation
import Tensor
import TestSupport
import Testing

func map(_ frames: Int, _ side: Int, _ value: (Int, Int, Int) -> Float) throws -> RelevanceMap {
  try RelevanceMap(
    values: Tensor(shape: [frames, side, side]) { out in
      for t in 0..<frames {
        for y in 0..<side { for x in 0..<side { out[(t * side + y) * side + x] = value(t, y, x) } }
      }
    })
}

@Suite("The five numbers of a map")
struct MapMetricsTests {
  @Test("a uniform map is centred by half, and has neither τ nor ρ")
  func uniform() throws {
    let metrics = MapMetrics(try map(3, 20) { _, _, _ in 0.3 })
    #expect(abs(metrics.centredness! - 0.5) < 1e-9)
    #expect(metrics.variance == 0)
    #expect(metrics.interFrameConsistency == nil && metrics.intraFrameConsistency == nil)
    #expect(metrics.framesUsed.interFrameConsistency == 0 && metrics.framesUsed.centredness == 3)
  }

  @Test("a frame of zeros has no centredness and is counted out")
  func zeros() throws {
    let metrics = MapMetrics(try map(2, 8) { t, y, x in t == 0 && y == 4 && x == 4 ? 1 : 0 })
    #expect(metrics.centredness == 1)
    #expect(metrics.framesUsed.centredness == 1)
    #expect(abs(metrics.intensity - 1 / 128) < 1e-9)
    #expect(MapMetrics(try map(2, 8) { _, _, _ in 0 }).centredness == nil)
  }

  @Test("scaling a map changes neither τ, ρ nor μ")
  func scale() throws {
    let metrics = try [Float(1), 0.25].map { scale in
      MapMetrics(try map(4, 16) { t, y, x in scale * abs(sin(Float(t + y * 3 + x * 5))) })
    }
    #expect(abs(metrics[0].interFrameConsistency! - metrics[1].interFrameConsistency!) < 1e-6)
    #expect(abs(metrics[0].intraFrameConsistency! - metrics[1].intraFrameConsistency!) < 1e-6)
    #expect(abs(metrics[0].centredness! - metrics[1].centredness!) < 1e-6)
    #expect(metrics[1].intensity < metrics[0].intensity)
  }

  @Test("half ones and half zeros reach the largest variance, and opposite frames τ = −1")
  func extremes() throws {
    let metrics = MapMetrics(try map(2, 10) { t, y, _ in (y < 5) == (t == 0) ? 1 : 0 })
    #expect(abs(metrics.variance - 0.25) < 1e-12)
    #expect(abs(metrics.interFrameConsistency! + 1) < 1e-12)
  }

  @Test("values outside [0, 1] are refused")
  func range() {
    #expect(throws: ExplanationError.self) { try map(1, 4) { _, _, x in x == 2 ? 1.01 : 0 } }
    #expect(throws: ExplanationError.self) { try map(1, 4) { _, _, x in x == 2 ? .nan : 0 } }
  }
}
