#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

public import Tensor
public import VideoIO

/// Finds faces with BlazeFace (short range) on overlapping tiles of the picture.
///
/// Tiles (see ``Tiling``) are scaled to 128×128 by area, the whole frame is looked at once more with bars at two sides;
/// candidates of at least the threshold are blended where they overlap: the most confident one takes all that overlap
/// it by more than 0.3 (intersection over union) into a mean weighted by confidence, whose confidence is their mean.
///
/// Not every candidate is worth the same (chosen). Those that end at an edge of their tile, where it is not the
/// frame's, may show half a face: they are blended among themselves and count only where whole ones find nothing. The
/// whole frame is coarse (a pixel of it is fifteen of a 1080p frame) and speaks for what tiles cannot see: its faces
/// larger than three fifths of a tile take the place of all that tiles find inside them, smaller ones count where
/// tiles find nothing.
public struct BlazeFace: FaceDetector {
  /// Candidates with less confidence are dropped.
  public var threshold: Double
  /// Candidates that overlap by more (intersection over union) are one face.
  public var suppressionOverlap: Double
  private let network: BlazeFaceNetwork

  /// The detector with the weights that come with the package, found by ``WeightsLocator``.
  ///
  /// - Throws: ``WeightsError`` if they are not found or not whole.
  public init() throws(WeightsError) {
    try self.init(weights: try WeightsLocator.find("blazeface.safetensors", bundledWith: "FaceCrop"))
  }

  /// The detector with the weights of a safetensors file.
  ///
  /// - Parameters:
  ///   - path: a file that `Scripts/convert-blazeface.py` makes.
  ///   - threshold: least confidence, in [0, 1].
  ///   - suppressionOverlap: intersection over union above which candidates are one face.
  /// - Throws: ``WeightsError`` if the file is not whole or not BlazeFace.
  public init(weights path: String, threshold: Double = 0.75, suppressionOverlap: Double = 0.3)
    throws(WeightsError)
  {
    network = try BlazeFaceNetwork(Weights(safetensors: path), file: path)
    self.threshold = threshold
    self.suppressionOverlap = suppressionOverlap
  }

  /// The faces in `image`, most confident first; boxes and keypoints in pixels of `image`, the box may reach beyond it.
  ///
  /// Any size of picture is fine. About 0.3 MB for each of at most 32 tiles at a time.
  public func faces(in image: RGBImage) -> [Face] {
    let tiling = Tiling(width: image.width, height: image.height)
    let side = BlazeFaceNetwork.side
    let isWhole = tiling.isWhole(width: image.width, height: image.height)

    var found = Candidates()
    var views = tiling.corners.map { View(x: Double($0.x), y: Double($0.y), side: Double(tiling.side)) }
    if !isWhole { views.append(View(letterboxing: image)) }
    for start in stride(from: 0, to: views.count, by: 32) {
      let batch = views[start..<min(start + 32, views.count)]
      let input = Tensor(shape: [batch.count, 3, side, side]) { out in
        ComputeRuntime.split(batch.count) { range in
          for i in range {
            let planes = out[i * 3 * side * side..<(i + 1) * 3 * side * side]
            batch[start + i].pixels(of: image).write(to: UnsafeMutableBufferPointer(rebasing: planes))
          }
        }
      }
      for (view, faces) in zip(batch, candidates(input)) {
        for face in faces {
          let placed = view.inFrame(face)
          if view.isLetterbox {
            found.letterboxed.append(placed)
          } else if view.cuts(face, width: image.width, height: image.height) {
            found.cut.append(placed)
          } else {
            found.whole.append(placed)
          }
        }
      }
    }
    return merged(found, tile: Double(tiling.side))
  }

  /// Candidates of each picture of `[N, 3, 128, 128]`, positions as shares of the side.
  private func candidates(_ input: Tensor) -> [[Face]] {
    let (logits, boxes) = network(input)
    let anchors = BlazeFaceNetwork.anchors
    return logits.withUnsafeBufferPointer { logits in
      boxes.withUnsafeBufferPointer { boxes in
        (0..<input.shape[0]).map { n in
          anchors.indices.compactMap { i in
            let logit = Double(min(max(logits[n * anchors.count + i], -100), 100))
            let confidence = 1 / (1 + exp(-logit))
            guard confidence >= threshold else { return nil }
            let values = UnsafeBufferPointer(
              rebasing: boxes[(n * anchors.count + i) * 16..<(n * anchors.count + i + 1) * 16])
            return Face(values, anchor: anchors[i], confidence: confidence)
          }
        }
      }
    }
  }

  /// Candidates in frame pixels, by how far they can be trusted.
  private struct Candidates {
    /// From tiles that show them whole.
    var whole: [Face] = []
    /// From tiles at whose edge they end.
    var cut: [Face] = []
    /// From the view of the whole frame.
    var letterboxed: [Face] = []
  }

  private func merged(_ found: Candidates, tile: Double) -> [Face] {
    let letterboxed = blended(found.letterboxed)
    let large = letterboxed.filter { max($0.box.width, $0.box.height) > 0.6 * tile }
    func isOutside(_ face: Face) -> Bool { !large.contains { $0.box.share(of: face.box) > 0.5 } }
    var faces = large + blended(found.whole.filter(isOutside))

    func add(_ others: [Face], overlap: Double) {
      faces += others.filter { other in
        !faces.contains { max($0.box.share(of: other.box), other.box.share(of: $0.box)) > overlap }
      }
    }
    add(blended(found.cut.filter(isOutside)), overlap: 0.1)
    add(letterboxed.filter { !large.contains($0) }, overlap: suppressionOverlap)
    return faces.sorted { $0.confidence > $1.confidence }
  }

