import CWhyFakeTensor

/// Buffers of a plan, each alive from one stage to another; those that never live together share memory.
struct Arena {
  private struct Buffer {
    let floats: Int
    let first: Int
    var last: Int
    var offset = 0
  }

  private var buffers: [Buffer] = []
  /// Places name a buffer, from this base on, until they are settled.
  private static let firstBase: Int32 = 1 << 20

  /// A new buffer that stage `stage` is the first to touch.
  mutating func buffer(_ floats: Int, at stage: Int) -> wf_place {
    // Whole cache lines, and a panel more: kernels read whole vectors.
    buffers.append(Buffer(floats: (floats + 31) / 16 * 16, first: stage, last: stage))
    return wf_place(base: Self.firstBase + Int32(buffers.count - 1), offset: 0)
  }

  /// Says that stage `stage` still needs what `place` names.
  mutating func touch(_ place: wf_place, at stage: Int) {
    guard place.base >= Self.firstBase else { return }
    let i = Int(place.base - Self.firstBase)
    buffers[i].last = max(buffers[i].last, stage)
  }

  /// Gives every buffer its offset; returns the floats of all together.
  mutating func arrange() -> Int {
    var total = 0
    // Large ones first: small ones fit into what they leave.
    let order = buffers.indices.sorted { (buffers[$1].floats, $0) < (buffers[$0].floats, $1) }
    var placed: [Int] = []
    for i in order {
      let buffer = buffers[i]
      let rivals = placed.filter { buffers[$0].first <= buffer.last && buffer.first <= buffers[$0].last }
        .sorted { buffers[$0].offset < buffers[$1].offset }
      var offset = 0
      for rival in rivals where offset + buffer.floats > buffers[rival].offset {
        offset = max(offset, buffers[rival].offset + buffers[rival].floats)
      }
      buffers[i].offset = offset
      placed.append(i)
      total = max(total, offset + buffer.floats)
    }
    return total
  }

  /// Puts offsets in the place of buffers.
  func settle(_ stage: inout wf_stage) {
    for path in [\wf_stage.input, \.output, \.residual, \.gate, \.sums]
      as [WritableKeyPath<wf_stage, wf_place>]
    {
      let place = stage[keyPath: path]
      guard place.base >= Self.firstBase else { continue }
      stage[keyPath: path] = wf_place(
        base: 0, offset: place.offset + buffers[Int(place.base - Self.firstBase)].offset)
    }
  }
}
