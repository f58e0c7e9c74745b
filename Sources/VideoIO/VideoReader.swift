import CWhyFakeVideo

/// Reads the frames of a video: any container and codec that FFmpeg's libraries open.
///
/// ```swift
/// var reader = try VideoReader(path: "a.mp4")
/// try reader.frames(at: FrameSampling.indices(count: 32, of: reader.properties.frameCount)) { frame in … }
/// ```
///
/// Frames are numbered as a full decode gives them, in presentation order, whatever the container says about their
/// number. Where each packet of the file is one frame (H.264, HEVC, AV1, VP9, MJPEG, ProRes in MP4, MOV and Matroska
/// with sound time stamps) the list of packets, which is read without decoding, tells the numbers, and frames are told
/// apart by their time; otherwise, and whenever decoding contradicts that list, all frames are decoded once and counted.
/// Decoding starts at a key frame in the midst of a video only where that is exact and saves work.
///
/// Every frame has the size of the first one: those of another size (the resolution may change in mid-stream) are
/// scaled to it. Sample aspect ratio is ignored. Memory is that of the decoder, one picture, and 8 bytes for each frame
/// of the file. Only regular files are opened, and nothing that they refer to (playlists are refused).
///
/// libav's log level is a setting of the whole process: it is set to quiet at first use if the program has left it at
/// libav's default.
public struct VideoReader: ~Copyable {
  /// What may be overridden.
  public struct Options: Sendable {
    /// The matrix to use whatever is tagged; nil: as tagged, BT.601 if nothing is.
    public var colourMatrix: ColourMatrix?
    /// The range to use whatever is tagged; nil: as tagged, limited if nothing is.
    public var colourRange: ColourRange?
    /// Threads that decode; 0: as many as there are processors, 16 at most.
    public var threads: Int

    /// Options; everything has a default.
    public init(colourMatrix: ColourMatrix? = nil, colourRange: ColourRange? = nil, threads: Int = 0) {
      self.colourMatrix = colourMatrix
      self.colourRange = colourRange
      self.threads = max(0, threads)
    }
  }

  /// What the video is. After damage is met in ``frames(at:_:)``, the frame count is what decoding gave.
  public private(set) var properties: VideoProperties
  /// The file.
  public let path: String
  /// Whether frames are numbered by having been counted in a full decode, not by the list of packets.
  package var isCounted: Bool { table.isCounted }
  /// How often decoding was begun at a key frame in mid-video.
  package private(set) var seeks = 0

  private let options: Options
  private var source: VideoSource
  private var table: FrameTable
  private let storedWidth: Int
  private let storedHeight: Int
  private let orientation: Orientation

  /// The packet that was read to see where a seek landed, not yet sent.
  private var waitingPacket: wf_packet?
  /// Packets given to the decoder, as a place in decoding order.
  private var packetsSent = 0
  private var isDraining = false
  /// The index of the frame that waits in the decoder's hand; nil: none.
  private var current: Int?
  private var currentFrame = wf_frame()
  /// The least index that the decoder can still give.
  private var nextIndex = 0
  /// Whether frames from `nextIndex` on may have been passed over, so that decoding has to begin anew.
  private var hasGaps = false

  /// Opens a video.
  ///
  /// - Parameters:
  ///   - path: a regular file.
  ///   - options: colour overrides and threads.
  /// - Complexity: reads the packets of the whole file and decodes the first frame; where packets do not tell the frames,
  ///   decodes all of them.
  public init(path: String, options: Options = .init()) throws(VideoError) {
    var source = try VideoSource(path: path, threads: options.threads)
    var table = FrameTable(listing: &source)
    var first = table.isCounted ? nil : try source.firstFrame(table)
    if first?.frame.pts != table.times.first {
      try source.reopen()
      table.count(&source)
      first = try source.firstFrame(table)
    }
    guard let first, table.count > 0 else {
      throw VideoError(
        code: .damaged, message: "no frame of this video can be decoded; get it again", path: path)
    }
    let stream = source.stream
    let orientation = Orientation(
      bits: CInt(stream.has_orientation != 0 ? stream.orientation : first.frame.orientation))
    let colour = try VideoReader.colour(of: first.frame, options, path: path)
    let storedWidth = Int(first.frame.width)
    let storedHeight = Int(first.frame.height)
    let (width, height) = orientation.upright(storedWidth, storedHeight)
    properties = VideoProperties(
      width: width, height: height, rotation: orientation.degrees, isMirrored: orientation.isMirrored,
      codec: string(stream.codec), pixelFormat: string(first.frame.format), frameCount: table.count,
      duration: table.duration, averageFrameRate: Double(table.count) / table.duration,
      colourMatrix: colour.matrix, colourRange: colour.range, colourIsAssumed: colour.isAssumed,
      isTruncated: table.isTruncated)
    self.path = path
    self.options = options
    self.table = table
    self.storedWidth = storedWidth
    self.storedHeight = storedHeight
    self.orientation = orientation
    self.source = source
    packetsSent = first.packetsSent
    isDraining = first.isDraining
    current = 0
    currentFrame = first.frame
    nextIndex = 1
  }

  /// Decodes the frames at `indices` and gives them to `body`, one after the other.
  ///
  /// - Parameters:
  ///   - indices: strictly increasing, from 0 up to ``VideoProperties/frameCount`` − 1.
  ///   - body: called for each; one frame is in memory at a time unless it keeps them. What it throws ends the reading
  ///     and is passed on.
  ///
  /// Damage inside the file can show that it has fewer frames than it announced. ``properties`` then says so from there
  /// on (``VideoProperties/isTruncated``), indices are those of a full decode, and those past the new end are left out.
  ///
  /// - Throws: ``VideoError``, and what `body` throws.
  public mutating func frames(at indices: [Int], _ body: (VideoFrame) throws -> Void) throws {
    precondition(
      zip(indices, indices.dropFirst()).allSatisfy(<) && (indices.first ?? 0) >= 0,
      "VideoReader.frames(at:): indices are not strictly increasing from 0 on")
    do {
      try deliver(indices, body)
    } catch {
      // The decoder has been fed for frames that nobody may ask for again.
      hasGaps = true
      throw error
    }
  }

