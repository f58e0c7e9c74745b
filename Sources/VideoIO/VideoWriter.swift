import CWhyFakeVideo

/// Writes an H.264 mp4 that browsers play: yuv420p, High profile, BT.709 limited (tagged so), index before the data.
///
/// ```swift
/// var writer = try VideoWriter(path: "overlay.mp4", width: 640, height: 360)
/// for image in images { try writer.append(image, duration: 1 / 25) }
/// try writer.finish()
/// ```
///
/// The file appears with ``finish()``; without it nothing is left behind. Odd sizes are padded to even ones by
/// repeating the last column and row.
public struct VideoWriter: ~Copyable {
  /// How the video is encoded.
  public struct Options: Sendable {
    /// Constant rate factor of x264: 0 is lossless, 18 looks it, 23 is usual, 51 the least.
    public var quality: Int
    /// Names of FFmpeg's encoders in order of preference; the first that works is used.
    public var encoders: [String]
    /// x264's preset, from `ultrafast` to `veryslow`.
    public var preset: String
    /// Threads that encode; 0: as many as the encoder finds useful.
    public var threads: Int

    /// Options; everything has a default.
    public init(
      quality: Int = 18, encoders: [String] = ["libx264", "libopenh264", "mpeg4"],
      preset: String = "veryfast",
      threads: Int = 0
    ) {
      self.quality = quality
      self.encoders = encoders
      self.preset = preset
      self.threads = max(0, threads)
    }
  }

  /// The file to be.
  public let path: String
  /// Columns of the images.
  public let width: Int
  /// Rows of the images.
  public let height: Int
  /// The name of the encoder that is used; browsers do not play what `mpeg4` makes.
  public let encoder: String

  private let handle: WriterHandle
  private let file: WholeFile
  private var seconds = 0.0
  private var frames = 0

  /// Begins a video of images of `width` × `height`.
  public init(path: String, width: Int, height: Int, options: Options = .init()) throws(VideoError) {
    precondition(width > 0 && height > 0, "VideoWriter: \(width)×\(height)")
    precondition(
      (0...51).contains(options.quality), "VideoWriter: quality \(options.quality) is not within 0 and 51")
    let file = try WholeFile(path: path)
    let handle = try WriterHandle(path: path, at: file.temporaryPath, width, height, options)
    encoder = handle.encoder
    self.file = file
    self.handle = handle
    self.path = path
    self.width = width
    self.height = height
  }

  /// Appends an image that is shown for `duration` seconds (above 0). Times are rounded to 1/60000 s; the error does not
  /// add up.
  public mutating func append(_ image: RGBImage, duration: Double) throws(VideoError) {
    precondition(
      image.width == width && image.height == height,
      "VideoWriter.append: an image of \(image.width)×\(image.height) in a video of \(width)×\(height)")
    precondition(duration > 0 && duration < 1e6, "VideoWriter.append: a duration of \(duration) s")
    let start = VideoWriter.ticks(seconds)
    seconds += duration
    let end = VideoWriter.ticks(seconds)
    guard end > start else {
      throw VideoError(code: .unsupported, message: "a frame is shorter than 1/60000 s", path: path)
    }
    let result = image.pixels.withUnsafeBufferPointer {
      wf_writer_append(handle.pointer, $0.baseAddress!, start, end - start)
    }
    guard result == WF_OK else { throw VideoError(writing: path, result) }
    frames += 1
  }

  /// Writes what is left and lets the file appear. A video without frames is an error.
  public consuming func finish() throws(VideoError) {
    guard frames > 0 else {
      throw VideoError(code: .notWritable, message: "a video needs at least one frame", path: path)
    }
    let result = wf_writer_finish(handle.pointer)
    guard result == WF_OK else { throw VideoError(writing: path, result) }
    try file.appear()
  }

  private static func ticks(_ seconds: Double) -> Int64 { Int64((seconds * Double(WF_TICKS)).rounded()) }
}

/// The encoder and the muxer behind a handle that closes itself.
struct WriterHandle: ~Copyable {
  let pointer: OpaquePointer
  let encoder: String

  init(
    path: String, at temporaryPath: String, _ width: Int, _ height: Int, _ options: VideoWriter.Options
  ) throws(VideoError) {
    var pointer: OpaquePointer?
    var result: CInt = 0
    encoder = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { name in
      name.initialize(repeating: 0)
      result = wf_writer_open(
        temporaryPath, CInt(clamping: width), CInt(clamping: height), options.encoders.joined(separator: ","),
        options.preset, CInt(options.quality), CInt(clamping: options.threads), name.baseAddress!, name.count,
        &pointer)
      return String(cString: name.baseAddress!)
    }
    guard result == WF_OK, let pointer else { throw VideoError(writing: path, result) }
    self.pointer = pointer
  }

  deinit { wf_writer_close(pointer) }
}
