import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import SurveyModel
import Synchronization
import Testing

@testable import SurveyServer

/// A study of `sections` sections in `forms` forms, of as many videos.
func smallStudy(sections: Int = 3, forms: Int = 1, explainers: [String] = ["gradcam", "kernelshap", "ltpa"])
  -> Study
{
  func media(_ number: Int, _ suffix: String) -> String {
    String(repeating: "0", count: 16 - String(number).count) + String(number) + ".\(suffix)"
  }
  let videos = (0..<2 * sections).map { i in
    Study.Video(
      name: i % 2 == 0 ? "ffpp/c23/original/00\(i)" : "ffpp/c23/Deepfakes/00\(i)_183",
      path: "/videos/clip\(i).mp4",
      sha256: "5ha\(i)", label: i % 2 == 0 ? .real : .fake, people: ["person\(i)"],
      media: media(2 * i, "mp4"),
      poster: media(2 * i + 1, "jpg"))
  }
  return Study(
    seed: 7, explainers: explainers, reuse: 1, width: 64, height: 48, videos: videos,
    sections: (0..<sections).map { i in
      Study.Section(
        number: i + 1, form: i * forms / sections + 1, real: videos[2 * i].name, fake: videos[2 * i + 1].name,
        subject: .fake, belief: .fake, probability: 0.75,
        animations: Dictionary(
          uniqueKeysWithValues: explainers.enumerated().map { ($1, media(1000 + 100 * i + $0, "mp4")) }))
    })
}

/// A folder that is gone with this object.
final class TemporaryFolder: Sendable {
  let path = FileManager.default.temporaryDirectory.path + "/survey-tests-\(UInt64.random(in: 0...(.max)))"

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ data: Data) throws {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
  }
}

/// A study's folder as `create` makes it.
struct StudyFolder: Sendable {
  let folder: TemporaryFolder
  let study: Study

  static let token = "the-token-of-the-administrator-of-this-study"
  static let secret = "a-secret-of-more-than-thirty-two-characters"

  init(_ study: Study = smallStudy()) throws {
    (folder, self.study) = (try TemporaryFolder(), study)
    try folder.write("study.json", try study.json())
    for (language, text) in Texts.shipped { try folder.write("texts/\(language).json", Data(text)) }
    try folder.write("secret", Data((Self.secret + "\n").utf8))
    try folder.write("admin-token", Data((Self.token + "\n").utf8))
    for name in study.mediaFiles { try folder.write("media/\(name)", Self.media(name)) }
  }

  var path: String { folder.path }

  /// What a media file holds; the first video more than one piece of what is written at once.
  static func media(_ name: String) -> Data {
    var generator = SeededGenerator(seed: UInt64(name.prefix(16)) ?? 0)
    return Data(
      (0..<(name == "0000000000000000.mp4" ? 150_001 : 1000)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      })
  }
}

/// Lines that were told.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock(\.self) }

  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// A study that is served.
struct Site: Sendable {
  let folder: StudyFolder
  let store: Store
  let responder: SurveyResponder
  let lines = Lines()

  init(
    _ study: Study = smallStudy(), limits: [Limits.Kind: Limits.Rate] = [:],
    settings: SurveyServer.Settings = SurveyServer.Settings()
  ) throws {
    let lines = lines
    folder = try StudyFolder(study)
    store = try Store(folder: folder.path, study: study)
    responder = SurveyResponder(
      questionnaire: Questionnaire(
        study: study, texts: try Texts.read(folder.path), pages: try Pages(),
        signer: Signer(secret: StudyFolder.secret)), store: store,
      media: try Media(study, folder: folder.path), limits: Limits(limits), log: Log { lines.add($0) },
      adminToken: StudyFolder.token, settings: settings)
  }

  var signer: Signer { responder.questionnaire.signer }

