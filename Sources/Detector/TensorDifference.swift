/// How the tensors of a file differ from those that a network needs.
struct TensorDifference {
  let missing: [String]
  let unknown: [String]
  let misshapen: [(name: String, found: [Int], expected: [Int])]

  init(missing: [String], unknown: [String], misshapen: [(name: String, found: [Int], expected: [Int])]) {
    (self.missing, self.unknown, self.misshapen) = (missing.sorted(), unknown.sorted(), misshapen)
  }

  init(expected: [String: [Int]], found: [String: [Int]]) {
    self.init(
      missing: expected.keys.filter { found[$0] == nil }, unknown: found.keys.filter { expected[$0] == nil },
      misshapen: expected.compactMap { name, shape in
        found[name].flatMap { $0 == shape ? nil : (name, $0, shape) }
      })
  }

  /// Throws where there is a difference: lists a few of each kind, and the nearest unknown name beside a missing one.
  func check(_ model: String) throws(DetectorError) {
    func list(_ items: [String]) -> String {
      items.prefix(3).joined(separator: ", ") + (items.count > 3 ? " and \(items.count - 3) more" : "")
    }
    var parts: [String] = []
    if !missing.isEmpty {
      // Only the few that are shown are compared with others: a file may have thousands.
      let shown = missing.prefix(3).map { name in
        nearest(to: name, in: unknown.prefix(500)).map { "\(name) (is it \($0)?)" } ?? name
      }
      parts.append("missing: \(list(shown + missing.dropFirst(3)))")
    }
    if !unknown.isEmpty { parts.append("unknown: \(list(unknown))") }
    if !misshapen.isEmpty {
      let items = misshapen.sorted { $0.name < $1.name }
      parts.append("wrong shape: \(list(items.map { "\($0.name) \($0.found) instead of \($0.expected)" }))")
    }
    guard parts.isEmpty else {
      throw DetectorError(
        .wrongTensors, "the tensors are not those of \(model); \(parts.joined(separator: "; "))")
    }
  }
}
