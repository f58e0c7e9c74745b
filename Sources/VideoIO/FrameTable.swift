import CWhyFakeVideo

/// When each frame of a file is shown, in presentation order, and where decoding may begin.
struct FrameTable {
  /// A packet at which decoding begins exactly.
  struct Entry {
    /// Its place in decoding order.
    let packet: Int
    let pts: Int64
    let dts: Int64
    let size: Int32
  }

  /// Whether the frames are those of a full decode, not those that the packets announce.
  var isCounted: Bool
  /// When each frame is shown, in ticks, strictly increasing.
  private(set) var times: [Int64] = []
  private(set) var isTruncated = false
  private var entries: [Entry] = []
  private var end: Int64 = 0
  private let tick: Double
  private let ticksPerFrame: Double
  /// Key frames are passed over for anything but a start at the first packet.
  private var seeksInside = true

  /// Frames.
  var count: Int { times.count }

  /// Reads all packets of `source`, which is left at its end.
  init(listing source: inout VideoSource) {
    let stream = source.stream
    // A damaged file may say anything: keep the numbers where sums of them cannot overflow.
    let isSane = stream.time_base_num > 0 && stream.time_base_den > 0
    tick = isSane ? Double(stream.time_base_num) / Double(stream.time_base_den) : 1 / 90000
    let ticks = stream.frame_rate > 0 ? 1 / (stream.frame_rate * tick) : 0.04 / tick
    ticksPerFrame = min(max(1, ticks), 1e9)
    isCounted = stream.packets_are_frames == 0 || stream.may_be_interlaced != 0
    var packets = 0
    var firstKey: Int64?
    var last = Int64.min
    reading: while true {
      switch source.readPacket() {
      case .end: break reading
      case .cut:
        isTruncated = true
        break reading
      case .packet(let packet):
        if packet.is_corrupt != 0 { isTruncated = true }
        if packet.pts == WF_NO_TIME || (packets == 0 && packet.is_key == 0) { isCounted = true }
        if packet.is_discarded != 0 {
          seeksInside = false
        } else {
          times.append(packet.pts)
          let length = packet.duration > 0 ? packet.duration : Int64(ticksPerFrame.rounded())
          if packet.pts >= last {
            last = packet.pts
            end = packet.pts &+ length
          }
        }
        if packets == 0 { firstKey = packet.pts }
        if packets == 0 || packet.is_entry != 0 {
          entries.append(Entry(packet: packets, pts: packet.pts, dts: packet.dts, size: packet.size))
        }
        packets += 1
      }
    }
    if stream.index_entries > packets { isTruncated = true }
    times.sort()
    // Leading frames of a first open group are not decodable, doubled times not told apart.
    if isTruncated || times.isEmpty || times[0] < firstKey ?? 0
      || !zip(times, times.dropFirst()).allSatisfy(<)
    {
      isCounted = true
    }
  }

  /// Decodes all of `source`, which is at its start, and notes what comes.
  mutating func count(_ source: inout VideoSource) {
    isCounted = true
    entries = []
    times = []
    var haveTimes = true
    var length: Int64 = 0
    var isDraining = false
    decoding: while true {
      switch source.receiveFrame() {
      case .frame(let frame):
        if frame.best_pts == WF_NO_TIME || (times.last.map { $0 >= frame.best_pts } ?? false) {
          haveTimes = false
        }
        times.append(haveTimes ? frame.best_pts : 0)
        length = frame.duration
      case .wantsPacket:
        if case .packet = source.readPacket() {
          source.sendPacket(skipUnreferenced: false)
        } else if isDraining {
          break decoding
        } else {
          isDraining = true
          source.drain()
        }
      case .end:
        break decoding
      }
    }
    if !haveTimes { times = times.indices.map { Int64((Double($0) * ticksPerFrame).rounded()) } }
    end = (times.last ?? 0) &+ (haveTimes && length > 0 ? length : Int64(ticksPerFrame.rounded()))
  }

  // MARK: Times

  /// Seconds after the first frame at which frame `index` is shown; `index` may be ``count``: the end.
  func time(of index: Int) -> Double {
    guard let first = times.first else { return 0 }
    let ticks = index < times.count ? times[index] : max(end, times[times.count - 1] &+ 1)
    return (Double(ticks) - Double(first)) * tick
  }

  /// From the first frame's start to the last one's end, in seconds.
  var duration: Double { time(of: count) }

  /// The frame that is shown at `time` ticks. O(log n).
  func index(ofTime time: Int64) -> Int? {
    var low = 0
    var high = times.count
    while low < high {
      let middle = (low + high) / 2
      if times[middle] < time { low = middle + 1 } else { high = middle }
    }
    return low < times.count && times[low] == time ? low : nil
  }

  // MARK: Places to begin

  /// The first packet, if it is known to begin a listed video.
  var start: Entry? { isCounted ? nil : entries.first }

  /// The last entry from which frame `index` can be decoded.
  func entry(before index: Int) -> Entry? {
    guard seeksInside else { return entries.first }
    let time = times[index]
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].pts <= time { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? entries[low - 1] : entries.first
  }

  /// Whether beginning anew before `index` skips more packets than it costs.
  func isWorthSeeking(to index: Int, from packetsSent: Int) -> Bool {
    guard !isCounted, seeksInside, let entry = entry(before: index) else { return false }
    return entry.packet > packetsSent + 8
  }

  /// No seeks from now on: they do not land where they should.
  mutating func neverSeek() { seeksInside = false }
}

extension VideoSource {
  /// Seeks to `entry` and reads its packet, which then waits; nil if another one was found there.
  mutating func land(on entry: FrameTable.Entry) -> wf_packet? {
    // Demuxers search by either time, and some by one that is off by the reordering delay.
    let later = entry.dts == WF_NO_TIME ? entry.pts : 2 &* entry.pts &- entry.dts
    for time in [entry.pts, entry.dts, later] where time != WF_NO_TIME {
      guard seek(time), case .packet(let packet) = readPacket() else { continue }
      // Presentation times are unique in a listed video; decoding times may be unknown after a seek.
      if packet.pts == entry.pts && packet.size == entry.size { return packet }
    }
    return nil
  }

  /// Decodes from the start up to the first frame; nil if there is none.
  mutating func firstFrame(_ table: FrameTable) throws(VideoError) -> FirstFrame? {
    var packets = 0
    var isDraining = false
    // Opening anew costs a second probe; going back is enough where it is seen to work.
    var isWaiting = false
    if let entry = table.start, land(on: entry) != nil { isWaiting = true } else { try reopen() }
    while true {
      switch receiveFrame() {
      case .frame(let frame):
        return FirstFrame(frame: frame, packetsSent: packets, isDraining: isDraining)
      case .wantsPacket:
        if isWaiting {
          isWaiting = false
        } else if case .packet = readPacket() {
        } else if isDraining {
          return nil
        } else {
          isDraining = true
          drain()
          continue
        }
        packets += 1
        sendPacket(skipUnreferenced: false)
      case .end: return nil
      }
    }
  }

  /// A first frame, waiting to be converted, and what it took.
  struct FirstFrame {
    let frame: wf_frame
    let packetsSent: Int
    let isDraining: Bool
  }
}
