import FaceCrop
import VideoIO

/// Cuts the face out of one video after the other. Without state: any number of threads may use one.
struct VideoHarvester: Sendable {
  let options: HarvestOptions
  let detector: any FaceDetector
  /// Threads that decode a video.
  let decoderThreads: Int
  let checkCancellation: @Sendable () throws -> Void

  /// Where an original's face is, for the fakes that follow it.
  struct Reference: Sendable {
    /// The face in one frame, and what is around it.
    struct Moment: Sendable {
      let frame: Int
      let box: Box
      let surroundings: Surroundings
    }

    let width: Int
    let height: Int
    let moments: [Moment]
  }

  /// What a video gives: as many pictures as the record has crops.
  struct Harvest {
    var video: HarvestedVideo
    var pictures: [RGBImage]
    /// For a video that others may follow.
    var reference: Reference?
  }

  /// Finds the faces of `video` and cuts out the one that a verdict would rest on: of the judged tracks the one seen most
  /// often, of several the one with the most confidence.
  func harvest(_ video: DatasetVideo, pairing: HarvestedVideo.Pairing? = nil) throws -> Harvest {
    try reading(video.path) { reader in
      let indices = FrameSampling.indices(count: options.frames, of: reader.properties.frameCount)
      var extractor = FaceExtractor(
        detector: detector, recipes: [CropRecipe(policy: options.policy, size: options.size)])
      var around: [Int: [(box: Box, surroundings: Surroundings)]] = [:]
      var waiting: [VideoFrame] = []
      func findFaces() throws {
        for (frame, faces) in zip(waiting, try extractor.add(waiting)) where video.label == .real {
          around[frame.index] = faces.map { ($0.box, Surroundings(of: $0.box, in: frame.image)) }
        }
        waiting = []
      }
      try reader.frames(at: indices) { frame in
        try checkCancellation()
        waiting.append(frame)
        // Several frames at a time are faster, as long as they are small.
        if waiting.count == 8 || waiting.count * frame.image.pixels.count > 32 << 20 { try findFaces() }
      }
      try findFaces()
      func confidence(_ track: FaceTrack) -> Double {
        track.frames.reduce(0) { $0 + ($1.face?.confidence ?? 0) }
      }
      let track = extractor.tracks().filter(\.isJudged).max {
        ($0.frames.count, confidence($0)) < ($1.frames.count, confidence($1))
      }
      let (crops, pictures) = (crops(track), track?.clip.crops ?? [])
      var remarks: [String] = []
      if reader.properties.isTruncated { remarks.append("the file is cut short or damaged") }
      if extractor.frameCount < options.frames {
        remarks.append("it has only \(extractor.frameCount) frames")
      }
      if !crops.isEmpty, crops.count < extractor.frameCount {
        remarks.append("the face is in \(crops.count) of \(extractor.frameCount) frames")
      }
      let moments = crops.compactMap { crop in
        around[crop.frame]?.first { $0.box == crop.box }.map {
          Reference.Moment(frame: crop.frame, box: crop.box, surroundings: $0.surroundings)
        }
      }
      let properties = reader.properties
      return Harvest(
        video: HarvestedVideo(
          video, crops: crops, pairing: pairing,
          remark: remarks.isEmpty ? nil : remarks.joined(separator: "; ")),
        pictures: pictures,
        reference: moments.isEmpty
          ? nil : Reference(width: properties.width, height: properties.height, moments: moments))
    }
  }

  /// What the fakes of an original that is done need of it: its frames are read once more, its faces are known.
  func reference(of video: DatasetVideo, _ crops: [HarvestedVideo.Crop]) throws -> Reference? {
    try reading(video.path) { reader in
      let there = crops.filter { $0.frame < reader.properties.frameCount }
      var moments: [Reference.Moment] = []
      try reader.frames(at: there.map(\.frame)) { frame in
        try checkCancellation()
        let box = there[moments.count].box
        moments.append(
          Reference.Moment(frame: frame.index, box: box, surroundings: Surroundings(of: box, in: frame.image))
        )
      }
      let properties = reader.properties
      return moments.isEmpty
        ? nil : Reference(width: properties.width, height: properties.height, moments: moments)
    }
  }

