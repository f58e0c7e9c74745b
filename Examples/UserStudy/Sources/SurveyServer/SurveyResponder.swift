import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SurveyModel

/// Answers requests: limits first, then a route, then a page. Whatever happens, the answer carries the security headers and the
/// client learns nothing of the inside.
struct SurveyResponder: HTTPResponder {
  typealias Context = SurveyContext

  let questionnaire: Questionnaire
  let store: Store
  let media: Media
  let limits: Limits
  let log: Log
  let adminToken: String
  let settings: SurveyServer.Settings

  /// The most bytes of a form.
  static let bodyLimit = 16 * 1024

  func respond(to request: Request, context: SurveyContext) async throws -> Response {
    let client = context.client(request, proxies: settings.proxies)
    var response: Response
    var what = "request"
    do {
      guard limits.take(.request, client) else {
        throw Refusal(.tooManyRequests, .tooMany, "too many requests")
      }
      guard request.uri.string.utf8.first == UInt8(ascii: "/") else {
        throw Refusal(.badRequest, .badRequest, "a target that is no path")
      }
      let route = try Self.route(request)
      what = route.name
      response = try await respond(to: route, request, client)
    } catch let refusal as Refusal {
      log.refused(refusal.status.code, what, refusal.why, client: client)
      response = page(
        questionnaire.message(
          .errorTitle, refusal.text, language: refusal.language ?? language(request), link: refusal.link),
        status: refusal.status)
      if let allowed = refusal.allowed { response.headers[.allow] = allowed }
      if refusal.status == .unauthorized {
        response.headers[.wwwAuthenticate] = "Basic realm=\"study\", charset=\"UTF-8\""
      }
      if refusal.status == .tooManyRequests { response.headers[.retryAfter] = "60" }
    } catch {
      // The store failed: a full disk, a damaged file. Nothing was acknowledged.
      log.say(
        "failed \(what): \(String(describing: error).split(whereSeparator: \.isNewline).joined(separator: " "))"
      )
      response = page(
        questionnaire.message(.errorTitle, .unavailable, language: language(request)),
        status: .serviceUnavailable)
      response.headers[.retryAfter] = "60"
    }
    for field in SecurityHeaders.all { response.headers[field.name] = field.value }
    if settings.isHTTPS { response.headers[.strictTransportSecurity] = "max-age=31536000" }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    if request.method == .head {
      let length = response.headers[.contentLength] ?? String(response.body.contentLength ?? 0)
      // Another body sets another length.
      response.body = .init()
      response.headers[.contentLength] = length
    }
    return response
  }

  /// Why a request is refused.
  private struct Refusal: Error {
    var status: HTTPResponse.Status
    var text: Texts.Key
    var why: String
    var allowed: String?
    var language: String?
    /// Where the client can go on.
    var link: String?

    init(
      _ status: HTTPResponse.Status, _ text: Texts.Key, _ why: String, allowed: String? = nil,
      language: String? = nil,
      link: String? = nil
    ) {
      (self.status, self.text, self.why, self.allowed) = (status, text, why, allowed)
      (self.language, self.link) = (language, link)
    }
  }

  private static func route(_ request: Request) throws(Refusal) -> Route {
    do {
      return try Route(request.method, request.uri.path)
    } catch {
      switch error {
      case .notFound: throw Refusal(.notFound, .notFound, "no such page")
      case .method(let allowed):
        throw Refusal(.methodNotAllowed, .badRequest, "another method", allowed: allowed)
      }
    }
  }

  private func respond(to route: Route, _ request: Request, _ client: String) async throws -> Response {
    switch route {
    case .introduction: return page(questionnaire.introduction(language: language(request)))
    case .start: return try await start(request, client)
    case .style: return file(Pages.style, "text/css; charset=utf-8")
    case .script: return file(Pages.script, "text/javascript; charset=utf-8")
    case .icon: return file(Pages.icon, "image/svg+xml")
    case .health:
      guard await store.isAlive() else {
        throw Refusal(.serviceUnavailable, .unavailable, "the database does not answer")
      }
      return Response(
        status: .ok, headers: [.contentType: "text/plain"],
        body: .init(byteBuffer: ByteBuffer(string: "ok\n")))
    case .resume(let link):
      let respondent = try await respondent(link)
      return redirect("/r/\(link)/\(respondent.next)")
    case .step(let link, let number): return try await step(number, link)
    case .answer(let link, let number): return try await answer(number, link, request)
    case .media(let name):
      guard let response = media.response(name, request) else {
        throw Refusal(.notFound, .notFound, "no such file")
      }
      return response
    case .admin(let wanted): return try await admin(wanted, request, client)
    }
  }

