/// The candidate that differs from `name` in the fewest letters (Levenshtein), if it is near enough to be a slip: a
/// third of the letters at the most.
func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
  let wanted = Array(name.utf8)
  var best: (distance: Int, name: String)?
  for candidate in candidates.prefix(4096) {
    let letters = Array(candidate.utf8)
    guard letters.count <= 256, wanted.count <= 256 else { continue }
    var row = Array(0...letters.count)
    for (i, a) in wanted.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in letters.enumerated() {
        (diagonal, row[j + 1]) = (
          row[j + 1], min(diagonal + (a == b ? 0 : 1), row[j] + 1, row[j + 1] + 1)
        )
      }
    }
    if row[letters.count] < best?.distance ?? .max { best = (row[letters.count], candidate) }
  }
  return best.flatMap { $0.distance * 3 <= wanted.count ? $0.name : nil }
}
