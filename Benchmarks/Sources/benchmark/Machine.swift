import CMachine
import Dispatch
import Foundation

/// What the machine can do at most, measured.
struct Machine {
  /// Fused multiply-adds of single precision, in GFLOP/s, all threads.
  let peak: Double
  /// Bytes of a working set, all threads, and GB/s of a triad over it: smallest first.
  let bandwidths: [(bytes: Double, rate: Double)]

  /// Measures for about a second, or only the peak for about half of one.
  init(threads: Int, peakOnly: Bool = false) {
    peak = Machine.peak(threads)
    bandwidths =
      peakOnly
      ? [] : [0.25, 1, 4, 12, 256].map { ($0 * 0x1p20, Machine.bandwidth(threads, bytes: $0 * 0x1p20)) }
  }

  /// GB/s for a layer that touches `bytes`: that of the smallest working set that is not smaller.
  func bandwidth(for bytes: Double) -> Double {
    (bandwidths.first { $0.bytes >= bytes } ?? bandwidths[bandwidths.count - 1]).rate
  }

  private static func peak(_ threads: Int) -> Double {
    let rounds = 2_000_000
    return best(of: 5) {
      let sums = Shared([Float](repeating: 0, count: threads * 32))
      DispatchQueue.concurrentPerform(iterations: threads) { part in
        sums.operations[part] = cm_multiply_add(rounds, sums.values + part * 32)
      }
      return (0..<threads).reduce(0) { $0 + sums.operations[$1] } * Double(rounds)
    } * 1e-9
  }

  private static func bandwidth(_ threads: Int, bytes: Double) -> Double {
    let count = Int(bytes / 12 / Double(threads)) & ~63
    let rounds = max(1, Int(200e6 / bytes))
    let arrays = Shared([Float](repeating: 1, count: 3 * count * threads))
    return best(of: 5) {
      DispatchQueue.concurrentPerform(iterations: threads) { part in
        let a = arrays.values + 3 * count * part
        cm_triad(a, a + count, a + 2 * count, count, rounds)
      }
      return Double(12 * count * threads * rounds)
    } * 1e-9
  }

  /// The largest amount per second of several tries, each of which returns the amount.
  private static func best(of tries: Int, _ body: () -> Double) -> Double {
    (0..<tries).reduce(0) { best, _ in
      let start = ContinuousClock.now
      let amount = body()
      return max(best, amount / ((ContinuousClock.now - start) / .seconds(1)))
    }
  }
}

/// Memory whose parts belong to one thread each.
private final class Shared: @unchecked Sendable {
  let values: UnsafeMutablePointer<Float>
  let operations: UnsafeMutablePointer<Double>

  init(_ initial: [Float]) {
    values = .allocate(capacity: initial.count)
    values.initialize(from: initial, count: initial.count)
    operations = .allocate(capacity: 1024)
    operations.initialize(repeating: 0, count: 1024)
  }

  deinit {
    values.deallocate()
    operations.deallocate()
  }
}
