internal import CWhyFakeExplainers
public import FaceCrop
import Tensor
import VideoIO

/// Simple linear iterative clustering in (t, y, x) and colour: segments of about equal size that follow edges.
///
/// Achanta et al., *SLIC Superpixels Compared to State-of-the-Art Superpixel Methods* (2012): k-means of pixels by
/// d² = |colour difference|² + (m/s)²·(Δx² + Δy² + (q·Δt)²), where s is the side of a segment, m the compactness and q
/// the temporal spacing, each centre asking only pixels nearby. Afterwards the smallest connected piece is merged into the
/// neighbour with the nearest mean colour (of equal ones that with the longer border), again and again, until all have
/// half the mean size and there are no more than wanted. Where it differs: exactly ``count`` centres are placed, on a grid
/// whose rows may have unequal numbers of them; a centre begins as the mean of its grid cell, not at the lowest gradient;
/// a centre asks pixels within 1½ grid steps, not one.
///
/// The same clip always gives the same segments: colours are whole numbers of 1/128, their sums are exact, so that
/// neither the number of threads nor the instruction set matters. Complexity: linear in pixels × ``iterations``,
/// whatever the count.
public struct SLIC: Segmentation, Equatable {
  /// What colours are compared in.
  public enum ColorSpace: String, Sendable, Codable, CaseIterable {
    /// CIELAB of sRGB under D65, where a distance is about one of perception; L is in [0, 100].
    case lab
    /// The channels themselves, 100 being full intensity.
    case rgb
  }

  /// What a segment may extend over.
  public enum Space: String, Sendable, Codable, CaseIterable {
    /// Space and time: a segment lives for several frames. It is connected by the six neighbours in (t, y, x).
    case spaceTime
    /// One frame: each is cut by itself, and segments of different frames are different. A segment is connected by the
    /// four neighbours in (y, x).
    case frame
  }

  /// Segments wanted for the whole clip; nil for 200·T/16, which makes about 25 a frame that live for two. The result has
  /// at most as many, and fewer where pieces were too small to be segments. In ``Space/frame`` they are shared evenly, at
  /// least one for each frame.
  public var count: Int?
  /// m: the weight of nearness against colour, in units of colour for one segment's side. Larger makes segments rounder.
  public var compactness: Double
  /// q: the distance of a step of one frame, in pixels. Larger makes segments shorter in time and wider.
  public var temporalSpacing: Double
  /// What colours are compared in.
  public var colorSpace: ColorSpace
  /// Rounds of k-means at the most; it ends before when no centre moves.
  public var iterations: Int
  /// What a segment may extend over.
  public var space: Space

  /// A way of cutting; everything has a default.
  ///
  /// - Parameters:
  ///   - count: at least 1, or nil.
  ///   - compactness: 0 or more.
  ///   - temporalSpacing: above 0.
  ///   - iterations: at least 1.
  public init(
    count: Int? = nil, compactness: Double = 10, temporalSpacing: Double = 22, colorSpace: ColorSpace = .lab,
    iterations: Int = 10, space: Space = .spaceTime
  ) {
    precondition(
      count.map { $0 > 0 } ?? true && (0...1e6).contains(compactness)
        && temporalSpacing > 0 && temporalSpacing <= 1e6 && iterations > 0,
      "SLIC: count \(count ?? 1), compactness \(compactness), spacing \(temporalSpacing), \(iterations) iterations"
    )
    self.count = count
    self.compactness = compactness
    self.temporalSpacing = temporalSpacing
    self.colorSpace = colorSpace
    self.iterations = iterations
    self.space = space
  }

  /// The segments that are wanted of a clip of `frames` frames of side `size`: ``count`` or its default, no more than
  /// there are pixels.
  public func wantedCount(frames: Int, size: Int) -> Int {
    min(max(count ?? Int((200 * Double(frames) / 16).rounded()), 1), frames * size * size)
  }

  /// The segments of `clip`. Throws nothing.
  public func segments(of clip: Clip) -> Supervoxels {
    let (frames, size) = (clip.frames.count, clip.size)
    let volume = SLICVolume(frames: frames, size: size)
    volume.fill(from: clip.crops, colorSpace)
    let wanted = wantedCount(frames: frames, size: size)
    switch space {
    case .spaceTime:
      _ = volume.cut(0..<frames, into: wanted, self, threads: ComputeRuntime.threads)
    case .frame:
      let found = ComputeRuntime.map(frames) { t in
        volume.cut(
          t..<t + 1, into: max(wanted * (t + 1) / frames - wanted * t / frames, 1), self, threads: 1)
      }
      volume.separate(found)
    }
    return Supervoxels(labels: volume.labelArray(), frames: frames, size: size)
  }
}

