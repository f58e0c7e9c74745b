import Explainers
import FaceCrop
import Tensor
import Testing
import VideoIO

@Suite("SLIC", .serialized)
struct SupervoxelsSLICTests {
  @Test("a flat clip is cut into the regular grid, in space, time and both")
  func flat() {
    // One frame step is 8 pixels, so cells of 8×8 pixels and one frame, or 16×16 and two, are cubes.
    let clip = formulaClip(frames: 4, size: 32) { _, _, _ in (90, 120, 30) }
    for (count, side, length) in [(64, 8, 1), (8, 16, 2)] {
      let grid = SegmentGrid(rows: 32 / side, columns: 32 / side, framesPerSegment: length)
      #expect(SLIC(count: count, temporalSpacing: 8).segments(of: clip) == (try? grid.segments(of: clip)))
    }
    #expect(SLIC(count: 1).segments(of: clip).count == 1)
    let frames = SLIC(count: 64, space: .frame).segments(of: clip)
    #expect(frames == (try? SegmentGrid(rows: 4, columns: 4, framesPerSegment: 1).segments(of: clip)))
  }

  @Test("a clip of two colours is cut along their edge, in space and in time")
  func edges() {
    // Neither edge is on the grid of seeds.
    let space = formulaClip(frames: 3, size: 40) { _, x, _ in x < 17 ? (200, 40, 40) : (40, 60, 190) }
    let time = formulaClip(frames: 7, size: 24) { t, _, _ in t < 3 ? (200, 40, 40) : (40, 60, 190) }
    for (clip, count) in [(space, 12), (time, 12)] {
      for colorSpace in SLIC.ColorSpace.allCases {
        let cut = SLIC(count: count, colorSpace: colorSpace).segments(of: clip)
        var colors: [Int32: Set<UInt8>] = [:]
        for (t, crop) in clip.crops.enumerated() {
          for (i, label) in cut.plane(t).enumerated() {
            colors[label, default: []].insert(crop.pixels[3 * i])
          }
        }
        #expect(cut.count > 2 && colors.count == cut.count)
        #expect(colors.values.allSatisfy { $0.count == 1 }, "\(colorSpace): a segment has two colours")
      }
    }
  }

  @Test("every segment is connected, none is tiny, there are never more than wanted and nearly as many")
  func properties() {
    for (frames, size, count) in [(8, 48, 60), (5, 37, 23), (1, 64, 40), (12, 20, 7)] {
      let clip = noisyClip(frames: frames, size: size)
      for space in SLIC.Space.allCases {
        let cut = SLIC(count: count, space: space).segments(of: clip)
        let label: Comment = "\(frames)×\(size)×\(size), \(count), \(space)"
        let wanted = space == .frame ? max(count, frames) : count
        #expect(cut.count <= wanted && cut.count * 10 >= wanted * 7, label)
        #expect(Set(cut.labels) == Set(0..<Int32(cut.count)), label)
        #expect(pieces(of: cut, acrossFrames: space == .spaceTime) == cut.count, label)
        var sizes = [Int](repeating: 0, count: cut.count)
        for label in cut.labels { sizes[Int(label)] += 1 }
        #expect((sizes.min() ?? 0) >= frames * size * size / wanted / 2, label)
        if space == .frame {
          for t in 1..<max(frames, 1) { #expect(Set(cut.plane(t)).isDisjoint(with: cut.plane(t - 1)), label) }
        }
      }
    }
  }

  @Test("any number of threads, and every run, gives the same segments")
  func threads() {
    let threads = ComputeRuntime.threads
    defer { ComputeRuntime.threads = threads }
    let clip = noisyClip(frames: 7, size: 40)
    for space in SLIC.Space.allCases {
      let cuts = [1, 2, 3, 8, 8].map { threads in
        ComputeRuntime.threads = threads
        return SLIC(count: 30, space: space).segments(of: clip)
      }
      #expect(cuts.allSatisfy { $0 == cuts[0] })
    }
  }

  @Test("the segments of a clip of noise are the same with every instruction set and every build")
  func pinned() {
    let cut = SLIC(count: 40).segments(of: noisyClip(frames: 6, size: 48))
    let hash = cut.labels.reduce(UInt64(14_695_981_039_346_656_037)) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    #expect(hash == 12_580_355_054_591_623_756, "\(cut.count) segments, hash \(hash)")
  }

  @Test("each parameter changes the segments")
  func parameters() {
    let clip = noisyClip(frames: 8, size: 40)
    let standard = SLIC(count: 40).segments(of: clip)
    for other in [
      SLIC(count: 20), SLIC(count: 40, compactness: 40), SLIC(count: 40, temporalSpacing: 5),
      SLIC(count: 40, colorSpace: .rgb), SLIC(count: 40, iterations: 1), SLIC(count: 40, space: .frame),
    ] {
      #expect(other.segments(of: clip) != standard, "\(other)")
    }
    #expect(SLIC(count: 100).segments(of: clip) == SLIC().segments(of: clip), "200·8/16 is the default")
    #expect(
      SLIC().wantedCount(frames: 16, size: 224) == 200 && SLIC().wantedCount(frames: 1, size: 224) == 13)
  }