  /// Weighted non-maximum suppression.
  package func blended(_ candidates: [Face]) -> [Face] {
    var remaining = candidates.enumerated()
      .sorted { ($1.element.confidence, $0.offset) < ($0.element.confidence, $1.offset) }.map(\.element)
    var faces: [Face] = []
    while let first = remaining.first {
      // The first one itself also where its box has no extent.
      let rest = remaining.dropFirst()
      let group = [first] + rest.filter { first.box.intersectionOverUnion($0.box) > suppressionOverlap }
      remaining = rest.filter { first.box.intersectionOverUnion($0.box) <= suppressionOverlap }
      faces.append(group.count == 1 ? first : Face(mean: group))
    }
    return faces
  }
}

/// A square view of a picture: a tile of it, or all of it between bars.
private struct View {
  let x: Double
  let y: Double
  let side: Double
  var isLetterbox = false

  init(x: Double, y: Double, side: Double) {
    (self.x, self.y, self.side) = (x, y, side)
  }

  /// All of `image` in the middle of a square.
  init(letterboxing image: RGBImage) {
    side = Double(max(image.width, image.height))
    x = (Double(image.width) - side) / 2
    y = (Double(image.height) - side) / 2
    isLetterbox = true
  }

  /// The view, 128×128.
  func pixels(of image: RGBImage) -> RGBImage {
    let full = BlazeFaceNetwork.side
    guard isLetterbox else {
      return image.resized(
        width: full, height: full, filter: .area, box: Box(x: x, y: y, width: side, height: side))
    }
    let width = max(1, Int((Double(image.width) / side * Double(full)).rounded()))
    let height = max(1, Int((Double(image.height) / side * Double(full)).rounded()))
    let scaled = image.resized(width: width, height: height, filter: .area)
    var view = RGBImage(width: full, height: full)
    let (left, top) = ((full - width) / 2, (full - height) / 2)
    for row in 0..<height {
      let to = ((top + row) * full + left) * 3
      view.pixels.replaceSubrange(
        to..<to + width * 3, with: scaled.pixels[row * width * 3..<(row + 1) * width * 3])
    }
    return view
  }

  /// Whether `face`, given in shares of the side, ends at an edge of the view that is not the frame's (to 2 %).
  func cuts(_ face: Face, width: Int, height: Int) -> Bool {
    let margin = 0.02
    return face.box.x < margin && x > 0 || face.box.y < margin && y > 0
      || face.box.maxX > 1 - margin && x + side < Double(width)
      || face.box.maxY > 1 - margin && y + side < Double(height)
  }

  /// `face`, given in shares of the view's side, in frame pixels.
  func inFrame(_ face: Face) -> Face {
    var face = face
    face.box = Box(
      x: x + face.box.x * side, y: y + face.box.y * side, width: face.box.width * side,
      height: face.box.height * side)
    face.keypoints = face.keypoints.map { Point(x: x + $0.x * side, y: y + $0.y * side) }
    return face
  }
}

extension RGBImage {
  /// Three planes in [−1, 1].
  fileprivate func write(to out: UnsafeMutableBufferPointer<Float>) {
    let plane = width * height
    pixels.withUnsafeBufferPointer { pixels in
      for channel in 0..<3 {
        for i in 0..<plane { out[channel * plane + i] = Float(pixels[i * 3 + channel]) * (1 / 127.5) - 1 }
      }
    }
  }
}

extension Face {
  /// A candidate from its sixteen values and its anchor, as shares of the network's input.
  fileprivate init(_ values: UnsafeBufferPointer<Float>, anchor: (x: Float, y: Float), confidence: Double) {
    func share(_ i: Int) -> Double { Double(values[i]) / Double(BlazeFaceNetwork.side) }
    let (x, y) = (Double(anchor.x), Double(anchor.y))
    // A network that was fed anything may answer with a negative size.
    let (width, height) = (max(share(2), 0), max(share(3), 0))
    self.init(
      box: Box(x: x + share(0) - width / 2, y: y + share(1) - height / 2, width: width, height: height),
      confidence: confidence,
      keypoints: (2..<8).map { Point(x: x + share(2 * $0), y: y + share(2 * $0 + 1)) })
  }

  /// The mean of several faces, weighted by confidence.
  fileprivate init(mean faces: [Face]) {
    let total = faces.reduce(0) { $0 + $1.confidence }
    func mean(_ value: (Face) -> Double) -> Double {
      faces.reduce(0) { $0 + value($1) * $1.confidence } / total
    }
    self.init(
      box: Box(
        x: mean(\.box.x), y: mean(\.box.y), width: mean(\.box.width), height: mean(\.box.height)),
      confidence: total / Double(faces.count),
      keypoints: faces[0].keypoints.indices.map { i in
        Point(x: mean(\.keypoints[i].x), y: mean(\.keypoints[i].y))
      })
  }
}

extension Box {
  /// The share of `other`'s area that lies inside this box.
  fileprivate func share(of other: Box) -> Double {
    let w = min(maxX, other.maxX) - max(x, other.x)
    let h = min(maxY, other.maxY) - max(y, other.y)
    return w > 0 && h > 0 ? w * h / other.area : 0
  }
}
