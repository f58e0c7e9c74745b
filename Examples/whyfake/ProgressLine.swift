import Foundation
import Synchronization

/// One line at the bottom of the terminal that says how far the work is; nothing where nobody watches.
final class ProgressLine: Sendable {
  static let shared = ProgressLine()

  private struct State {
    var label = ""
    var started = ContinuousClock.now
    /// How much was done when it started.
    var first = 0.0
    var drawn: ContinuousClock.Instant?
  }
  private let state = Mutex(State())

  /// Shows that `label` is done to `fraction`, in [0, 1], what else there is to say, and how long it will take at
  /// this pace.
  func show(_ label: String, _ fraction: Double, detail: String? = nil) {
    draw(label, first: fraction) { state in
      let words = ProgressLine.words(fraction, since: state.first, after: .now - state.started)
      return [label, detail.map { "\($0)," }, words].compactMap(\.self).joined(separator: " ")
    }
  }

  /// Shows what there is to say of `label`, whose end cannot be foreseen.
  func note(_ label: String, _ detail: String) { draw("\(label):", first: 0) { _ in "\(label): \(detail)" } }

  private func draw(_ label: String, first: Double, _ line: (State) -> String) {
    guard Terminal.isInteractive else { return }
    let text: String? = state.withLock { state in
      let now = ContinuousClock.now
      if state.label != label { state = State(label: label, started: now, first: first) }
      if let drawn = state.drawn, now - drawn < .milliseconds(100) { return nil }
      state.drawn = now
      return line(state)
    }
    if let text { Terminal.status("\r\u{1B}[K\(text)") }
  }

  /// Removes the line.
  func clear() {
    guard Terminal.isInteractive else { return }
    let drawn = state.withLock { state in
      defer { state = State() }
      return state.drawn != nil
    }
    if drawn { Terminal.status("\r\u{1B}[K") }
  }

  /// Such as `38 %, 4 s left`; the time only once there is something to judge it by. What was done before, up to
  /// `first`, says nothing of the pace.
  static func words(_ fraction: Double, since first: Double, after elapsed: Duration) -> String {
    let fraction = min(max(fraction, 0), 1)
    let percent = "\(Int((fraction * 100).rounded())) %"
    let seconds = elapsed / .seconds(1)
    guard fraction - first > 0.02, seconds > 0.5 else { return percent }
    return "\(percent), \(words(seconds: seconds * (1 - fraction) / (fraction - first))) left"
  }

  /// Such as `4 s`, `2 min 5 s`, `1 h 3 min`.
  static func words(seconds: Double) -> String {
    let whole = max(1, Int(seconds.rounded()))
    return switch whole {
    case ..<60: "\(whole) s"
    case ..<3600: "\(whole / 60) min \(whole % 60) s"
    default: "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
  }
}
