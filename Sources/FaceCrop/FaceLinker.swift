public import VideoIO

/// Follows faces through sampled frames: says which detections are the same person.
///
/// Frame by frame and greedily, nothing is looked at twice. A face joins the track with which it overlaps most:
/// intersection over union with the track's last box, or with where that box would be had it moved on as it did between
/// its last two sightings, whichever is more, 0.1 at least. What is left over may join by distance, for sampled
/// frames can be seconds apart: nearest pair first, centres no more than one face's size apart for each sampled frame
/// since the track was last seen, three sizes at most, and sizes within a factor of two. Every other face begins a track. A
/// track never ends: who comes back where they were seen last is the same person.
public struct FaceLinker: Sendable {
  private struct Track {
    var last: Box
    /// Movement of the centre per sampled frame, from the last two sightings.
    var velocity = (x: 0.0, y: 0.0)
    var seen: Int
  }

  private var tracks: [Track] = []
  private var position = 0

  /// A linker that has seen nothing.
  public init() {}

  /// The track of each of `boxes`, the faces of the next sampled frame (there may be none): numbers from 0 in order of
  /// appearance.
  ///
  /// - Complexity: O(t·n·log(t·n)) for n boxes and t tracks so far.
  public mutating func link(_ boxes: [Box]) -> [Int] {
    defer { position += 1 }
    var result = [Int?](repeating: nil, count: boxes.count)
    var taken = Set<Int>()

    func assign(_ pairs: [Pair]) {
      for pair in pairs.sorted(by: Pair.isBetter) where result[pair.box] == nil && !taken.contains(pair.track)
      {
        result[pair.box] = pair.track
        taken.insert(pair.track)
      }
    }
    assign(
      pairs(boxes) { track, box in
        let overlap = max(
          track.last.intersectionOverUnion(box), predicted(track).intersectionOverUnion(box))
        return overlap >= 0.1 ? overlap : nil
      })
    assign(
      pairs(boxes) { track, box in
        let (a, b) = (track.last.size, box.size)
        let distance = min(track.last.distance(to: box), predicted(track).distance(to: box)) / max(a, b, 1e-9)
        let reach = Double(min(position - track.seen, 3))
        return distance <= reach && max(a, b) <= 2 * min(a, b) ? -distance : nil
      })

    return boxes.enumerated().map { i, box in
      if let number = result[i] {
        let steps = Double(position - tracks[number].seen)
        let moved = tracks[number].last.centerOffset(to: box)
        tracks[number] = Track(last: box, velocity: (moved.x / steps, moved.y / steps), seen: position)
        return number
      }
      tracks.append(Track(last: box, seen: position))
      return tracks.count - 1
    }
  }

  private struct Pair {
    let track: Int
    let box: Int
    let score: Double

    static func isBetter(_ a: Pair, _ b: Pair) -> Bool {
      (b.score, a.track, a.box) < (a.score, b.track, b.box)
    }
  }

  private func pairs(_ boxes: [Box], _ score: (Track, Box) -> Double?) -> [Pair] {
    tracks.enumerated().flatMap { t, track in
      boxes.enumerated().compactMap { b, box in
        score(track, box).map { Pair(track: t, box: b, score: $0) }
      }
    }
  }

  /// Where the track would be now, had it gone on as before.
  private func predicted(_ track: Track) -> Box {
    let steps = Double(position - track.seen)
    var box = track.last
    box.x += track.velocity.x * steps
    box.y += track.velocity.y * steps
    return box
  }
}

extension Box {
  fileprivate var size: Double { (width * height).squareRoot() }

  fileprivate func centerOffset(to other: Box) -> (x: Double, y: Double) {
    (other.x + other.width / 2 - x - width / 2, other.y + other.height / 2 - y - height / 2)
  }

  fileprivate func distance(to other: Box) -> Double {
    let offset = centerOffset(to: other)
    return (offset.x * offset.x + offset.y * offset.y).squareRoot()
  }
}
