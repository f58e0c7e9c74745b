/// The candidate that is the fewest edits away from `name`, whatever the case of their letters: at most a third of
/// its letters, and one of a very short one. The first of several that are equally near; nil if none is near.
///
/// Each pair costs the product of both lengths, of which no more than 200 bytes each are looked at.
func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
  let wanted = Array(name.lowercased().utf8.prefix(200))
  var limit = max(1, wanted.count / 3)
  var best: String?
  for candidate in candidates {
    let bytes = Array(candidate.lowercased().utf8.prefix(200))
    guard abs(bytes.count - wanted.count) <= limit else { continue }
    let distance = editDistance(wanted, bytes)
    if distance < limit || distance == limit && best == nil { (limit, best) = (distance, candidate) }
  }
  return best
}

/// The fewest insertions, deletions, replacements and swaps of neighbours that make `b` of `a`, where no place is
/// edited twice (optimal string alignment).
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var before: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    row.reserveCapacity(b.count + 1)
    for j in b.indices {
      var least = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, before[j - 1] + 1) }
      row.append(least)
    }
    (before, last) = (last, row)
  }
  return last[b.count]
}
