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
///
/// At a tile's scale captions, seals and folded hands can look like faces. So each face is looked at again (chosen): in
/// views of 1.5, 2.5 and 4 times its side around its centre the network has to find a face in the middle with a mean
/// confidence of ``secondLook``. The least was chosen on 352 frames of DFDC and FaceForensics++ videos, where every face
/// reaches 0.98, and one of 128 other candidates more than 0.85 (`Scripts/second-look.py`).
public struct BlazeFace: FaceDetector {
  /// Candidates with less confidence are dropped.
  public var threshold: Double
  /// Candidates that overlap by more (intersection over union) are one face.
  public var suppressionOverlap: Double
  /// The least mean confidence of the second look, in [0, 1]; 0 for none.
  public var secondLook = 0.85
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
  /// Any size of picture is fine. About 4 MB for each thread.
  public func faces(in image: RGBImage) -> [Face] { faces(in: [image])[0] }

  /// The faces in each of `images`: bit for bit the same as one by one, in less time.
  ///
  /// Every image is searched; no box is carried over from the one before. In four videos boxes moved by 8 to 16 pixels
  /// (median) from one of 32 spread frames to the next, and even between neighbouring frames by more than two pixels
  /// every third time.
  public func faces(in images: [RGBImage]) -> [[Face]] {
    let views = images.indices.flatMap { i in
      View.tiles(of: images[i]).map { (image: i, view: $0) }
    }
    var found = [Candidates](repeating: Candidates(), count: images.count)
    for ((i, view), candidates) in zip(views, candidates(of: views, images)) {
      for face in self.faces(of: candidates) {
        let placed = view.inFrame(face)
        if view.isLetterbox {
          found[i].letterboxed.append(placed)
        } else if view.cuts(face, width: images[i].width, height: images[i].height) {
          found[i].cut.append(placed)
        } else {
          found[i].whole.append(placed)
        }
      }
    }
    let faces = images.indices.map { i in
      merged(found[i], tile: Double(Tiling(width: images[i].width, height: images[i].height).side))
    }
    return secondLook > 0 ? lookedAtAgain(faces, images) : faces
  }

  /// Those of each image's `faces` that are faces also when they are looked at by themselves.
  private func lookedAtAgain(_ faces: [[Face]], _ images: [RGBImage]) -> [[Face]] {
    let scales = [1.5, 2.5, 4]
    var (views, owners) = ([(image: Int, view: View)](), [(image: Int, face: Int)]())
    for (i, faces) in faces.enumerated() {
      for (f, face) in faces.enumerated() {
        let around = scales.map { View(around: face.box, scale: $0) }
        guard around.allSatisfy({ $0.touches(images[i]) }) else { continue }
        views += around.map { (i, $0) }
        owners.append((i, f))
      }
    }
    let confidences = candidates(of: views, images).map(confidenceInTheMiddle)
    var kept = [[Face]](repeating: [], count: images.count)
    for (n, (i, f)) in owners.enumerated() {
      let sum = confidences[n * scales.count..<(n + 1) * scales.count].reduce(0, +)
      if sum >= secondLook * Double(scales.count) { kept[i].append(faces[i][f]) }
    }
    return kept
  }

  /// The confidence of the best candidate whose centre is within 0.15 sides of the picture's.
  private func confidenceInTheMiddle(_ candidates: BlazeFaceNetwork.Candidates) -> Double {
    let side = Float(BlazeFaceNetwork.side)
    var best = -Float.infinity
    candidates.forEachAnchor { i, logit, value in
      guard logit > best else { return }
      let anchor = BlazeFaceNetwork.anchors[i]
      let (x, y) = (anchor.x + value(0) / side, anchor.y + value(1) / side)
      if abs(x - 0.5) < 0.15 && abs(y - 0.5) < 0.15 { best = logit }
    }
    return 1 / (1 + exp(-Double(best)))
  }

  /// What the network says of each view. A view's maps fit a core's own cache: each is one thread's from pixels to
  /// candidates.
  private func candidates(
    of views: [(image: Int, view: View)], _ images: [RGBImage]
  ) -> [BlazeFaceNetwork.Candidates] {
    let side = BlazeFaceNetwork.side
    return ComputeRuntime.map(views.count) { i in
      let (image, view) = views[i]
      return network(
        Tensor(shape: [1, 3, side, side]) { view.write(images[image], to: $0.baseAddress!) })
    }
  }

  /// The faces of a view, positions as shares of its side.
  private func faces(of candidates: BlazeFaceNetwork.Candidates) -> [Face] {
    var faces: [Face] = []
    candidates.forEachAnchor { i, logit, value in
      let confidence = 1 / (1 + exp(-Double(min(max(logit, -100), 100))))
      guard confidence >= threshold else { return }
      faces.append(Face(value, anchor: BlazeFaceNetwork.anchors[i], confidence: confidence))
    }
    return faces
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

  /// The tiles of `image`, and all of it between bars unless one tile is all of it.
  static func tiles(of image: RGBImage) -> [View] {
    let tiling = Tiling(width: image.width, height: image.height)
    let tiles = tiling.corners.map { View(x: Double($0.x), y: Double($0.y), side: Double(tiling.side)) }
    return tiling.isWhole(width: image.width, height: image.height)
      ? tiles : tiles + [View(letterboxing: image)]
  }

  /// A square `scale` times as large as `box`, around its centre.
  init(around box: Box, scale: Double) {
    side = max(box.width, box.height, 1) * scale
    x = box.x + box.width / 2 - side / 2
    y = box.y + box.height / 2 - side / 2
  }

  /// Whether a part of `image` is in the view.
  func touches(_ image: RGBImage) -> Bool {
    side.isFinite && x < Double(image.width) && y < Double(image.height) && x + side > 0 && y + side > 0
  }

  /// Writes the view of `image` as three planes of 128×128 in [−1, 1]; what lies outside the picture is black.
  func write(_ image: RGBImage, to planes: UnsafeMutablePointer<Float>) {
    let full = BlazeFaceNetwork.side
    let (columns, rows) = (Part(x, side, image.width, full), Part(y, side, image.height, full))
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: full * full * 3) { pixels in
      let base = pixels.baseAddress!
      if columns.count < full || rows.count < full { pixels.initialize(repeating: 0) }
      image.resize(
        Box(x: columns.from, y: rows.from, width: columns.length, height: rows.length), width: columns.count,
        height: rows.count, filter: .area, to: base + (rows.offset * full + columns.offset) * 3,
        stride: full * 3)
      for channel in 0..<3 {
        let plane = planes + channel * full * full
        for i in 0..<full * full { plane[i] = Float(base[i * 3 + channel]) * (1 / 127.5) - 1 }
      }
    }
  }

  /// One direction of a view: the part of the picture in it, and the pixels that this part gets.
  private struct Part {
    let from: Double
    let length: Double
    let count: Int
    let offset: Int

    init(_ start: Double, _ side: Double, _ size: Int, _ full: Int) {
      from = max(0, start)
      length = min(Double(size), start + side) - from
      count = min(full, max(1, Int((length / side * Double(full)).rounded())))
      let outside = side - length
      offset = outside > 0 ? Int(Double(full - count) * (from - start) / outside) : 0
    }
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

extension Face {
  /// A candidate from its sixteen values and its anchor, as shares of the network's input.
  fileprivate init(_ value: (Int) -> Float, anchor: (x: Float, y: Float), confidence: Double) {
    func share(_ i: Int) -> Double { Double(value(i)) / Double(BlazeFaceNetwork.side) }
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
