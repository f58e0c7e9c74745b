import CWhyFakeVideo

/// An open file at some place: libav's demuxer and decoder behind a handle that closes itself.
struct VideoSource: ~Copyable {
  private var handle: OpaquePointer
  private let path: String
  private let threads: Int
  let stream: wf_stream

  init(path: String, threads: Int) throws(VideoError) {
    self.path = path
    self.threads = threads
    handle = try VideoSource.open(path, threads)
    var stream = wf_stream()
    wf_video_describe(handle, &stream)
    self.stream = stream
  }

  deinit { wf_video_close(handle) }

  private static func open(_ path: String, _ threads: Int) throws(VideoError) -> OpaquePointer {
    var handle: OpaquePointer?
    let result = wf_video_open(path, CInt(clamping: threads), &handle)
    guard result == WF_OK, let handle else { throw VideoError(reading: path, result) }
    return handle
  }

  /// Back to the start, as if newly opened.
  mutating func reopen() throws(VideoError) {
    let new = try VideoSource.open(path, threads)
    wf_video_close(handle)
    handle = new
  }

  /// What ``readPacket()`` met.
  enum Read {
    case packet(wf_packet)
    case end
    /// The rest cannot be read.
    case cut
  }

  /// The next packet of the video, which then waits to be sent.
  mutating func readPacket() -> Read {
    var packet = wf_packet()
    switch Int(wf_video_read(handle, &packet)) {
    case Int(WF_OK): return .packet(packet)
    case Int(WF_END): return .end
    default: return .cut
    }
  }

  /// Gives the waiting packet to the decoder. A packet that cannot be decoded gives no frame, as in a full decode.
  mutating func sendPacket(skipUnreferenced: Bool) { _ = wf_video_send(handle, skipUnreferenced ? 1 : 0) }

  /// Tells the decoder that nothing follows.
  mutating func drain() { _ = wf_video_drain(handle) }

  /// What ``receiveFrame()`` met.
  enum Received {
    case frame(wf_frame)
    case wantsPacket
    case end
  }

  /// The next decoded frame; it waits to be converted until the next call.
  mutating func receiveFrame() -> Received {
    while true {
      var frame = wf_frame()
      switch Int(wf_video_receive(handle, &frame)) {
      case Int(WF_OK): return .frame(frame)
      case Int(WF_AGAIN): return .wantsPacket
      case Int(WF_END): return .end
      default: continue  // This packet is lost; the decoder goes on with the next one.
      }
    }
  }

  /// Moves the demuxer to a key packet at or before `time` and empties the decoder.
  mutating func seek(_ time: Int64) -> Bool { wf_video_seek(handle, time) == WF_OK }

  /// The waiting frame as RGB, upright.
  mutating func picture(
    storedWidth: Int, storedHeight: Int, orientation: Orientation, matrix: ColourMatrix, range: ColourRange
  ) throws(VideoError) -> RGBImage {
    let (width, height) = orientation.upright(storedWidth, storedHeight)
    var result: CInt = 0
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      count = 0
      guard let base = buffer.baseAddress else { return }
      result = wf_video_convert(
        handle, CInt(storedWidth), CInt(storedHeight), orientation.bits, matrix.code, range == .full ? 1 : 0,
        base)
      if result == WF_OK { count = width * height * 3 }
    }
    guard result == WF_OK else { throw VideoError(reading: path, result) }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}

/// How a stored picture becomes an upright one: one of eight.
struct Orientation: Sendable, Equatable {
  /// `WF_TRANSPOSE`, `WF_FLIP_X`, `WF_FLIP_Y`.
  let bits: CInt

  static let upright = Orientation(bits: 0)

  func upright(_ width: Int, _ height: Int) -> (width: Int, height: Int) {
    bits & CInt(WF_TRANSPOSE) != 0 ? (height, width) : (width, height)
  }

  /// Whether it mirrors: an odd number of the three bits.
  var isMirrored: Bool { bits.nonzeroBitCount % 2 == 1 }

  /// The clockwise turn that follows the mirroring, in degrees.
  var degrees: Int {
    let mirrored = isMirrored ? bits ^ CInt(WF_FLIP_X) : bits
    if bits & CInt(WF_TRANSPOSE) == 0 { return mirrored == 0 ? 0 : 180 }
    return bits & CInt(WF_FLIP_X) != 0 ? 90 : 270
  }

  /// From the value of the EXIF tag Orientation, 1 to 8; anything else is upright.
  init(exif value: Int) {
    let x = CInt(WF_FLIP_X)
    let y = CInt(WF_FLIP_Y)
    let t = CInt(WF_TRANSPOSE)
    let table: [CInt] = [0, x, x | y, y, t, t | x, t | x | y, t | y]
    bits = table.indices.contains(value - 1) ? table[value - 1] : 0
  }

  init(bits: CInt) { self.bits = bits }
}

extension ColourMatrix {
  /// H.273 MatrixCoefficients, as swscale wants it.
  var code: CInt {
    switch self {
    case .rgb, .bt601: 6
    case .bt709: 1
    case .bt2020: 9
    case .fcc: 4
    case .smpte240m: 7
    }
  }

  /// The tagged matrix of a frame: nil if there is no tag.
  init?(tag: Int32, isRGB: Bool) throws(UnsupportedMatrix) {
    if isRGB {
      self = .rgb
      return
    }
    switch tag {
    case 0, 2, 3: return nil
    case 1: self = .bt709
    case 4: self = .fcc
    case 5, 6: self = .bt601
    case 7: self = .smpte240m
    case 9, 10: self = .bt2020
    default: throw UnsupportedMatrix(tag: tag)
    }
  }

  struct UnsupportedMatrix: Error {
    let tag: Int32
  }
}
