import Foundation
import HTTPTypes
import Testing

@testable import SurveyServer

struct LimitsTests {
  @Test("a bucket holds its burst, and fills with time up to that")
  func burst() {
    let limits = Limits([.request: .init(perSecond: 2, burst: 3)])
    func take(_ now: Double) -> Bool { limits.take(.request, "a", now: 1000 + now) }
    #expect((0..<5).map { _ in take(0) } == [true, true, true, false, false])
    // Being refused costs nothing.
    #expect([0.25, 0.5, 0.5, 0.75, 1.0].map(take) == [false, true, false, false, true])
    #expect((0..<5).map { _ in take(1000) } == [true, true, true, false, false])
    // A clock that was put back fills nothing.
    #expect(!take(500))
  }

  @Test("over an hour a client gets what its rate says and no more")
  func rate() {
    let limits = Limits([.start: .init(perSecond: 0.5, burst: 30)])
    let taken = (0..<36_000).count { limits.take(.start, "a", now: Double($0) / 10) }
    #expect((1829...1830).contains(taken))
  }

  @Test("kinds and clients do not share a bucket")
  func independence() {
    let limits = Limits([
      .request: .init(perSecond: 0, burst: 2), .start: .init(perSecond: 0, burst: 1),
    ])
    func take(_ kind: Limits.Kind, _ client: String) -> Bool { limits.take(kind, client, now: 5) }
    #expect(take(.request, "a") && take(.request, "a") && !take(.request, "a"))
    #expect(take(.start, "a") && !take(.start, "a"))
    #expect(take(.request, "b") && take(.start, "b") && take(.request, "b") && !take(.request, "b"))
  }

  @Test("what has no rate has no limit")
  func unlimited() {
    let limits = Limits([.request: .init(perSecond: 0, burst: 1)])
    #expect((0..<10_000).allSatisfy { _ in limits.take(.login, "a", now: 5) })
  }

