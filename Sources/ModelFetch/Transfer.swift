import Dispatch
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Takes what an exchange brings, in order; an error that it throws ends the exchange.
protocol Receiver: Sendable {
  /// Status and headers have come.
  func begin(_ response: HTTPURLResponse) throws
  /// Bytes of the body have come.
  func take(_ bytes: Data) throws
}

/// One HTTP request and its answer.
///
/// `URLSession` stands on libcurl on Linux, which takes proxies from the environment (`https_proxy`, `no_proxy`); on
/// macOS the system's settings hold. Redirects are not followed but told, so that each address can be judged.
final class Transfer: NSObject, URLSessionDataDelegate {
  /// How an exchange ended.
  enum Ending: Sendable {
    /// The server said all that it had to say.
    case complete
    /// The file is elsewhere.
    case redirected(to: String)
    /// The connection could not be made, or broke.
    case broken(URLError.Code, String)
    /// Nothing came for too long.
    case silent
    /// The receiver wants no more.
    case refused(any Error)
  }

  private struct State {
    /// Given up at the end: the session may hold its delegate for longer, and with it the receiver's lock.
    var receiver: (any Receiver)?
    var ending: Ending?
    var lastSign = ContinuousClock.now
  }

  private let state: Mutex<State>
  private let completed = DispatchSemaphore(value: 0)

  private init(receiver: any Receiver) { state = Mutex(State(receiver: receiver)) }

  /// Runs `request`; ends early where `patience` passes without a byte, or where the caller's task is cancelled.
  static func run(_ request: URLRequest, to receiver: any Receiver, patience: Duration) throws -> Ending {
    let transfer = Transfer(receiver: receiver)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.urlCache = nil
    configuration.httpCookieStorage = nil
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    // Silence is noticed here; this is only so that the session's own limit is not the shorter one.
    configuration.timeoutIntervalForRequest = patience / .seconds(1) + 30
    let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: nil)
    defer { session.invalidateAndCancel() }
    let task = session.dataTask(with: request)
    task.resume()
    var isCancelled = false
    while transfer.completed.wait(timeout: .now() + 0.1) == .timedOut {
      let quiet = transfer.state.withLock { ContinuousClock.now - $0.lastSign }
      if !isCancelled, quiet > patience || Task.isCancelled {
        isCancelled = true
        transfer.end(Task.isCancelled ? .refused(CancellationError()) : .silent, task)
      }
      // A session that does not even say that it was cancelled is left behind.
      if quiet > patience + .seconds(5) { break }
    }
    // From here on nothing is given to the receiver.
    return transfer.state.withLock { state in
      state.receiver = nil
      state.ending = state.ending ?? .silent
      return state.ending ?? .silent
    }
  }

  /// Settles how it ends, of which only the first time counts, and cancels what is still to come.
  private func end(_ ending: Ending, _ task: URLSessionTask) {
    state.withLock { $0.ending = $0.ending ?? ending }
    task.cancel()
  }

  /// Gives something to the receiver, unless all is over.
  private func give(_ task: URLSessionTask, _ body: (any Receiver) throws -> Void) {
    let failure: (any Error)? = state.withLock { state in
      guard state.ending == nil, let receiver = state.receiver else { return nil }
      do {
        try body(receiver)
        state.lastSign = .now
        return nil
      } catch {
        return error
      }
    }
    if let failure { end(.refused(failure), task) }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    let location = response.value(forHTTPHeaderField: "Location") ?? request.url?.absoluteString ?? ""
    state.withLock { $0.ending = $0.ending ?? .redirected(to: location) }
    // Not cancelled: on Linux, a task that is cancelled while it waits for this answer brings the program down.
    completionHandler(nil)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    give(dataTask) { receiver in
      guard let response = response as? HTTPURLResponse else { throw Setback.again("the answer is not HTTP") }
      try receiver.begin(response)
    }
    // Where it is refused the task was cancelled; on Linux the disposition is not looked at.
    completionHandler(state.withLock { $0.ending == nil } ? .allow : .cancel)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    give(dataTask) { try $0.take(data) }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let ending: Ending =
      if let error {
        .broken((error as? URLError)?.code ?? .unknown, error.localizedDescription)
      } else {
        .complete
      }
    state.withLock { $0.ending = $0.ending ?? ending }
    completed.signal()
  }
}
