import FaceCrop
import Tensor
import VideoIO

/// The real video or picture that a fake was made from: gives the same places of the same frames.
struct PairedOriginal {
  /// Frames that it has.
  let frameCount: Int
  private let path: String
  /// Where the fake's frames lie in its own.
  private let offset: (x: Int, y: Int)

  /// The original of a video.
  init(_ path: String, of fake: VideoProperties) throws {
    let properties = try VideoReader(path: path).properties
    try self.init(
      path, properties.frameCount, size: (properties.width, properties.height),
      of: (fake.width, fake.height))
  }

  /// The original of a picture.
  init(_ path: String, of fake: RGBImage) throws {
    let image = try ImageFile.read(path)
    try self.init(path, 1, size: (image.width, image.height), of: (fake.width, fake.height))
  }

  private init(
    _ path: String, _ frameCount: Int, size: (width: Int, height: Int), of fake: (width: Int, height: Int)
  ) throws {
    guard let offset = PairedFrames.offset(of: fake, in: size) else {
      throw AnalysisError(
        path: path,
        message: "the paired original has \(size.width)×\(size.height) pixels, the input "
          + "\(fake.width)×\(fake.height): they are not frame by frame the same scene")
    }
    self.path = path
    self.frameCount = frameCount
    self.offset = offset
  }

  /// The tracks with the original's crops beside their own: of the same frames, around the same boxes.
  func paired(_ tracks: [Source.Track], _ recipes: [CropRecipe]) throws -> [Source.Track] {
    // For each frame the places that are wanted of it.
    var wanted: [Int: [(track: Int, position: Int)]] = [:]
    for (i, track) in tracks.enumerated() {
      for (position, frame) in track.clips[0].frames.enumerated() {
        wanted[frame.index, default: []].append((i, position))
      }
    }
    var crops = tracks.map { track in
      recipes.map { _ in [RGBImage?](repeating: nil, count: track.clips[0].frames.count) }
    }
    func take(_ image: RGBImage, index: Int) {
      for (i, position) in wanted[index] ?? [] {
        guard var box = tracks[i].clips[0].frames[position].face?.box else { continue }
        box.x += Double(offset.x)
        box.y += Double(offset.y)
        for (r, recipe) in recipes.enumerated() {
          crops[i][r][position] = recipe.policy.crop(image, box, size: recipe.size)
        }
      }
    }
    if try MediaKind.probe(path) == .image {
      take(try ImageFile.read(path), index: 0)
    } else {
      var reader = try VideoReader(path: path, options: .init(threads: ComputeRuntime.threads))
      try reader.frames(at: wanted.keys.sorted()) { take($0.image, index: $0.index) }
    }
    return zip(tracks, crops).map { track, crops in
      Source.Track(
        clips: zip(track.clips, crops).map { clip, crops in
          Clip(track: clip.track, frames: clip.frames, crops: clip.crops, paired: crops.compactMap { $0 })
        }, judged: track.judged)
    }
  }
}