  @Test("clients beyond the capacity are forgotten, those that asked least first")
  func capacity() {
    let limits = Limits([.request: .init(perSecond: 0, burst: 3)], capacity: 100)
    func take(_ client: String) -> Bool { limits.take(.request, client, now: 5) }
    for _ in 0..<3 { #expect(take("greedy")) }
    #expect(take("modest") && take("modest"))
    for i in 0..<10_000 { #expect(take("client \(i)")) }
    #expect(!take("greedy"))
    // Who is forgotten has three again. Which of equals are is not said, only how many are not.
    let remembered = (0..<10_000).count { i in !(0..<3).map { _ in take("client \(i)") }.allSatisfy(\.self) }
    #expect(remembered <= 100)
  }

  @Test("tokens are counted rightly by many at once")
  func concurrent() async {
    let limits = Limits([.request: .init(perSecond: 0, burst: 500)])
    let taken = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<20 { group.addTask { (0..<100).count { _ in limits.take(.request, "a", now: 5) } } }
      return await group.reduce(0, +)
    }
    #expect(taken == 500)
  }
}

struct ClientNetworkTests {
  @Test(
    "a client is an address of IPv4 or 64 bits of IPv6",
    arguments: [
      ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
      ("::ffff:192.0.2.7", "192.0.2.7", true), ("::ffff:c000:207", "192.0.2.7", true),
      ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
      ("2001:db8:1:2::1", "2001:0DB8:0001:0002:3::4", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
      ("::1", "192.0.2.7", false), ("::1", "::2", true), ("::ffff:192.0.2.7", "::ffff:192.0.2.8", false),
      ("none", "192.0.2.7", false), ("none", "none", true), ("", "0.0.0.0", false),
    ])
  func names(one: String, other: String, isSame: Bool) {
    #expect((ClientNetwork.name(one) == ClientNetwork.name(other)) == isSame)
  }

  /// Whose bucket a request takes from, when each holds one token: asked as `first`, whether `second` still gets an answer.
  private func isOther(_ first: String?, _ second: String?, proxies: Int) async throws -> Bool {
    let site = try Site(
      limits: [.request: .init(perSecond: 0, burst: 1)], settings: SurveyServer.Settings(proxies: proxies))
    let isOther = Lines()
    try await site.visit { browser in
      for header in [first, second] {
        let page = try await browser.get(
          "/health", header.map { [HTTPField.Name("X-Forwarded-For")!: $0] } ?? [:])
        isOther.add(String(page.status))
      }
    }
    #expect(isOther.all.first == "200")
    return isOther.all.last == "200"
  }

  @Test("without a proxy nothing that a client says of itself is believed")
  func noProxy() async throws {
    #expect(try await !isOther("192.0.2.1", "192.0.2.2", proxies: 0))
    #expect(try await !isOther(nil, "192.0.2.2", proxies: 0))
  }

  @Test(
    "behind one proxy the last address counts",
    arguments: [
      ("192.0.2.1", "192.0.2.2", true), ("192.0.2.1", "192.0.2.1", false),
      ("8.8.8.8, 192.0.2.1", "9.9.9.9, 192.0.2.1", false),
      ("192.0.2.9, 192.0.2.1", "192.0.2.9, 192.0.2.2", true),
      ("2001:db8::1", "2001:db8::2", false), ("192.0.2.1", "::ffff:192.0.2.1", false),
      (",,,, 192.0.2.1", " , 192.0.2.1", false), ("x\u{9}y, 192.0.2.1", "192.0.2.1 ", false),
    ])
  func oneProxy(first: String, second: String, isOther: Bool) async throws {
    #expect(try await self.isOther(first, second, proxies: 1) == isOther)
  }

  @Test(
    "behind two proxies the last but one counts",
    arguments: [
      ("192.0.2.1, 10.0.0.1", "192.0.2.2, 10.0.0.1", true),
      ("192.0.2.1, 10.0.0.1", "192.0.2.1, 10.0.0.2", false),
      ("8.8.8.8, 192.0.2.1, 10.0.0.1", "9.9.9.9, 192.0.2.1, 10.0.0.1", false),
      // Too few: nobody went through both, so it is the one who speaks to us.
      ("192.0.2.1", "192.0.2.2", false), ("", "192.0.2.2", false),
    ])
  func twoProxies(first: String, second: String, isOther: Bool) async throws {
    #expect(try await self.isOther(first, second, proxies: 2) == isOther)
  }

  @Test("an address that is too long to be one is not remembered")
  func long() async throws {
    let (one, other) = (String(repeating: "1", count: 65), String(repeating: "2", count: 65))
    #expect(try await !isOther(one, other, proxies: 1))
  }
}

struct LogTests {
  /// Runs `body` early in a second, and once more where it did not end in that second.
  private func inOneSecond(_ body: () -> Void) async throws -> Bool {
    let now = Date().timeIntervalSince1970
    try await Task.sleep(for: .seconds(now.rounded(.down) + 1.002 - now))
    let second = Int(Date().timeIntervalSince1970)
    body()
    return Int(Date().timeIntervalSince1970) == second
  }

  @Test("at most twenty lines are told in a second, and the rest is counted")
  func lines() async throws {
    for _ in 0..<10 {
      let lines = Lines()
      let log = Log { lines.add($0) }
      func refuse() {
        for _ in 0..<500 { log.refused(404, "page", "no such page", client: "192.0.2.7") }
      }
      let first = try await inOneSecond(refuse)
      let told = lines.all.count
      let second = try await inOneSecond(refuse)
      guard first, second else { continue }
      #expect(told == 20)
      let later = lines.all.dropFirst(told)
      #expect(later.first == "480 more were refused")
      #expect(later.count == 20)
      // None is lost: 1000 refusals are told or counted, 481 of them not yet.
      #expect(lines.all.count { $0.hasPrefix("refused 404 page: no such page") } == 39)
      return
    }
    Issue.record("no second was long enough")
  }

  @Test("a line says what was refused, and of the client only a number that means nothing")
  func text() {
    let (lines, others) = (Lines(), Lines())
    let log = Log { lines.add($0) }
    for client in ["192.0.2.7", "192.0.2.7", "192.0.2.8"] {
      log.refused(403, "step 3", "why", client: client)
    }
    Log { others.add($0) }.refused(403, "step 3", "why", client: "192.0.2.7")
    let all = lines.all
    #expect(all.count == 3 && all.allSatisfy { $0.hasPrefix("refused 403 step 3: why (client ") })
    #expect(all.allSatisfy { !$0.contains("192.0.2") })
    #expect(all[0] == all[1] && all[0] != all[2])
    // Another run of the program gives another number.
    #expect(others.all[0] != all[0])
    log.say("something else")
    #expect(lines.all.last == "something else")
  }
}