  // MARK: Respondents

  private func start(_ request: Request, _ client: String) async throws -> Response {
    let fields = try await form(request)
    let given = fields.filter { $0.name == "language" }.map(\.value)
    let language = given.count == 1 && questionnaire.texts[given[0]] != nil ? given[0] : language(request)
    guard let nonce = nonce(fields, .start) else {
      throw Refusal(
        .forbidden, .forbidden, "a form that is not ours, or too old", language: language, link: "/")
    }
    guard fields.filter({ $0.name == "consent" }).map(\.value) == ["yes"] else {
      return page(
        questionnaire.introduction(language: language, problem: .consentMissing),
        status: .unprocessableContent)
    }
    guard limits.take(.start, client) else {
      throw Refusal(.tooManyRequests, .tooMany, "too many begin", language: language)
    }
    let link = questionnaire.signer.link(start: nonce)
    guard let digest = Signer.digest(ofLink: link),
      try await store.begin(link: digest, language: language, limit: settings.maximumRespondents) != nil
    else {
      throw Refusal(
        .serviceUnavailable, .full, "there are as many respondents as there may be", language: language)
    }
    return redirect("/r/\(link)/0")
  }

  private func respondent(_ link: String) async throws -> Store.Respondent {
    guard let digest = Signer.digest(ofLink: link), let respondent = try await store.respondent(link: digest)
    else {
      throw Refusal(.notFound, .notFound, "no such link")
    }
    return respondent
  }

  private func step(_ number: Int, _ link: String) async throws -> Response {
    let respondent = try await respondent(link)
    if number == respondent.schedule.steps, respondent.isFinished {
      return page(questionnaire.message(.thanksTitle, .thanks, language: respondent.language))
    }
    guard number <= respondent.next, !respondent.isFinished,
      let step = Step(number, sections: respondent.schedule.sections.count)
    else { return redirect("/r/\(link)/\(respondent.next)") }
    try await store.visit(respondent, step: number)
    return page(questionnaire.page(step, of: respondent, link: link))
  }

  private func answer(_ number: Int, _ link: String, _ request: Request) async throws -> Response {
    let respondent = try await respondent(link)
    let fields: [(name: String, value: String)]
    do {
      fields = try await form(request)
    } catch var refusal as Refusal {
      (refusal.language, refusal.link) = (respondent.language, "/r/\(link)")
      throw refusal
    }
    guard let step = Step(number, sections: respondent.schedule.sections.count),
      let nonce = nonce(fields, .answer(respondent: respondent.id, step: number))
    else {
      throw Refusal(
        .forbidden, .forbidden, "a form that is not ours", language: respondent.language, link: "/r/\(link)")
    }
    guard let answer = GivenAnswer(fields, to: step, explainers: questionnaire.study.explainers.count) else {
      guard number <= respondent.next, respondent.isOpen(step) else {
        throw Refusal(
          .conflict, .conflict, "no answer to a step that is closed", language: respondent.language,
          link: "/r/\(link)")
      }
      return page(
        questionnaire.page(step, of: respondent, link: link, problem: .answerMissing),
        status: .unprocessableContent)
    }
    switch try await store.answer(answer, to: step, of: respondent.id, nonce: nonce) {
    case .stored: return redirect("/r/\(link)/\(number + 1)")
    case .refused(let why):
      throw Refusal(.conflict, .conflict, why, language: respondent.language, link: "/r/\(link)")
    }
  }

