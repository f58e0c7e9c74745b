import Foundation
import Testing

@Suite("The small examples", .serialized)
struct ExampleTests {
  @Test("detect-in-20-lines says what whyfake says")
  func detect() throws {
    let run = try Tool.run("detect-in-20-lines", sample("sample-fake"))
    #expect(run.status == 0, "\(run.errors)")
    let tool = try object(Tool.run("whyfake", "detect", "--format", "json", sample("sample-fake")).output)
    #expect(run.lines.first == "verdict: \(tool["verdict"] as? String ?? "")")
    #expect(run.lines.count == 34)
    let probability = String(format: "%.3f", tool["probability"] as? Double ?? .nan)
    #expect(run.lines[1] == "face 0: probability of fake \(probability)")
    #expect(try Tool.run("detect-in-20-lines").status == 64)
    #expect(try Tool.run("detect-in-20-lines", "/no/such/file").status == 1)
  }

  @Test("mirror is an explainer of one's own: a table of six by six numbers, not all alike")
  func mirror() throws {
    let run = try Tool.run("mirror", sample("sample-fake"))
    #expect(run.status == 0, "\(run.errors)")
    let rows = run.lines.suffix(6).map { $0.split(separator: " ").compactMap { Double($0) } }
    #expect(rows.allSatisfy { $0.count == 6 })
    #expect(Set(rows.joined()).count > 6)
  }
}
