import ArgumentParser
import Foundation
import SurveyModel
import SurveyServer

/// `whyfake-survey serve`: the questionnaire on the web.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves a study and keeps the answers.",
    discussion: """
      Answers are in answers.sqlite in the study's folder. The administrator's page is /admin; its password is in the file \
      admin-token, any name does. On the internet put it behind a proxy that speaks HTTPS, with --proxies 1 --https. \
      Ctrl-C or SIGTERM ends it: what is under way is answered first.
      """)

  @Argument(help: "The study's folder, made by create.")
  var study: String

  @Option(help: "The address to listen on.")
  var host: String = "127.0.0.1"

  @Option(help: "The port to listen on; 0 takes a free one.")
  var port: Int = 8080

  @Option(help: "How many trusted proxies stand before it and add the client's address to X-Forwarded-For.")
  var proxies: Int = 0

  @Flag(help: "People reach it by HTTPS, through the proxy: tell browsers to stay with it.")
  var https = false

  @Option(
    help:
      "Requests a second that one client may go on with, ten times as many at once; 0 for no limits of rate.")
  var requestsPerSecond: Double = 20

  @Option(help: "Respondents that may begin from one client in a minute.")
  var startsPerMinute: Double = 30

  @Option(help: "Respondents there can be.")
  var maxRespondents: Int = 10_000

  @Option(help: "Connections there can be at once.")
  var maxConnections: Int = 1000

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port is from 0 to 65535.") }
    guard (0...10).contains(proxies) else { throw ValidationError("--proxies is from 0 to 10.") }
    guard requestsPerSecond >= 0, startsPerMinute > 0, requestsPerSecond.isFinite, startsPerMinute.isFinite
    else {
      throw ValidationError("--requests-per-second is at least 0 and --starts-per-minute above it.")
    }
    guard maxRespondents > 0, maxConnections > 0 else {
      throw ValidationError("--max-respondents and --max-connections are above 0.")
    }
  }

  func run() async throws {
    do {
      let server = try SurveyServer(
        folder: study,
        settings: .init(
          host: host, port: port, proxies: proxies, isHTTPS: https, requestsPerSecond: requestsPerSecond,
          startsPerMinute: startsPerMinute, maximumRespondents: maxRespondents,
          maximumConnections: maxConnections),
        say: Terminal.message)
      let shown = host.contains(":") ? "[\(host)]" : host
      try await server.run { Terminal.message("listening on http://\(shown):\($0)") }
      Terminal.message("stopped")
    } catch let error as SurveyError {
      Terminal.message(error.description)
      throw ExitCode.failure
    } catch {
      Terminal.message("\(host):\(port) cannot be listened on: \(error)")
      throw ExitCode.failure
    }
  }
}
