import FaceCrop
import Tensor
import VideoIO

/// Reads an input and cuts its faces out.
struct Source {
  let faceDetector: any FaceDetector
  let recipes: [CropRecipe]
  let options: AnalysisOptions
  let context: AnalysisContext

  /// What an input gives.
  struct Material {
    var input: Analysis.Input
    var frames: [Analysis.SampledFrame]
    var tracks: [Track]
    var notes: [String] = []
  }

  /// A face: one clip for each recipe.
  struct Track {
    var clips: [Clip]
    var judged: Bool

    init(clips: [Clip], judged: Bool) {
      self.clips = clips
      self.judged = judged
    }
    init(_ track: FaceTrack) { self.init(clips: track.clips, judged: track.isJudged) }
  }

  func read(_ path: String, _ stopwatch: inout Stopwatch) throws -> Material {
    if path.lowercased().hasSuffix(".npy") {
      return try stopwatch.measure(.reading) { try clip(path) }
    }
    let isImage = try MediaKind.probe(path) == .image
    return try isImage ? image(path, &stopwatch) : video(path, &stopwatch)
  }

  // MARK: Video

  private func video(_ path: String, _ stopwatch: inout Stopwatch) throws -> Material {
    try context.report(.reading, 0)
    var reader = try stopwatch.measure(.reading) {
      try VideoReader(path: path, options: .init(threads: ComputeRuntime.threads))
    }
    do {
      return try video(&reader, &stopwatch)
    } catch let error as VideoError where error.code == .noSuchFrame {
      // The file promised more frames than decoding gave; now their number is known.
      return try video(&reader, &stopwatch)
    }
  }

  private func video(_ reader: inout VideoReader, _ stopwatch: inout Stopwatch) throws -> Material {
    let sampled = FrameSampling.indices(count: options.frames, of: reader.properties.frameCount)
    let original = try options.paired.map { try PairedOriginal($0, of: reader.properties) }
    let indices = original.map { original in sampled.filter { $0 < original.frameCount } } ?? sampled
    guard !indices.isEmpty else {
      throw AnalysisError(path: reader.path, message: "the paired video ends before the first sampled frame")
    }
    var extractor = FaceExtractor(detector: faceDetector, recipes: recipes)
    var frames: [Analysis.SampledFrame] = []
    var inner = Duration.zero
    let start = ContinuousClock.now
    var waiting: [VideoFrame] = []
    func findFaces() throws {
      inner += try ContinuousClock().measure {
        try extractor.add(waiting)
        frames += ComputeRuntime.map(waiting.count) { i in
          Analysis.SampledFrame(
            index: waiting[i].index, time: waiting[i].time, thumbnail: thumbnail(waiting[i].image))
        }
      }
      waiting = []
    }
    try reader.frames(at: indices) { frame in
      try context.report(.faces, Double(frames.count + waiting.count) / Double(indices.count))
      waiting.append(frame)
      // Several frames at a time are faster, as long as they are small.
      let bytes = waiting.reduce(0) { $0 + $1.image.pixels.count }
      if waiting.count == 8 || bytes > 32 << 20 { try findFaces() }
    }
    try findFaces()
    stopwatch.add(.reading, ContinuousClock.now - start - inner)
    stopwatch.add(.faces, inner)
    try context.report(.faces, 1)
    let properties = reader.properties
    var notes: [String] = []
    if properties.isTruncated {
      notes.append(
        "the file seems to be cut short or damaged; the \(properties.frameCount) frames that are there were used"
      )
    }
    if indices.count < sampled.count {
      notes.append(
        "\(sampled.count - indices.count) of \(sampled.count) sampled frames are past the end of the paired video "
          + "and were left out")
    }
    let tracks = extractor.tracks().map(Track.init)
    return Material(
      input: Analysis.Input(properties, path: reader.path), frames: frames,
      tracks: try original?.paired(tracks, recipes) ?? tracks, notes: notes)
  }

  // MARK: Pictures and clips

  private func image(_ path: String, _ stopwatch: inout Stopwatch) throws -> Material {
    try context.report(.reading, 0)
    let image = try stopwatch.measure(.reading) { try ImageFile.read(path) }
    try context.report(.faces, 0)
    return try stopwatch.measure(.faces) {
      var extractor = FaceExtractor(detector: faceDetector, recipes: recipes)
      try extractor.add(image)
      let tracks = extractor.tracks().map(Track.init)
      return Material(
        input: Analysis.Input(
          path: path, kind: .image, width: image.width, height: image.height, frameCount: 1),
        frames: [Analysis.SampledFrame(index: 0, thumbnail: thumbnail(image))],
        tracks: try options.paired.map { try PairedOriginal($0, of: image).paired(tracks, recipes) } ?? tracks
      )
    }
  }

  private func clip(_ path: String) throws -> Material {
    try context.report(.reading, 0)
    let array = try Source.clipArray(path)
    let original = try options.paired.map(Source.clipArray)
    if let original, let paired = options.paired, original.shape != array.shape {
      throw AnalysisError(
        path: paired, message: "the paired clip has the shape \(original.shape), the input \(array.shape)")
    }
    return material(array.crops, paired: original?.crops, path: path)
  }

  /// What crops of one size give that come without a video: one track.
  func material(_ crops: [RGBImage], paired: [RGBImage]?, path: String) -> Material {
    let clips = recipes.map { recipe in
      let own = Clip(crops: crops, size: recipe.size)
      return Clip(
        frames: own.frames, crops: own.crops, paired: paired.map { Clip(crops: $0, size: recipe.size).crops })
    }
    return Material(
      input: Analysis.Input(
        path: path, kind: .clip, width: crops[0].width, height: crops[0].height, frameCount: crops.count),
      frames: clips[0].frames.map { Analysis.SampledFrame(index: $0.index) },
      tracks: [Track(clips: clips, judged: true)])
  }

  private static func clipArray(_ path: String) throws -> ByteArray {
    let array = try ByteArray(npy: path)
    let shape = array.shape
    guard shape.count == 4, shape[0] > 0, shape[1] > 0, shape[1] == shape[2], shape[3] == 3 else {
      throw AnalysisError(
        path: path,
        message: "the array has the shape \(shape); a clip is uint8 of T×S×S×3, T square crops in RGB")
    }
    return array
  }

  private func thumbnail(_ image: RGBImage) -> RGBImage? {
    guard options.thumbnailWidth > 0 else { return nil }
    guard image.width > options.thumbnailWidth else { return image }
    let height = max(1, (image.height * options.thumbnailWidth + image.width / 2) / image.width)
    return image.resized(width: options.thumbnailWidth, height: height, filter: .area)
  }
}

extension ByteArray {
  /// The crops of a clip, T×S×S×3, as they are.
  fileprivate var crops: [RGBImage] {
    Clip(bytes: elements, count: shape[0], side: shape[1], size: shape[1]).crops
  }
}

extension Analysis.Input {
  init(_ video: VideoProperties, path: String) {
    let assumed = video.colourIsAssumed ? " (assumed: not tagged)" : ""
    self.init(
      path: path, kind: .video, width: video.width, height: video.height, frameCount: video.frameCount,
      duration: video.duration, frameRate: video.averageFrameRate, codec: video.codec,
      rotation: video.rotation,
      colour: "\(video.colourMatrix.rawValue) \(video.colourRange.rawValue)\(assumed)")
  }
}
