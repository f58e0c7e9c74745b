import Crypto
import Foundation
import Synchronization

/// What is told on standard error: refusals, by a number for each client that means nothing after the program has ended.
///
/// No address and no link is written. At most twenty lines a second; the rest is counted.
final class Log: Sendable {
  private struct State {
    var second = 0
    var lines = 0
    var omitted = 0
  }
  private let key = SymmetricKey(size: .bits128)
  private let state = Mutex(State())
  private let write: @Sendable (String) -> Void

  init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

  /// Tells of a refused request.
  func refused(_ status: Int, _ what: String, _ why: String, client: String) {
    let second = Int(Date().timeIntervalSince1970)
    let omitted: Int? = state.withLock { state in
      if state.second != second {
        defer { state = State(second: second, lines: state.omitted > 0 ? 2 : 1) }
        return state.omitted
      }
      state.lines += 1
      if state.lines <= 20 { return 0 }
      state.omitted += 1
      return nil
    }
    guard let omitted else { return }
    if omitted > 0 { write("\(omitted) more were refused") }
    let code = HMAC<SHA256>.authenticationCode(for: Data(client.utf8), using: key).prefix(3)
    write("refused \(status) \(what): \(why) (client \(code.map { String($0, radix: 16) }.joined()))")
  }

  /// Tells of something else.
  func say(_ text: String) { write(text) }
}
