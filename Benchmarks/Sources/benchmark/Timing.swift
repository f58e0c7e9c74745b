import Foundation

/// How long something took, again and again, in milliseconds.
struct Timing {
  let median: Double
  let least: Double
  let largest: Double
  let count: Int

  init(milliseconds: [Double]) {
    let sorted = milliseconds.sorted()
    let middle = sorted.count / 2
    median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    (least, largest, count) = (sorted[0], sorted[sorted.count - 1], sorted.count)
  }

  /// Times `bodies` in turn, so that what the machine does meanwhile reaches all alike: the peers' protocol. `warm` runs
  /// of each are not counted; then at least `runs`, and as many as the first needs to fill `seconds`, 201 at the most.
  static func measure(
    runs: Int, warm: Int, seconds: Double = 0, _ bodies: () throws -> Void...
  ) throws -> [Timing] {
    for _ in 0..<warm { for body in bodies { try body() } }
    var times = [[Double]](repeating: [], count: bodies.count)
    var total = 0.0
    while times[0].count < runs || total < seconds {
      for (i, body) in bodies.enumerated() {
        let start = ContinuousClock.now
        try body()
        times[i].append((ContinuousClock.now - start) / .milliseconds(1))
      }
      total += times[0][times[0].count - 1] / 1000
      if times[0].count > 200 { break }
    }
    return times.map(Timing.init)
  }
}

extension JSONLine {
  /// The most memory that this process has had. Read by the process itself: what the system tells a parent counts the
  /// parent's own memory at the fork. Left out where there is no `/proc`.
  func addingPeakMemory() -> JSONLine {
    guard let kilobytes = peakKilobytes() else { return self }
    return adding("peak_rss_mib", Double(kilobytes) / 1024, digits: 1)
  }
}

/// `VmHWM` of this process; nil where there is no `/proc`.
func peakKilobytes() -> Int? {
  guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
    let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
  else { return nil }
  return Int(line.filter(\.isNumber))
}
