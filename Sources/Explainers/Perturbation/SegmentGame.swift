import Detector

/// A game that the segments of a clip play: frames, and the segments that occur in them as players.
///
/// The logit of a clip is the mean of its frames' logits where a detector scores frames one by one. Values of a sum are
/// sums of values (Shapley's additivity), and in a frame's game a segment that is not in the frame gets nothing: so each
/// frame is a game by itself, of few players. Else the clip is the game.
struct SegmentGame: Sendable {
  /// The frames whose mean logit is the game's value.
  let frames: Range<Int>
  /// The segments that play, by their number, in ascending order.
  let players: [Int]
  /// The game's share in the clip's logit.
  let share: Double

  /// The games of a clip.
  static func games(of supervoxels: Supervoxels, splitsFrames: Bool) -> [SegmentGame] {
    guard splitsFrames else {
      return [
        SegmentGame(frames: 0..<supervoxels.frames, players: Array(0..<supervoxels.count), share: 1)
      ]
    }
    return (0..<supervoxels.frames).map { t in
      var isHere = [Bool](repeating: false, count: supervoxels.count)
      for label in supervoxels.plane(t) { isHere[Int(label)] = true }
      return SegmentGame(
        frames: t..<t + 1, players: isHere.indices.filter { isHere[$0] },
        share: 1 / Double(supervoxels.frames))
    }
  }
}