  /// Cuts out of a fake what its original's boxes show, or by itself where it does not show the same scene.
  func harvest(_ video: DatasetVideo, following reference: Reference) throws -> Harvest {
    let followed: Harvest? = try reading(video.path) { reader in
      let properties = reader.properties
      guard
        let offset = PairedFrames.offset(
          of: (properties.width, properties.height), in: (reference.width, reference.height))
      else { return nil }
      let moments = reference.moments.filter { $0.frame < properties.frameCount }
      guard !moments.isEmpty else { return nil }
      var (crops, pictures) = ([HarvestedVideo.Crop](), [RGBImage]())
      // From the same moment of the original, and from the one before it.
      var (same, other) = ([Double](), [Double]())
      try reader.frames(at: moments.map(\.frame)) { frame in
        try checkCancellation()
        func place(_ moment: Reference.Moment) -> Box {
          var box = moment.box
          box.x -= Double(offset.x)
          box.y -= Double(offset.y)
          return box
        }
        func difference(_ moment: Reference.Moment) -> Double {
          moment.surroundings.difference(to: Surroundings(of: place(moment), in: frame.image))
        }
        let moment = moments[crops.count]
        same.append(difference(moment))
        if !crops.isEmpty { other.append(difference(moments[crops.count - 1])) }
        pictures.append(options.policy.crop(frame.image, place(moment), size: options.size))
        crops.append(HarvestedVideo.Crop(frame: moment.frame, box: place(moment)))
      }
      guard Surroundings.areSame(same, other) else { return nil }
      var remarks: [String] = []
      if reader.properties.isTruncated { remarks.append("the file is cut short or damaged") }
      if crops.count < reference.moments.count {
        remarks.append("it ends before its original: \(crops.count) of \(reference.moments.count) crops")
      }
      return Harvest(
        video: HarvestedVideo(
          video, crops: crops, pairing: .follows,
          remark: remarks.isEmpty ? nil : remarks.joined(separator: "; ")), pictures: pictures)
    }
    return try followed ?? harvest(video, pairing: .unlikeOriginal)
  }

  private func crops(_ track: FaceTrack?) -> [HarvestedVideo.Crop] {
    track?.frames.compactMap { frame in
      frame.face.map { HarvestedVideo.Crop(frame: frame.index, box: $0.box) }
    } ?? []
  }

  /// Opens a video for `body`; once more where decoding shows that the file has fewer frames than it promised.
  private func reading<R>(_ path: String, _ body: (inout VideoReader) throws -> R) throws -> R {
    try checkCancellation()
    var reader = try VideoReader(path: path, options: .init(threads: decoderThreads))
    do {
      return try body(&reader)
    } catch let error as VideoError where error.code == .noSuchFrame {
      return try body(&reader)
    }
  }
}

/// What a frame shows around a face: a square of twice the box's height, small, without its middle.
///
/// A manipulation changes the face and leaves this alone; another moment, another cut or another scale changes it.
struct Surroundings: Sendable {
  /// The largest mean difference (of 255, median over frames) between a fake and its original that show the same scene.
  /// In FaceForensics++ (c23, all methods) it is 0.2 to 1.5.
  static let mostDifferent = 5.0

  private static let side = 32
  /// The middle that is left out: 1.4 times the face.
  private static let middle = 5..<27
  private let pixels: [UInt8]

  init(of box: Box, in image: RGBImage) {
    let view = CropPolicy.square(scale: 2).crop(image, box, size: Self.side)
    var pixels: [UInt8] = []
    for y in 0..<Self.side {
      for x in 0..<Self.side where !(Self.middle.contains(x) && Self.middle.contains(y)) {
        let (red, green, blue) = view[x, y]
        pixels += [red, green, blue]
      }
    }
    self.pixels = pixels
  }

  /// Whether a fake shows what its original shows, frame by frame: the difference from the original's same moments is small,
  /// and no larger than that from their neighbours among the sampled ones (both medians).
  static func areSame(_ same: [Double], _ neighbours: [Double]) -> Bool {
    func median(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.sorted()[values.count / 2] }
    guard let own = median(same), own <= mostDifferent else { return false }
    return median(neighbours).map { own <= $0 } ?? true
  }

  /// The mean absolute difference, in [0, 255].
  func difference(to other: Surroundings) -> Double {
    let sum = zip(pixels, other.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(pixels.count)
  }
}
