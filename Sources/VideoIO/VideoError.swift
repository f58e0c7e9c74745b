import CWhyFakeVideo

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why a video or an image could not be read or written: which file, what is wrong, what to do.
public struct VideoError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// A stable name, such as `notFound`.
    public let description: String
    private init(_ name: String) { description = name }

    /// There is no such file or folder.
    public static let notFound = Code("notFound")
    /// The file is there and cannot be opened or read.
    public static let unreadable = Code("unreadable")
    /// The file has no bytes.
    public static let empty = Code("empty")
    /// The content is no video or image format that is known.
    public static let notRecognised = Code("notRecognised")
    /// There is sound or other data, and no video.
    public static let noVideo = Code("noVideo")
    /// The content is damaged or cut short.
    public static let damaged = Code("damaged")
    /// The picture is larger than is accepted.
    public static let tooLarge = Code("tooLarge")
    /// A codec, pixel format or colour matrix that is not handled.
    public static let unsupported = Code("unsupported")
    /// The file has fewer frames than the index asks for.
    public static let noSuchFrame = Code("noSuchFrame")
    /// The output cannot be written.
    public static let notWritable = Code("notWritable")
    /// None of the encoders is there.
    public static let noEncoder = Code("noEncoder")
    /// Memory ran out.
    public static let outOfMemory = Code("outOfMemory")
  }

  /// What kind of failure it is.
  public let code: Code
  /// What is wrong and what to do, one line.
  public let message: String
  /// The file it is about; empty where there is none.
  public let path: String

  /// An error from its parts.
  public init(code: Code, message: String, path: String) {
    self.code = code
    self.message = message
    self.path = path
  }

  /// The file and the message, on one line.
  public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

extension VideoError {
  /// The error for a result of CWhyFakeVideo other than `WF_OK`, met while reading.
  init(reading path: String, _ result: CInt) {
    let (code, message): (Code, String) =
      switch Int(result) {
      case Int(WF_NOT_RECOGNISED):
        (.notRecognised, "this is no video that FFmpeg knows; check what the file is (`file` tells)")
      case Int(WF_NO_VIDEO): (.noVideo, "there is no video in this file, only sound or data; give a video")
      case Int(WF_NO_DECODER):
        (.unsupported, "FFmpeg has no decoder for this codec; convert it to H.264 or install a fuller FFmpeg")
      case Int(WF_TOO_LARGE):
        (
          .tooLarge,
          "the picture is larger than \(WF_MAX_SIDE) pixels a side or 268 million in all; scale it down"
        )
      case Int(WF_UNSUPPORTED): (.unsupported, "its pixel format is not handled; convert it to yuv420p")
      case Int(WF_EMPTY): (.empty, "the file is empty; copy it again")
      case Int(WF_NO_MEMORY): (.outOfMemory, "memory ran out while reading it")
      default:
        VideoError.systemReading(result)
      }
    self.init(code: code, message: message, path: path)
  }

  private static func systemReading(_ result: CInt) -> (Code, String) {
    switch -result {
    case ENOENT, ENOTDIR: (.notFound, "there is no such file; check the path")
    case EISDIR: (.unreadable, "this is a folder, not a file; give a file in it")
    case ESPIPE: (.unreadable, "this is no regular file and cannot be rewound; save it to a file first")
    case EACCES, EPERM: (.unreadable, "the file may not be read; check its permissions")
    case ENOMEM: (.outOfMemory, "memory ran out while reading it")
    default:
      (.damaged, "the file is damaged or cut short (\(words(result))); get it again")
    }
  }

  /// The error for a result of CWhyFakeVideo other than `WF_OK`, met while writing.
  init(writing path: String, _ result: CInt) {
    let (code, message): (Code, String) =
      switch Int(result) {
      case Int(WF_NO_ENCODER):
        (
          .noEncoder,
          "FFmpeg has no encoder for a video of this size; install an FFmpeg with libx264, or make the video smaller"
        )
      case Int(WF_TOO_LARGE):
        (
          .tooLarge,
          "the picture is larger than \(WF_MAX_SIDE) pixels a side or 268 million in all; scale it down"
        )
      case Int(WF_NO_MEMORY): (.outOfMemory, "memory ran out while writing it")
      default:
        switch -result {
        case ENOSPC: (.notWritable, "the disk is full; make room or choose another folder")
        case ENOENT, ENOTDIR: (.notWritable, "its folder is not there; create it first")
        case EACCES, EPERM, EROFS: (.notWritable, "its folder may not be written to; choose another one")
        case EISDIR: (.notWritable, "this is a folder; give the name of a file")
        default: (.notWritable, "it cannot be written (\(VideoError.words(result))); choose another place")
        }
      }
    self.init(code: code, message: message, path: path)
  }

  private static func words(_ result: CInt) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
      text[0] = 0
      guard let base = text.baseAddress else { return "" }
      wf_explain(result, base, text.count)
      return String(cString: base)
    }
  }
}
