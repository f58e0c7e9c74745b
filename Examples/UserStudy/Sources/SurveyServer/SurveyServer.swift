import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import SurveyModel
import UnixSignals

/// The questionnaire on the web.
///
/// It listens on the loopback address unless it is told otherwise; on the internet it belongs behind a proxy that speaks TLS.
public struct SurveyServer: Sendable {
  /// How it is served.
  public struct Settings: Sendable {
    /// The address to listen on.
    public var host: String
    /// The port to listen on; 0 takes a free one.
    public var port: Int
    /// How many trusted proxies stand before it and add to `X-Forwarded-For`.
    public var proxies: Int
    /// Whether people reach it by HTTPS: browsers are told to stay with it.
    public var isHTTPS: Bool
    /// Requests a second that one client may go on with; ten times as many at once. 0: no limits of rate at all.
    public var requestsPerSecond: Double
    /// Respondents that may begin from one client in a minute.
    public var startsPerMinute: Double
    /// Respondents there can be.
    public var maximumRespondents: Int
    /// Connections there can be at once.
    public var maximumConnections: Int

    /// Settings; by default for one machine.
    public init(
      host: String = "127.0.0.1", port: Int = 8080, proxies: Int = 0, isHTTPS: Bool = false,
      requestsPerSecond: Double = 20, startsPerMinute: Double = 30, maximumRespondents: Int = 10_000,
      maximumConnections: Int = 1000
    ) {
      (self.host, self.port, self.proxies, self.isHTTPS) = (host, port, proxies, isHTTPS)
      (self.requestsPerSecond, self.startsPerMinute) = (requestsPerSecond, startsPerMinute)
      (self.maximumRespondents, self.maximumConnections) = (maximumRespondents, maximumConnections)
    }
  }

  private let settings: Settings
  private let store: Store
  private let responder: SurveyResponder
  private let log: Log

  /// The server of the study in `folder`.
  ///
  /// - Parameters:
  ///   - folder: as `whyfake-survey create` made it.
  ///   - settings: how it is served.
  ///   - say: called with each line that is to be told.
  /// - Throws: ``SurveyError``: no study, a file that is missing, a database that cannot be used.
  public init(folder: String, settings: Settings, say: @escaping @Sendable (String) -> Void) throws {
    let study = try Study.read(folder)
    let texts = try Texts.read(folder)
    let secret = try Self.secret("\(folder)/secret")
    let token = try Self.secret("\(folder)/admin-token")
    log = Log(say)
    store = try Store(folder: folder, study: study)
    self.settings = settings
    var rates: [Limits.Kind: Limits.Rate] = [:]
    if settings.requestsPerSecond > 0 {
      rates[.request] = .init(perSecond: settings.requestsPerSecond, burst: 10 * settings.requestsPerSecond)
      rates[.start] = .init(perSecond: settings.startsPerMinute / 60, burst: max(1, settings.startsPerMinute))
      rates[.login] = .init(perSecond: 1.0 / 6, burst: 10)
    }
    responder = SurveyResponder(
      questionnaire: Questionnaire(
        study: study, texts: texts, pages: try Pages(), signer: Signer(secret: secret)),
      store: store, media: try Media(study, folder: folder), limits: Limits(rates), log: log,
      adminToken: token,
      settings: settings)
  }

  private static func secret(_ path: String) throws(SurveyError) -> String {
    let text =
      FileManager.default.contents(atPath: path).flatMap { String(validating: $0, as: UTF8.self) } ?? ""
    let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard secret.utf8.count >= 32 else {
      throw SurveyError(
        "is to hold a secret of at least 32 characters; whyfake-survey create makes it", path: path)
    }
    return secret
  }

  /// Serves until a signal asks to stop; then answers what is under way and closes the database.
  ///
  /// - Parameter onRunning: called with the port that it listens on.
  /// - Throws: the address is taken, or not this machine's.
  public func run(onRunning: @escaping @Sendable (Int) -> Void) async throws {
    defer {
      do {
        try store.close()
      } catch {
        log.say("the database was not closed in order (nothing is lost): \(error)")
      }
    }
    var logger = Logger(label: "whyfake-survey") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    let application = Application(
      responder: responder,
      server: .http1(
        configuration: .init(
          idleTimeout: .seconds(30),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 64))),
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: nil,
        availableConnectionsDelegate: MaximumAvailableConnections(settings.maximumConnections)),
      onServerRunning: { channel in onRunning(channel.localAddress?.port ?? settings.port) }, logger: logger)
    try await application.runService(gracefulShutdownSignals: [.sigterm, .sigint])
  }
}