  /// The respondent of a link such as `/r/…`.
  func respondent(_ link: String) async throws -> Store.Respondent {
    let digest = try #require(Signer.digest(ofLink: String(link.dropFirst(3))))
    return try #require(try await store.respondent(link: digest))
  }

  /// Asks it, without a socket.
  func visit(_ body: @escaping @Sendable (Browser) async throws -> Void) async throws {
    let application = Application(
      responder: responder, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
    try await application.test(.router) { try await body(Browser(client: $0)) }
  }
}

/// What a browser was answered.
struct Page: Sendable {
  let status: Int
  let headers: HTTPFields
  let bytes: [UInt8]

  var text: String { String(decoding: bytes, as: UTF8.self) }
  var location: String? { headers[.location] }
  /// The language of the page.
  var language: String? { between("<html lang=\"", "\"") }
  /// The hidden field of its form.
  var form: String { between("name=\"form\" value=\"", "\"") ?? "" }
  /// The media that it shows, in order.
  var videos: [String] {
    text.components(separatedBy: "<video src=\"/media/").dropFirst().map { String($0.prefix { $0 != "\"" }) }
  }

  func between(_ before: String, _ after: String) -> String? {
    let parts = text.components(separatedBy: before)
    return parts.count > 1 ? parts[1].components(separatedBy: after)[0] : nil
  }

  subscript(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
}

/// One who asks.
struct Browser: Sendable {
  let client: any TestClientProtocol
  static let formType = "application/x-www-form-urlencoded"

  func ask(
    _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: String? = nil
  ) async throws -> Page {
    let response = try await client.executeRequest(
      uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
    return Page(
      status: response.status.code, headers: response.headers, bytes: Array(response.body.readableBytesView))
  }

  func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> Page {
    try await ask(.get, path, headers: headers)
  }

  func post(
    _ path: String, _ fields: KeyValuePairs<String, String>, headers: HTTPFields = [:]
  ) async throws -> Page {
    var headers = headers
    headers[.contentType] = headers[.contentType] ?? Self.formType
    let body = fields.map { "\(Self.encoded($0))=\(Self.encoded($1))" }.joined(separator: "&")
    return try await ask(.post, path, headers: headers, body: body)
  }

  /// Begins; the link, `/r/…`.
  func begin(language: String = "en", headers: HTTPFields = [:]) async throws -> String {
    let page = try await post(
      "/start", ["form": try await get("/").form, "language": language, "consent": "yes"], headers: headers)
    #expect(page.status == 303)
    let location = try #require(page.location)
    #expect(location.hasPrefix("/r/") && location.hasSuffix("/0") && location.utf8.count == 27)
    return String(location.dropLast(2))
  }

  /// Looks at a step and answers it.
  func answer(_ link: String, _ step: Int, _ fields: KeyValuePairs<String, String>) async throws -> Page {
    let page = try await get("\(link)/\(step)")
    #expect(page.status == 200, "step \(step)")
    return try await send(link, step, page.form, fields)
  }

  func send(
    _ link: String, _ step: Int, _ form: String, _ fields: KeyValuePairs<String, String>
  ) async throws -> Page {
    let body = ([("form", form)] + fields.map { ($0, $1) }).map { "\(Self.encoded($0))=\(Self.encoded($1))" }
    return try await ask(
      .post, "\(link)/\(step)", headers: [.contentType: Self.formType], body: body.joined(separator: "&"))
  }

  /// Answers all steps up to `end`, not including it.
  func answer(_ link: String, upTo end: Int) async throws {
    for step in 0..<end {
      let page = try await answer(link, step, Self.usual(step))
      #expect(page.status == 303 && page.location == "\(link)/\(step + 1)")
    }
  }

  static func usual(_ step: Int) -> KeyValuePairs<String, String> {
    step == 0
      ? ["screen": "large", "familiarity": "heard"]
      : step % 2 == 1 ? ["choice": "1"] : ["best": "1", "best": "3"]
  }

  static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case 48...57, 65...90, 97...122: String(UnicodeScalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }
}
