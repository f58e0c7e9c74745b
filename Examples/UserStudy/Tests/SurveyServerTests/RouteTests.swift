import HTTPTypes
import Testing

@testable import SurveyServer

struct RouteTests {
  private static let link = "AAAAAAAAAAAAAAAAAAAAAA"

  private static let routes: [(String, Route)] = [
    ("/", .introduction), ("/style.css", .style), ("/nice.js", .script), ("/icon.svg", .icon),
    ("/health", .health), ("/r/\(link)", .resume(link: link)), ("/r/\(link)/0", .step(link: link, number: 0)),
    ("/r/\(link)/41", .step(link: link, number: 41)), ("/r/\(link)/9999", .step(link: link, number: 9999)),
    ("/media/0000000000000001.mp4", .media("0000000000000001.mp4")), ("/admin", .admin(.overview)),
    ("/admin/answers.csv", .admin(.table)), ("/admin/answers.sqlite", .admin(.backup)),
    ("/admin/section/12", .admin(.section(12))),
  ]

  @Test("each path of the contract is a route, read by GET and HEAD", arguments: 0..<14)
  func reads(place: Int) throws {
    let (path, route) = Self.routes[place]
    #expect(try Route(.get, path) == route)
    #expect(try Route(.head, path) == route)
  }

  @Test("forms are posted to two paths")
  func posts() throws {
    #expect(try Route(.post, "/start") == .start)
    #expect(try Route(.post, "/r/\(Self.link)/3") == .answer(link: Self.link, number: 3))
  }

  private func problem(_ method: HTTPRequest.Method, _ path: String) -> Route.Problem? {
    do {
      _ = try Route(method, path)
      return nil
    } catch { return error }
  }

  @Test(
    "a path that is not exactly one of the contract's is none",
    arguments: [
      "", "x", "r", " /", "//", "///", "/./", "/../", "/.", "/..", "/%2e%2e/", "/%2F", "/\\", "/index.html",
      "/style.css/", "/Style.css", "/STYLE.CSS", "//style.css", "/./style.css", "/style.css%00",
      "/style%2ecss",
      "/start/", "/Start", "/health/", "/healthz", "/r", "/R/\(link)", "/r/\(link)/", "/r/\(link)/0/",
      "/r/\(link)/x", "/r/\(link)/00", "/r/\(link)/01", "/r/\(link)/-1", "/r/\(link)/-0", "/r/\(link)/+1",
      "/r/\(link)/10000", "/r/\(link)/99999999999999999999", "/r/\(link)/1.0", "/r/\(link)/1e1",
      "/r/\(link)/ 1", "/r/\(link)/1 ", "/r/\(link)/%31", "/r/\(link)/１", "/r/\(link)/١", "/r/\(link)/0/0",
      "/media", "/Media/0000000000000001.mp4", "/media/a/b", "/media/../study.json", "/media//a", "/admin/",
      "/Admin", "/admin/answers", "/admin/answers.csv/", "/admin/Answers.csv", "/admin/section",
      "/admin/section/", "/admin/section/01", "/admin/section/-1", "/admin/section/1/", "/admin/section/x",
      "/admin//section/1", "/study.json", "/answers.sqlite", "/secret", "/admin-token", "/texts/en.json",
      "/media/" + String(repeating: "0", count: 194),
    ])
  func none(path: String) {
    for method in [HTTPRequest.Method.get, .head, .post, .put] {
      #expect(problem(method, path) == .notFound, "\(method) \(path)")
    }
  }

  @Test("a path may have 200 bytes")
  func longest() {
    #expect(problem(.get, "/media/" + String(repeating: "0", count: 193)) == nil)
  }

  @Test(
    "another method is told which there are",
    arguments: [.put, .delete, .options, .trace, .patch, .connect, HTTPRequest.Method("PROPFIND")!])
  func methods(method: HTTPRequest.Method) {
    for (path, route) in Self.routes {
      if case .step = route {
        #expect(problem(method, path) == .method(allowed: "GET, HEAD, POST"))
      } else {
        #expect(problem(method, path) == .method(allowed: "GET, HEAD"))
        #expect(problem(.post, path) == .method(allowed: "GET, HEAD"))
      }
    }
    #expect(problem(method, "/start") == .method(allowed: "POST"))
    #expect(problem(.get, "/start") == .method(allowed: "POST"))
    #expect(problem(.head, "/start") == .method(allowed: "POST"))
  }

  @Test("methods are told by their case, as the RFC says")
  func lowerCase() {
    #expect(problem(HTTPRequest.Method("get")!, "/") == .method(allowed: "GET, HEAD"))
  }

  @Test("what a log says of a route holds no link")
  func name() throws {
    for (path, route) in Self.routes { #expect(!route.name.contains(Self.link), "\(path)") }
    #expect(try Route(.get, "/r/\(Self.link)/3").name == "step 3")
  }
}