  private func nonce(_ fields: [(name: String, value: String)], _ purpose: Signer.Purpose) -> [UInt8]? {
    let tokens = fields.filter { $0.name == "form" }.map(\.value)
    return tokens.count == 1 ? questionnaire.signer.nonce(of: tokens[0], for: purpose) : nil
  }

  /// The fields of a form, within its limits of size and time.
  private func form(_ request: Request) async throws -> [(name: String, value: String)] {
    let type = request.headers[.contentType]?.split(separator: ";").first?.trimmingCharacters(
      in: .whitespaces)
    guard type?.lowercased() == "application/x-www-form-urlencoded" else {
      throw Refusal(.unsupportedMediaType, .badRequest, "no form")
    }
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.bodyLimit {
      throw Refusal(.contentTooLarge, .tooLarge, "a body of \(length) bytes")
    }
    let body = request.body
    let collected = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
      group.addTask {
        do {
          return try await body.collect(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
          throw Refusal(.contentTooLarge, .tooLarge, "a body that goes on")
        } catch {
          throw Refusal(.badRequest, .badRequest, "a body that breaks off or has no such chunks")
        }
      }
      group.addTask {
        try await Task.sleep(for: .seconds(20))
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    guard let collected else { throw Refusal(.requestTimeout, .badRequest, "a body that does not come") }
    guard let fields = FormBody.fields(collected.readableBytesView) else {
      throw Refusal(.badRequest, .badRequest, "a form that cannot be read")
    }
    return fields
  }

  // MARK: The administrator

  private func admin(_ wanted: Route.Admin, _ request: Request, _ client: String) async throws -> Response {
    guard let password = Self.password(request) else {
      throw Refusal(.unauthorized, .forbidden, "no token")
    }
    guard Signer.isToken(password, adminToken) else {
      guard limits.take(.login, client) else {
        throw Refusal(.tooManyRequests, .tooMany, "too many wrong tokens")
      }
      throw Refusal(.unauthorized, .forbidden, "a wrong token")
    }
    switch wanted {
    case .overview: return page(questionnaire.overview(try await store.counts()))
    case .section(let number):
      guard let preview = questionnaire.preview(number, language: language(request)) else {
        throw Refusal(.notFound, .notFound, "no such section")
      }
      return page(preview)
    case .table:
      let table = ResponsesTable.csv(try await store.responses())
      return download(ByteBuffer(string: table), "text/csv; charset=utf-8", "answers.csv")
    case .backup:
      let path =
        FileManager.default.temporaryDirectory.path
        + "/whyfake-survey.\(UInt64.random(in: 0...(.max))).sqlite"
      // Made by us, empty and for nobody else, before the answers go into it.
      guard
        FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
      else {
        throw SurveyError("cannot be made", path: path)
      }
      defer { try? FileManager.default.removeItem(atPath: path) }
      try await store.backup(to: path)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      return download(ByteBuffer(bytes: bytes), "application/vnd.sqlite3", "answers.sqlite")
    }
  }

  private static func password(_ request: Request) -> String? {
    guard let header = request.headers[.authorization], header.utf8.count <= 400,
      header.lowercased().hasPrefix("basic "),
      let data = Data(base64Encoded: String(header.dropFirst(6)).trimmingCharacters(in: .whitespaces)),
      let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
    else { return nil }
    return String(text[text.index(after: colon)...])
  }

  // MARK: Answers

  private func language(_ request: Request) -> String {
    let asked = request.uri.queryParameters["language"].map(String.init)
    if let asked, questionnaire.texts[asked] != nil { return asked }
    return Texts.preferred(request.headers[.acceptLanguage], of: questionnaire.texts.keys)
  }

  private func page(_ html: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "text/html; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(string: html)))
  }

  private func file(_ bytes: [UInt8], _ type: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: type, .cacheControl: "max-age=3600"],
      body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private func download(_ bytes: ByteBuffer, _ type: String, _ name: String) -> Response {
    Response(
      status: .ok,
      headers: [.contentType: type, .contentDisposition: "attachment; filename=\"\(name)\""],
      body: .init(byteBuffer: bytes))
  }

  private func redirect(_ path: String) -> Response {
    Response(status: .seeOther, headers: [.location: path])
  }
}
