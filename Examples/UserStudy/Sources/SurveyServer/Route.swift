import HTTPTypes

/// What a request asks for. A path that is not exactly one of these is no route: nothing is decoded, joined or looked up in a
/// file system.
enum Route: Equatable {
  case introduction, start, style, script, icon, health
  case resume(link: String)
  case step(link: String, number: Int)
  case answer(link: String, number: Int)
  case media(String)
  case admin(Admin)

  /// A page of the administrator's.
  enum Admin: Equatable {
    case overview, table, backup
    case section(Int)
  }

  /// Why there is none.
  enum Problem: Error, Equatable {
    case notFound
    case method(allowed: String)
  }

  /// The route of a method and a path without its query.
  init(_ method: HTTPRequest.Method, _ path: String) throws(Problem) {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
      .map { String($0) ?? "" }
    let isRead = method == .get || method == .head
    func read(_ route: Route) throws(Problem) -> Route {
      guard isRead else { throw .method(allowed: "GET, HEAD") }
      return route
    }
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= 200 else { throw .notFound }
    switch (parts.count, parts[0]) {
    case (1, ""): self = try read(.introduction)
    case (1, "style.css"): self = try read(.style)
    case (1, "nice.js"): self = try read(.script)
    case (1, "icon.svg"): self = try read(.icon)
    case (1, "health"): self = try read(.health)
    case (1, "start"):
      guard method == .post else { throw .method(allowed: "POST") }
      self = .start
    case (2, "r"): self = try read(.resume(link: parts[1]))
    case (3, "r"):
      guard let number = Route.number(parts[2]) else { throw .notFound }
      if method == .post {
        self = .answer(link: parts[1], number: number)
      } else {
        guard isRead else { throw .method(allowed: "GET, HEAD, POST") }
        self = .step(link: parts[1], number: number)
      }
    case (2, "media"): self = try read(.media(parts[1]))
    case (1, "admin"): self = try read(.admin(.overview))
    case (2, "admin") where parts[1] == "answers.csv": self = try read(.admin(.table))
    case (2, "admin") where parts[1] == "answers.sqlite": self = try read(.admin(.backup))
    case (3, "admin") where parts[1] == "section":
      guard let number = Route.number(parts[2]) else { throw .notFound }
      self = try read(.admin(.section(number)))
    default: throw .notFound
    }
  }

  /// A number as we write it: up to four digits, no sign, no zero in front.
  private static func number(_ text: String) -> Int? {
    guard text.utf8.count <= 4, let number = Int(text), String(number) == text, number >= 0 else {
      return nil
    }
    return number
  }

  /// What a log may say of it: no link.
  var name: String {
    switch self {
    case .introduction: "introduction"
    case .start: "start"
    case .style, .script, .icon: "page"
    case .health: "health"
    case .resume: "link"
    case .step(_, let number), .answer(_, let number): "step \(number)"
    case .media: "media"
    case .admin: "admin"
    }
  }
}