  private mutating func deliver(_ indices: [Int], _ body: (VideoFrame) throws -> Void) throws {
    let announced = table.count
    var position = 0
    while position < indices.count {
      let index = indices[position]
      guard index < table.count else {
        if index < announced { return }
        throw VideoError(
          code: .noSuchFrame, message: "there is no frame \(index); the video has \(table.count)", path: path)
      }
      do throws(Contradiction) {
        try advance(to: index, wanted: indices[position...])
      } catch {
        try countInstead()
        continue
      }
      try body(frame(index))
      position += 1
    }
  }

  /// Decoding does not give what the list of packets promised.
  private struct Contradiction: Error {}

  private mutating func frame(_ index: Int) throws(VideoError) -> VideoFrame {
    let colour = try VideoReader.colour(of: currentFrame, options, path: path)
    let image = try source.picture(
      storedWidth: storedWidth, storedHeight: storedHeight, orientation: orientation, matrix: colour.matrix,
      range: colour.range)
    return VideoFrame(
      index: index, time: table.time(of: index), duration: table.time(of: index + 1) - table.time(of: index),
      image: image)
  }

  // MARK: Moving

  private mutating func advance(to index: Int, wanted: ArraySlice<Int>) throws(Contradiction) {
    if current == index { return }
    if hasGaps || index < nextIndex || table.isWorthSeeking(to: index, from: packetsSent) {
      try move(before: index)
    }
    hasGaps = false
    let isCounted = table.isCounted
    let wantedTimes = isCounted ? [] : Set(wanted.map { table.times[$0] })
    let lastTime = isCounted ? 0 : table.times[wanted[wanted.endIndex - 1]]
    while true {
      switch source.receiveFrame() {
      case .frame(let frame):
        let found = isCounted ? nextIndex : table.index(ofTime: frame.pts)
        guard let found, found >= nextIndex, found <= index else { throw Contradiction() }
        nextIndex = found + 1
        if found == index {
          current = found
          currentFrame = frame
          return
        }
      case .wantsPacket:
        guard let packet = nextPacket() else {
          if isDraining { throw Contradiction() }
          isDraining = true
          source.drain()
          continue
        }
        packetsSent += 1
        // Frames after the last wanted one stay complete: the next call may go on from here.
        let isSkipped = !isCounted && packet.pts < lastTime && !wantedTimes.contains(packet.pts)
        source.sendPacket(skipUnreferenced: isSkipped)
      case .end:
        throw Contradiction()
      }
    }
  }

  private mutating func nextPacket() -> wf_packet? {
    if let packet = waitingPacket {
      waitingPacket = nil
      return packet
    }
    if case .packet(let packet) = source.readPacket() { return packet }
    return nil
  }

  /// To a place from which decoding gives frame `index`: the nearest entry before it, or the start.
  private mutating func move(before index: Int) throws(Contradiction) {
    current = nil
    waitingPacket = nil
    isDraining = false
    if !table.isCounted, let entry = table.entry(before: index), let packet = source.land(on: entry) {
      waitingPacket = packet
      packetsSent = entry.packet
      nextIndex = entry.packet == 0 ? 0 : table.index(ofTime: entry.pts) ?? 0
      if entry.packet > 0 { seeks += 1 }
      return
    }
    table.neverSeek()
    packetsSent = 0
    nextIndex = 0
    do { try source.reopen() } catch { throw Contradiction() }
  }

  /// Gives up on the list of packets: all frames are decoded and counted.
  private mutating func countInstead() throws(VideoError) {
    guard !table.isCounted else {
      throw VideoError(
        code: .damaged, message: "the file does not decode to the same frames twice; is it being written to?",
        path: path)
    }
    table.isCounted = true
    try source.reopen()
    table.count(&source)
    try source.reopen()
    packetsSent = 0
    nextIndex = 0
    current = nil
    waitingPacket = nil
    isDraining = false
    hasGaps = false
    properties.isTruncated = true
    properties.frameCount = table.count
    properties.duration = table.duration
    properties.averageFrameRate = Double(table.count) / table.duration
  }

  // MARK: Colour

  private static func colour(
    of frame: wf_frame, _ options: Options, path: String
  ) throws(VideoError) -> (matrix: ColourMatrix, range: ColourRange, isAssumed: Bool) {
    let isRGB = frame.is_rgb != 0
    let tagged: ColourMatrix?
    if let matrix = options.colourMatrix, !isRGB {
      tagged = matrix
    } else {
      do {
        tagged = try ColourMatrix(tag: frame.matrix, isRGB: isRGB)
      } catch {
        throw VideoError(
          code: .unsupported,
          message: "its colour matrix (number \(error.tag) of H.273) is not handled; convert it to BT.709",
          path: path)
      }
    }
    let range: ColourRange? =
      if let range = options.colourRange {
        range
      } else if isRGB || frame.is_full_by_format != 0 || frame.range == 2 {
        .full
      } else if frame.range == 1 {
        .limited
      } else {
        nil
      }
    // Grey has no matrix, and without a tag swscale takes it as full.
    let isGrey = frame.is_gray != 0
    return (
      tagged ?? .bt601, range ?? (isGrey ? .full : .limited), (tagged == nil && !isGrey) || range == nil
    )
  }
}

/// The text in a C array of characters.
private func string<T>(_ characters: T) -> String {
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