/// The memory of a cut: three planes of colours and the labels.
private final class SLICVolume {
  let frames: Int
  let size: Int
  private let colors: UnsafeMutablePointer<Int16>
  private let labels: UnsafeMutablePointer<Int32>

  private var plane: Int { size * size }
  private var voxels: Int { frames * plane }

  init(frames: Int, size: Int) {
    self.frames = frames
    self.size = size
    colors = .allocate(capacity: 3 * frames * size * size)
    labels = .allocate(capacity: frames * size * size)
  }

  deinit {
    colors.deallocate()
    labels.deallocate()
  }

  func fill(from crops: [RGBImage], _ space: SLIC.ColorSpace) {
    let (colors, plane, voxels) = (colors, plane, voxels)
    ComputeRuntime.split(frames) { range in
      for t in range {
        let to = colors + t * plane
        crops[t].pixels.withUnsafeBufferPointer { rgb in
          // A crop has a pixel at least.
          let rgb = rgb.baseAddress!
          switch space {
          case .lab: wf_lab_from_rgb(rgb, plane, to, to + voxels, to + 2 * voxels)
          case .rgb: wf_planes_from_rgb(rgb, plane, to, to + voxels, to + 2 * voxels)
          }
        }
      }
    }
  }

  /// Cuts frames `range` by themselves; their labels count from 0. Returns how many there are.
  func cut(_ range: Range<Int>, into count: Int, _ slic: SLIC, threads: Int) -> Int {
    let grid = SeedGrid(
      count: count, frames: range.count, size: size, temporalSpacing: slic.temporalSpacing)
    let labels = labels + range.lowerBound * plane
    grid.fill(labels)

    let centres = UnsafeMutablePointer<Float>.allocate(capacity: 6 * count)
    centres.initialize(repeating: 0, count: 6 * count)
    defer { centres.deallocate() }
    let colors = colors + range.lowerBound * plane
    let unit = Double(WF_COLOR_UNIT) * slic.compactness / grid.side
    var problem = wf_slic(
      frames: range.count, height: size, width: size, clusters: count,
      colors: (UnsafePointer(colors), UnsafePointer(colors + voxels), UnsafePointer(colors + 2 * voxels)),
      labels: labels, centres: centres, spaceWeight: Float(unit * unit),
      temporalSpacing: Float(slic.temporalSpacing), reach: grid.reach)

    // Each part of the frames has its own sums. They are whole numbers, so that their order does not matter.
    let parts = min(threads, range.count)
    let sumCount = count * Int(WF_SLIC_SUMS)
    let sums = UnsafeMutablePointer<Int64>.allocate(capacity: parts * sumCount)
    let scratchCount = wf_slic_scratch(&problem)
    let scratch = UnsafeMutablePointer<Float>.allocate(capacity: parts * scratchCount)
    defer {
      sums.deallocate()
      scratch.deallocate()
    }
    // The first round only finds the means of the grid's cells.
    for round in 0...slic.iterations {
      withUnsafePointer(to: problem) { problem in
        ComputeRuntime.split(parts) { some in
          for part in some {
            let sums = sums + part * sumCount
            if round < slic.iterations { sums.update(repeating: 0, count: sumCount) }
            for t in range.count * part / parts..<range.count * (part + 1) / parts {
              if round > 0 { wf_slic_assign(problem, t, scratch + part * scratchCount) }
              if round < slic.iterations { wf_slic_sum(problem, t, sums) }
            }
          }
        }
      }
      guard round < slic.iterations else { break }
      for part in 1..<max(parts, 1) {
        for i in 0..<sumCount { sums[i] += sums[part * sumCount + i] }
      }
      if !wf_slic_move(&problem, sums) { break }
    }
    return wf_slic_connect(&problem, range.count * plane / count / 2)
  }

  /// Makes labels of different frames different, where frame t has `found[t]` of them.
  func separate(_ found: [Int]) {
    var first: Int32 = 0
    for t in 0..<frames {
      let labels = labels + t * plane
      for i in 0..<plane { labels[i] += first }
      first += Int32(found[t])
    }
  }

  func labelArray() -> [Int32] { Array(UnsafeBufferPointer(start: labels, count: voxels)) }
}
