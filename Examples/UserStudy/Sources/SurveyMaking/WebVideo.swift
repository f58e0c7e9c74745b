import Foundation
import VideoIO

/// Videos for the web that say nothing of where they are from: all of one size, rate and length, without sound, names or dates.
///
/// A fake that is a few columns narrower than others, or plays at another rate, would give itself away. So a picture is scaled to
/// cover the canvas where that cuts off little, else to fit in it, and frames are taken at a constant rate.
public struct WebVideo: Sendable {
  /// Columns; even.
  public var width: Int
  /// Rows; even.
  public var height: Int
  /// Frames a second.
  public var rate: Double
  /// Seconds from the beginning; a shorter video is taken whole.
  public var seconds: Double
  /// x264's constant rate factor.
  public var quality: Int

  /// The share of a picture that may be cut off so that no bars are needed.
  static let cut = 0.05

  /// Web videos of a size, rate and length.
  public init(width: Int = 854, height: Int = 480, rate: Double = 25, seconds: Double = 8, quality: Int = 26)
  {
    (self.width, self.height, self.rate) = (width, height, rate)
    (self.seconds, self.quality) = (seconds, quality)
  }

  /// Makes the web video of `source` and a JPEG of its first picture.
  ///
  /// - Throws: `VideoError`.
  public func make(
    from source: String, to target: String, poster: String
  ) throws {
    var reader = try VideoReader(path: source)
    let count = reader.properties.frameCount
    var writer = try VideoWriter(path: target, width: width, height: height, options: options)
    var held: RGBImage?
    var (shown, start) = (0, 0.0)
    let frames = Int((seconds * rate).rounded())
    struct Enough: Error {}
    do {
      try reader.frames(at: Array(0..<count)) { frame in
        if held == nil { start = frame.time }
        // What is held is shown until half a frame before this one is due.
        let due = Int(((frame.time - start) * rate).rounded(.up))
        if let image = held, due > shown {
          for _ in shown..<min(due, frames) { try writer.append(image, duration: 1 / rate) }
          shown = min(due, frames)
          if shown >= frames { throw Enough() }
        }
        let image = canvas(frame.image)
        if held == nil { try ImageFile.write(image, to: poster) }
        held = image
      }
      if let held { try writer.append(held, duration: 1 / rate) }
    } catch is Enough {}
    try writer.finish()
  }

  /// Makes an animation of `source`, each of its pictures shown for `1 / pace` seconds: explanations look at few frames, far
  /// apart, and would stand still for long.
  public static func animation(from source: String, to target: String, pace: Double, quality: Int = 23) throws
  {
    var reader = try VideoReader(path: source)
    let properties = reader.properties
    var writer = try VideoWriter(
      path: target, width: properties.width, height: properties.height,
      options: .init(quality: quality, encoders: encoders, preset: "slow", threads: 1))
    try reader.frames(at: Array(0..<properties.frameCount)) {
      try writer.append($0.image, duration: 1 / pace)
    }
    try writer.finish()
  }

  /// What browsers play.
  private static let encoders = ["libx264", "libopenh264"]

  // One thread: the number of threads is written into the file.
  private var options: VideoWriter.Options {
    .init(quality: quality, encoders: Self.encoders, preset: "veryfast", threads: 1)
  }

  /// A picture on the canvas.
  func canvas(_ image: RGBImage) -> RGBImage {
    let (w, h) = (Double(image.width), Double(image.height))
    let cover = max(Double(width) / w, Double(height) / h)
    let (shownWidth, shownHeight) = (Double(width) / cover, Double(height) / cover)
    if shownWidth * shownHeight >= (1 - Self.cut) * w * h {
      let box = Box(
        x: (w - shownWidth) / 2, y: (h - shownHeight) / 2, width: min(w, shownWidth),
        height: min(h, shownHeight))
      return image.resized(width: width, height: height, filter: .area, box: box)
    }
    let fit = min(Double(width) / w, Double(height) / h)
    let (columns, rows) = (
      max(1, min(width, Int((w * fit).rounded()))), max(1, min(height, Int((h * fit).rounded())))
    )
    let small = image.resized(width: columns, height: rows, filter: .area)
    var canvas = RGBImage(width: width, height: height)
    let (left, top) = ((width - columns) / 2, (height - rows) / 2)
    for row in 0..<rows {
      let from = row * columns * 3
      let to = ((top + row) * width + left) * 3
      canvas.pixels.replaceSubrange(to..<to + columns * 3, with: small.pixels[from..<from + columns * 3])
    }
    return canvas
  }
}
