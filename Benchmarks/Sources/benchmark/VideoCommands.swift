import ArgumentParser
import FaceCrop
import Foundation
import VideoIO

/// Decoding to RGB; the peer is `bench_decode.py`.
struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "decode", abstract: "Decodes a video to RGB.")

  enum Mode: String, ExpressibleByArgument, CaseIterable { case all, spread32 }

  @Option(help: "The video.")
  var video: String

  @Option(help: "All frames, or 32 evenly spaced ones.")
  var mode: Mode = .all

  @OptionGroup var timing: TimingOptions

  func run() throws {
    var frames = 0
    let times = try Timing.measure(
      runs: timing.runs, warm: 1,
      {
        // Opening is part of it, as it is for the peers.
        var reader = try VideoReader(path: video, options: .init(threads: timing.threads))
        let total = reader.properties.frameCount
        let indices = mode == .all ? Array(0..<total) : spread(32, of: total)
        frames = 0
        try reader.frames(at: indices) { _ in frames += 1 }
      })[0]
    JSONLine().adding("bench", "decode").adding("lib", "whyfake").adding("mode", mode.rawValue)
      .adding("threads", timing.threads).adding("frames", frames)
      .adding("median_ms", times, per: 1, digits: 1)
      .adding("fps", Double(frames) / times.median * 1000, digits: 1).addingPeakMemory().write()
  }
}

/// Faces in 8 evenly spaced frames, together; the peer is `bench_face.py`.
struct FacesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "faces", abstract: "Finds the faces in 8 evenly spaced frames of a video.")

  @Option(help: "The video.")
  var video: String

  @Option(help: "Frames that are looked at together.")
  var batch: Int = 8

  @OptionGroup var timing: TimingOptions

  func validate() throws {
    guard (1...8).contains(batch) else { throw ValidationError("--batch is \(batch); give 1 to 8.") }
  }

  func run() throws {
    timing.prepare()
    var reader = try VideoReader(path: video, options: .init(threads: timing.threads))
    var images: [RGBImage] = []
    try reader.frames(at: spread(8, of: reader.properties.frameCount)) { images.append($0.image) }
    let detector = try BlazeFace()
    var counts: [Int] = []
    let times = try Timing.measure(runs: timing.runs, warm: 1) {
      counts = stride(from: 0, to: images.count, by: batch).flatMap { first in
        detector.faces(in: Array(images[first..<min(first + batch, images.count)])).map(\.count)
      }
    }[0]
    JSONLine().adding("bench", "face").adding("lib", "whyfake").adding("threads", timing.threads)
      .adding("frame", [images[0].height, images[0].width]).adding("faces", counts)
      .adding("batch", batch)
      .adding("ms_per_frame", times, per: images.count, digits: 2).addingPeakMemory().write()
  }
}

/// `count` indices from the first to the last of `total`, rounded down as NumPy's `linspace` is by the peers.
func spread(_ count: Int, of total: Int) -> [Int] {
  total <= count ? Array(0..<total) : (0..<count).map { $0 * (total - 1) / (count - 1) }
}