  @Test("more temporal spacing makes segments shorter, more compactness makes them rounder")
  func directions() {
    let clip = noisyClip(frames: 12, size: 48)
    func lives(_ spacing: Double) -> Double {
      let cut = SLIC(count: 60, temporalSpacing: spacing).segments(of: clip)
      return Double((0..<12).reduce(0) { $0 + Set(cut.plane($1)).count }) / Double(cut.count)
    }
    #expect(lives(3) > lives(12) && lives(12) > lives(60))
    func border(_ compactness: Double) -> Int {
      let labels = SLIC(count: 60, compactness: compactness).segments(of: clip).labels
      return (0..<labels.count - 1).count { $0 % 48 < 47 && labels[$0] != labels[$0 + 1] }
    }
    #expect(border(2) > border(15) && border(15) > border(200))
  }

  @Test("one pixel, one segment, more segments than pixels, and sides of every parity work")
  func degenerate() {
    for (frames, size) in [(1, 1), (1, 2), (3, 1), (2, 3), (5, 7), (40, 4)] {
      let clip = noisyClip(frames: frames, size: size)
      for count in [1, 2, 3, 7, 50, 1_000_000] {
        for spacing in [0.001, 22, 1000] {
          for space in SLIC.Space.allCases {
            let slic = SLIC(count: count, temporalSpacing: spacing, space: space)
            let cut = slic.segments(of: clip)
            let most = max(slic.wantedCount(frames: frames, size: size), space == .frame ? frames : 1)
            #expect(cut.labels.count == frames * size * size && (1...most).contains(cut.count))
            #expect(pieces(of: cut, acrossFrames: space == .spaceTime) == cut.count)
          }
        }
      }
    }
    let clip = formulaClip(frames: 2, size: 6) { _, _, _ in (0, 0, 0) }
    #expect(SLIC(count: 1_000_000).segments(of: clip).count == 72, "each pixel is a segment")
    #expect(SLIC(count: 5, compactness: 0).segments(of: clip).count <= 5)
  }

  @Test("a grid has its rows, columns and frames, and refuses what does not fit")
  func grid() throws {
    let clip = formulaClip(frames: 5, size: 7) { _, _, _ in (0, 0, 0) }
    let cut = try SegmentGrid(rows: 2, columns: 3, framesPerSegment: 2).segments(of: clip)
    #expect(cut.count == 2 * 3 * 3)
    #expect(Array(cut.plane(0).prefix(7)) == [0, 0, 1, 1, 2, 2, 2] && cut.plane(1) == cut.plane(0)[...])
    #expect((0..<7).map { cut.labels[$0 * 7] } == [0, 0, 0, 3, 3, 3, 3])
    #expect(cut.labels[2 * 49] == 6 && cut.labels[4 * 49] == 12)
    #expect(try SegmentGrid(rows: 2, columns: 3).segments(of: clip).count == 6)
    #expect(throws: ExplanationError("a grid of 8 rows and 1 columns does not fit crops of 7×7 pixels")) {
      try SegmentGrid(rows: 8, columns: 1).segments(of: clip)
    }
  }
}

/// A clip whose pixel (t, x, y) is what `color` says.
func formulaClip(frames: Int, size: Int, _ color: (Int, Int, Int) -> (UInt8, UInt8, UInt8)) -> Clip {
  Clip(
    crops: (0..<frames).map { t in
      var crop = RGBImage(width: size, height: size)
      for i in 0..<size * size {
        (crop.pixels[3 * i], crop.pixels[3 * i + 1], crop.pixels[3 * i + 2]) = color(t, i % size, i / size)
      }
      return crop
    })
}

/// A disc that moves before a slope, and noise over all.
func noisyClip(frames: Int, size: Int) -> Clip {
  var random = SplitMix(seed: 11)
  return formulaClip(frames: frames, size: size) { t, x, y in
    let (dx, dy) = (x - size / 3 - t, y - size / 2)
    let inside = 16 * (dx * dx + dy * dy) < size * size
    func noisy(_ value: Int) -> UInt8 { UInt8(min(max(value + Int(random.uniform() * 50) - 25, 0), 255)) }
    return (noisy(inside ? 220 : 60), noisy(100 * y / size + 60), noisy(inside ? 40 : 200 * x / size))
  }
}

/// The connected pieces of all segments, counted.
func pieces(of cut: Supervoxels, acrossFrames: Bool) -> Int {
  let (size, plane) = (cut.size, cut.size * cut.size)
  var seen = [Bool](repeating: false, count: cut.labels.count)
  var count = 0
  for start in seen.indices where !seen[start] {
    count += 1
    seen[start] = true
    var open = [start]
    while let i = open.popLast() {
      var neighbours: [Int] = []
      if i % size > 0 { neighbours.append(i - 1) }
      if i % size < size - 1 { neighbours.append(i + 1) }
      if i % plane >= size { neighbours.append(i - size) }
      if i % plane < plane - size { neighbours.append(i + size) }
      if acrossFrames && i >= plane { neighbours.append(i - plane) }
      if acrossFrames && i + plane < seen.count { neighbours.append(i + plane) }
      for n in neighbours where !seen[n] && cut.labels[n] == cut.labels[i] {
        seen[n] = true
        open.append(n)
      }
    }
  }
  return count
}
