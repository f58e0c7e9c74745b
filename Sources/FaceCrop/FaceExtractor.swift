public import VideoIO

/// The same face followed through the sampled frames of a video, with its crops.
public struct FaceTrack: Sendable {
  /// Its number within the video, from 0: judged tracks first, then those seen more often, then those seen earlier.
  public let number: Int
  /// Whether a verdict may rest on it, see ``FaceExtractor/tracks()``.
  public let isJudged: Bool
  /// Where it was seen, in order of presentation; at least once. Without regions, which are those of a clip's crops.
  public let frames: [Clip.Frame]
  /// Its crops, one clip for each ``CropRecipe`` of the extractor, in that order.
  public let clips: [Clip]

  /// The clip of the first recipe.
  public var clip: Clip { clips[0] }
}

/// What a model wants to see of a face: a policy and a side in pixels.
public struct CropRecipe: Sendable, Hashable {
  /// How the box becomes a region.
  public var policy: CropPolicy
  /// Side S of the crop.
  public var size: Int

  /// A recipe from its parts; the size is at least 1.
  public init(policy: CropPolicy = .scale, size: Int) {
    precondition(size > 0, "CropRecipe: size \(size)")
    self.policy = policy
    self.size = size
  }
}

/// Turns sampled frames, given one after the other, into tracks of crops. A frame is not kept once its faces are cut
/// out: memory is that of the crops.
///
/// ```swift
/// var faces = FaceExtractor(detector: detector, recipes: [CropRecipe(policy: model.cropPolicy, size: 224)])
/// try reader.frames(at: indices) { try faces.add($0) }
/// for track in faces.tracks() where track.isJudged { … track.clip … }
/// ```
public struct FaceExtractor: Sendable {
  private let detector: any FaceDetector
  /// What is cut out of each face.
  public let recipes: [CropRecipe]
  /// More faces in a frame than this are left out, the least confident ones.
  public let maximumFacesPerFrame: Int
  /// Frames so far.
  public private(set) var frameCount = 0

  private var linker = FaceLinker()
  /// For each track where it was seen, and for each recipe the crops and what they show.
  private var collected: [(frames: [Clip.Frame], cuts: [[(crop: RGBImage, region: Box)]])] = []

  /// An extractor that has seen no frame; at least one recipe.
  public init(detector: any FaceDetector, recipes: [CropRecipe], maximumFacesPerFrame: Int = 16) {
    precondition(!recipes.isEmpty && maximumFacesPerFrame > 0, "FaceExtractor: nothing to extract")
    self.detector = detector
    self.recipes = recipes
    self.maximumFacesPerFrame = maximumFacesPerFrame
  }

  /// Finds the faces of a video's next sampled frame and cuts them out.
  ///
  /// - Returns: the faces, most confident first.
  /// - Throws: what the detector throws.
  @discardableResult
  public mutating func add(_ frame: VideoFrame) throws -> [Face] {
    try add(frame.image, index: frame.index, time: frame.time)
  }

  /// Finds the faces of a picture and cuts them out; a picture by itself has index 0 and no time.
  @discardableResult
  public mutating func add(_ image: RGBImage, index: Int = 0, time: Double? = nil) throws -> [Face] {
    take(try detector.faces(in: image), in: image, index: index, time: time)
  }

  /// Finds the faces of a video's next sampled frames together and cuts them out: the same as one by one, in less time.
  ///
  /// - Returns: the faces of each frame, most confident first.
  @discardableResult
  public mutating func add(_ frames: [VideoFrame]) throws -> [[Face]] {
    let found = try detector.faces(in: frames.map(\.image))
    precondition(
      found.count == frames.count,
      "FaceExtractor: faces of \(found.count) pictures for \(frames.count) frames")
    return zip(frames, found).map { take($1, in: $0.image, index: $0.index, time: $0.time) }
  }

  private mutating func take(_ found: [Face], in image: RGBImage, index: Int, time: Double?) -> [Face] {
    let faces = Array(found.sorted { $0.confidence > $1.confidence }.prefix(maximumFacesPerFrame))
    for (face, track) in zip(faces, linker.link(faces.map(\.box))) {
      if track == collected.count { collected.append(([], recipes.map { _ in [] })) }
      collected[track].frames.append(Clip.Frame(index: index, time: time, face: face))
      for (i, recipe) in recipes.enumerated() {
        let region = recipe.policy.shownRegion(
          of: face.box, width: image.width, height: image.height, size: recipe.size)
        collected[track].cuts[i].append((recipe.policy.crop(image, face.box, size: recipe.size), region))
      }
    }
    frameCount += 1
    return faces
  }

  /// The tracks so far. Judged are those seen in at least half of the sampled frames; if there is none, the longest one
  /// (of several, the one with the most confidence) of at least three frames; else none.
  public func tracks() -> [FaceTrack] {
    func confidence(_ i: Int) -> Double { collected[i].frames.reduce(0) { $0 + ($1.face?.confidence ?? 0) } }
    var judged = Set(collected.indices.filter { collected[$0].frames.count * 2 >= frameCount })
    if judged.isEmpty {
      let longest = collected.indices.max {
        (collected[$0].frames.count, confidence($0)) < (collected[$1].frames.count, confidence($1))
      }
      if let longest, collected[longest].frames.count >= 3 { judged = [longest] }
    }
    let order = collected.indices.sorted { a, b in
      (judged.contains(a) ? 0 : 1, -collected[a].frames.count, a)
        < (judged.contains(b) ? 0 : 1, -collected[b].frames.count, b)
    }
    return order.enumerated().map { number, i in
      let (frames, cuts) = collected[i]
      let clips = cuts.map { cuts in
        let shown = zip(frames, cuts).map { frame, cut in
          Clip.Frame(index: frame.index, time: frame.time, face: frame.face, region: cut.region)
        }
        return Clip(track: number, frames: shown, crops: cuts.map(\.crop))
      }
      return FaceTrack(number: number, isJudged: judged.contains(i), frames: frames, clips: clips)
    }
  }
}
