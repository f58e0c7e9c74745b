import CWhyFakeTraining
import Foundation
public import VideoIO

/// What happens to one crop: the outcome of ``Augmentation/draw(_:)``. Equal draws make equal pictures, with every kernel
/// set and any number of threads.
public struct AugmentationDraw: Sendable, Codable, Equatable {
  /// Brightness and contrast: v ↦ (v − ½) · contrast + ½ + brightness, v in [0, 1].
  public struct Tone: Sendable, Codable, Hashable {
    /// What is added; 1 is the whole range.
    public var brightness: Double
    /// The factor about mid-grey.
    public var contrast: Double

    /// A change of tone from its parts.
    public init(brightness: Double, contrast: Double) {
      (self.brightness, self.contrast) = (brightness, contrast)
    }
  }

  /// Hue and saturation at constant luma.
  public struct Color: Sendable, Codable, Hashable {
    /// The turn of the colour differences in degrees.
    public var hue: Double
    /// Their factor.
    public var saturation: Double

    /// A change of colour from its parts.
    public init(hue: Double, saturation: Double) {
      (self.hue, self.saturation) = (hue, saturation)
    }
  }

  /// Noise of a pixel and channel each.
  public struct Noise: Sendable, Codable, Hashable {
    /// The standard deviation in levels of 255.
    public var deviation: Double
    /// Which noise.
    public var seed: UInt32

    /// Noise from its parts.
    public init(deviation: Double, seed: UInt32) {
      (self.deviation, self.seed) = (deviation, seed)
    }
  }

  /// One pass through JPEG.
  public struct Compression: Sendable, Codable, Hashable {
    /// On the Independent JPEG Group's scale, 1 to 100.
    public var quality: Int
    /// The column, 0 to 15, at which the picture begins in its first block of 16.
    public var left: Int
    /// The row, 0 to 15, at which the picture begins in its first block of 16.
    public var top: Int

    /// A compression from its parts.
    public init(quality: Int, left: Int = 0, top: Int = 0) {
      (self.quality, self.left, self.top) = (quality, left, top)
    }
  }

  /// Where the crop is taken; to be shared by a fake and its original.
  public var placement = CropPlacement()
  /// Brightness and contrast, if they change.
  public var tone: Tone?
  /// Hue and saturation, if they change.
  public var color: Color?
  /// The smaller picture's side as a share of the crop's, if it is scaled down and back.
  public var downscaling: Double?
  /// The standard deviation of a Gaussian blur in pixels of a crop of 224.
  public var blur: Double?
  /// Noise, if there is any.
  public var noise: Noise?
  /// Passes through JPEG, one after the other.
  public var compressions: [Compression] = []
  /// The rectangle that is painted over, in shares of the crop's width and height; it may reach beyond the crop.
  public var cutOut: Box?

  /// Nothing happens.
  public init() {}

  /// The crop of `image` as `side`×`side`, resampled once (``CropPlacement/place(_:side:)``).
  public func place(_ image: RGBImage, side: Int) -> RGBImage { placement.place(image, side: side) }

  /// A mask in the crop's geometry (``CropPlacement/place(mask:width:height:side:)``).
  public func place(mask: [Float], width: Int, height: Int, side: Int) -> [Float] {
    placement.place(mask: mask, width: width, height: height, side: side)
  }

  /// Both: what a network in training sees of `image`.
  public func apply(_ image: RGBImage, side: Int) -> RGBImage { degrade(place(image, side: side)) }

  /// Everything but the placement, in the order in which a picture suffers it: fewer pixels, another tone and colour,
  /// blur, noise, compression. The cut-out comes last, so that what it hides has left no ringing around it, and its
  /// flat colour, the picture's mean, carries no noise that could be learned.
  public func degrade(_ image: RGBImage) -> RGBImage {
    var result = image
    if let downscaling { result = image.coarsened(downscaling) }
    if tone != nil || color != nil || blur != nil || noise != nil || !compressions.isEmpty {
      result = inPlanes(result)
    }
    if let cutOut { result.paint(over: cutOut) }
    return result
  }

  private func inPlanes(_ image: RGBImage) -> RGBImage {
    let (width, height) = (image.width, image.height)
    let planes = Planes(image, ColorMatrix(tone: tone, color: color))
    if let blur, blur > 0 { planes.blur(deviation: blur * Double(max(width, height)) / 224) }
    if let noise { planes.addNoise(noise) }
    if !compressions.isEmpty { planes.compress(compressions) }
    return planes.image()
  }
}

extension RGBImage {
  /// Scaled down to `share` of its sides, and back.
  func coarsened(_ share: Double) -> RGBImage {
    func small(_ side: Int) -> Int { max(1, Int((Double(side) * share).rounded())) }
    return resized(width: small(width), height: small(height)).resized(width: width, height: height)
  }

  /// Paints `box` (in shares of width and height) with the picture's mean colour.
  fileprivate mutating func paint(over box: Box) {
    func edges(_ start: Double, _ end: Double, _ count: Int) -> Range<Int> {
      let first = Int((max(0, min(1, start)) * Double(count)).rounded())
      return first..<max(first, Int((max(0, min(1, end)) * Double(count)).rounded()))
    }
    let columns = edges(box.x, box.maxX, width)
    let rows = edges(box.y, box.maxY, height)
    if columns.isEmpty || rows.isEmpty { return }
    let (count, rowBytes) = (width * height, width * 3)
    pixels.withUnsafeMutableBufferPointer { pixels in
      var sums = (0, 0, 0)
      for i in 0..<count {
        sums.0 += Int(pixels[3 * i])
        sums.1 += Int(pixels[3 * i + 1])
        sums.2 += Int(pixels[3 * i + 2])
      }
      let mean = (UInt8(sums.0 / count), UInt8(sums.1 / count), UInt8(sums.2 / count))
      for y in rows {
        for x in columns {
          let i = y * rowBytes + 3 * x
          (pixels[i], pixels[i + 1], pixels[i + 2]) = mean
        }
      }
    }
  }
}
