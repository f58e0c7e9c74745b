public import VideoIO

extension Clip {
  /// A clip of crops that come without a video: index is the position; no time, no face.
  ///
  /// - Parameters:
  ///   - crops: one or more, of any sizes.
  ///   - size: side of the clip; a crop of another size is scaled with the triangle filter. The first crop's width if
  ///     nil.
  public init(crops: [RGBImage], size: Int? = nil) {
    precondition(!crops.isEmpty, "Clip: no crops")
    let size = size ?? crops[0].width
    self.init(
      frames: crops.indices.map { Frame(index: $0) },
      crops: crops.map { $0.resized(width: size, height: size) })
  }

  /// A clip from the array `[T, S, S, 3]` of bytes, as a `.npy` file holds it: T crops of S×S, RGB.
  ///
  /// - Parameters:
  ///   - bytes: `count * side * side * 3` of them, row-major.
  ///   - count: T, at least 1.
  ///   - side: S, at least 1.
  ///   - size: side of the clip; scaled with the triangle filter where it is not `side`.
  public init(bytes: [UInt8], count: Int, side: Int, size: Int) {
    let area = side * side * 3
    precondition(
      count > 0 && side > 0 && bytes.count == count * area,
      "Clip: \(bytes.count) bytes do not make [\(count), \(side), \(side), 3]")
    self.init(
      crops: (0..<count).map {
        RGBImage(width: side, height: side, pixels: Array(bytes[$0 * area..<($0 + 1) * area]))
      }, size: size)
  }

  /// The same clip with crops of `size`×`size`, scaled with the triangle filter.
  public func resized(to size: Int) -> Clip {
    func resized(_ crops: [RGBImage]) -> [RGBImage] { crops.map { $0.resized(width: size, height: size) } }
    return Clip(track: track, frames: frames, crops: resized(crops), paired: paired.map(resized))
  }
}
