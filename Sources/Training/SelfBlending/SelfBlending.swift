import CWhyFakeTraining
import Foundation
public import Tensor
public import VideoIO

/// Pseudo-fakes from real crops alone: a face blended into itself, so that nothing but the traces of blending tells
/// (Shiohara and Yamasaki, *Detecting Deepfakes with Self-Blended Images*, CVPR 2022).
///
/// The crop is copied twice, as source and as target. One of them, by a coin, gets another colour and sharpness; the
/// source is scaled and moved a little; a mask of the face, bent and softened, blends the source into the target. Where
/// it differs from the paper: the face is found by a template of a tight crop (or by six keypoints), not by 68 or 81
/// landmarks; the outline can be that of a part of the face; what lies outside is reflected; ranges are our own.
///
/// The paper varies real crops and pseudo-fakes alike afterwards; here that is ``Augmentation``.
public struct SelfBlending: Sendable, Codable, Hashable {
  /// The probability of each of three changes of one copy's colour: channels moved; hue and saturation; brightness and
  /// contrast.
  public var colorProbability: Double
  /// How far each colour channel may be moved, in levels of 255.
  public var channelShift: Double
  /// The turn of hue in degrees.
  public var hue: ClosedRange<Double>
  /// The factor of saturation.
  public var saturation: ClosedRange<Double>
  /// What is added to brightness; 1 is the whole range.
  public var brightness: ClosedRange<Double>
  /// The factor of contrast about mid-grey.
  public var contrast: ClosedRange<Double>
  /// The probability that sharpness is lost by down-scaling and back; else the copy is sharpened.
  public var downscalingShare: Double
  /// The smaller picture's side as a share of the crop's.
  public var downscaling: ClosedRange<Double>
  /// How much of the difference from its blurred self (deviation 1 pixel of 224) is added.
  public var sharpening: ClosedRange<Double>
  /// The source's scale in each direction.
  public var scale: ClosedRange<Double>
  /// How far the source is moved in each direction, as a share of the side.
  public var shift: Double
  /// The probability that only a part of the face is blended: its middle, the lower or the upper part.
  public var partProbability: Double
  /// How far the outline's points move, as a share of the face's size.
  public var jitter: Double
  /// How far the outline is bent: the standard deviation of its control points, as a share of the side.
  public var elasticity: Double
  /// The standard deviations of the two blurs of the mask, as a share of the side. What the first one leaves below 1 is
  /// cut away: the mask shrinks where the first is the larger, and else grows.
  public var smoothing: ClosedRange<Double>
  /// What the mask is multiplied by: one of these.
  public var ratios: [Double]

  /// Options from their parts.
  public init(
    colorProbability: Double = 0.5, channelShift: Double = 15, hue: ClosedRange<Double> = -10...10,
    saturation: ClosedRange<Double> = 0.7...1.3,
    brightness: ClosedRange<Double> = -0.1...0.1, contrast: ClosedRange<Double> = 0.85...1.15,
    downscalingShare: Double = 0.5, downscaling: ClosedRange<Double> = 0.3...0.7,
    sharpening: ClosedRange<Double> = 0.3...1.2, scale: ClosedRange<Double> = 0.95...1.05,
    shift: Double = 0.03, partProbability: Double = 0.3, jitter: Double = 0.04, elasticity: Double = 0.04,
    smoothing: ClosedRange<Double> = 0.008...0.035, ratios: [Double] = [0.25, 0.5, 0.75, 1, 1, 1]
  ) {
    self.colorProbability = colorProbability
    (self.channelShift, self.hue, self.saturation) = (channelShift, hue, saturation)
    (self.brightness, self.contrast) = (brightness, contrast)
    (self.downscalingShare, self.downscaling, self.sharpening) = (downscalingShare, downscaling, sharpening)
    (self.scale, self.shift, self.partProbability) = (scale, shift, partProbability)
    (self.jitter, self.elasticity, self.smoothing) = (jitter, elasticity, smoothing)
    self.ratios = ratios
  }

  /// What is wrong with the options, in a line; nil if they can be used.
  public var problem: String? {
    let ranges: [(String, ClosedRange<Double>, ClosedRange<Double>)] = [
      ("the probability of a colour", colorProbability...colorProbability, 0...1),
      ("the channels' shift", channelShift...channelShift, 0...255), ("hue", hue, -180...180),
      ("saturation", saturation, 0...10), ("brightness", brightness, -1...1), ("contrast", contrast, 0...10),
      ("the share of down-scaling", downscalingShare...downscalingShare, 0...1),
      ("down-scaling", downscaling, 0.02...1), ("sharpening", sharpening, 0...10), ("scale", scale, 0.5...2),
      ("shift", shift...shift, 0...0.5),
      ("the probability of a part", partProbability...partProbability, 0...1),
      ("jitter", jitter...jitter, 0...0.3), ("elasticity", elasticity...elasticity, 0...0.3),
      ("smoothing", smoothing, 0...0.2),
    ]
    for (name, range, allowed) in ranges
    where !allowed.contains(range.lowerBound) || !allowed.contains(range.upperBound) {
      return "self-blending: \(name) is \(range), not within \(allowed)"
    }
    if ratios.isEmpty || !ratios.allSatisfy({ $0 > 0 && $0 <= 1 }) {
      return "self-blending: the ratios are \(ratios); some above 0 and up to 1 are needed"
    }
    return nil
  }

  /// A pseudo-fake of `real`, a tight crop (brow to chin) of a real face, of its size.
  ///
  /// - Parameters:
  ///   - real: the crop.
  ///   - keypoints: right eye, left eye, nose, mouth, right ear, left ear in the crop's pixels, as the face detector gives
  ///     them; the mask follows eyes and mouth. Nil: an upright face that fills the crop.
  ///   - generator: where all choices come from: equal ones make equal pictures.
  /// - Returns: the picture, and the share that the source has in each pixel, row by row, in [0, 1].
  public func fake(
    from real: RGBImage, keypoints: [Point]? = nil, _ generator: inout SplitMix
  ) -> (image: RGBImage, mask: [Float]) {
    if let problem { preconditionFailure(problem) }
    let isSourceChanged = generator.happens(0.5)
    let change = Change(self, &generator)
    let moved = moved(real, &generator)
    let mask = mask(real.width, real.height, keypoints, &generator)
    let source = isSourceChanged ? change.applied(to: moved) : Planes(moved)
    let target = isSourceChanged ? Planes(real) : change.applied(to: real)
    let blended = Planes(width: real.width, height: real.height)
    mask.withUnsafeBufferPointer {
      wf_blend(source.values, target.values, $0.baseAddress!, source.count, blended.values)
    }
    return (blended.image(), mask)
  }

  /// The source, scaled about its middle and moved; resampled once.
  private func moved(_ image: RGBImage, _ generator: inout SplitMix) -> RGBImage {
    let (w, h) = (Double(image.width), Double(image.height))
    let (scaleX, scaleY) = (generator.uniform(scale), generator.uniform(scale))
    let (x, y) = (generator.uniform(-shift...shift), generator.uniform(-shift...shift))
    let (partWidth, partHeight) = (w / scaleX, h / scaleY)
    let part = Box(
      x: w * (0.5 - x) - partWidth / 2, y: h * (0.5 - y) - partHeight / 2, width: partWidth,
      height: partHeight)
    return image.part(part, width: image.width, height: image.height)
  }

  private func mask(
    _ width: Int, _ height: Int, _ keypoints: [Point]?, _ generator: inout SplitMix
  ) -> [Float] {
    let isPart = generator.happens(partProbability)
    let parts: [FaceHull.Region] = [.middle, .lower, .upper]
    let part = parts[Int.random(in: 0..<parts.count, using: &generator)]
    let hull = FaceHull(isPart ? part : .face, width: width, height: height, keypoints: keypoints) {
      (generator.uniform(-jitter...jitter), generator.uniform(-jitter...jitter))
    }
    let side = Double(max(width, height))
    let grid = 8
    let shifts = (0..<2 * grid * grid).map { _ in Float(generator.normal() * elasticity * side) }
    let (first, second) = (generator.uniform(smoothing) * side, generator.uniform(smoothing) * side)
    let ratio = ratios[Int.random(in: 0..<ratios.count, using: &generator)]
    let edges = hull.edges
    return [Float](unsafeUninitializedCapacity: width * height) { buffer, count in
      let plane = buffer.baseAddress!
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 4 * width + 2 * grid) { scratch in
        edges.withUnsafeBufferPointer { edges in
          shifts.withUnsafeBufferPointer { shifts in
            let hull = wf_hull(
              edges: edges.baseAddress!, edge_count: edges.count / 3, shifts: shifts.baseAddress!, grid: grid)
            wf_hull_mask(hull, width, height, plane, scratch.baseAddress!)
          }
        }
      }
      gaussianBlur(plane, width, height, deviation: first)
      // Not quite 1: a sum of weights that make 1 is a last digit away from it.
      wf_cut_below(plane, width * height, 0.9999)
      gaussianBlur(plane, width, height, deviation: second)
      wf_scale_share(plane, width * height, Float(ratio))
      count = width * height
    }
  }
}

/// What one of the two copies suffers.
private struct Change {
  let colors: ColorMatrix
  let downscaling: Double?
  let sharpening: Double

  init(_ options: SelfBlending, _ generator: inout SplitMix) {
    let isToned = generator.happens(options.colorProbability)
    let tone = AugmentationDraw.Tone(
      brightness: generator.uniform(options.brightness), contrast: generator.uniform(options.contrast))
    let isColored = generator.happens(options.colorProbability)
    let color = AugmentationDraw.Color(
      hue: generator.uniform(options.hue), saturation: generator.uniform(options.saturation))
    var colors = ColorMatrix(tone: isToned ? tone : nil, color: isColored ? color : nil)
    let isMoved = generator.happens(options.colorProbability)
    for row in 0..<3 {
      let shift = Float(generator.uniform(-options.channelShift...options.channelShift))
      if isMoved { colors.values[4 * row + 3] += shift }
    }
    self.colors = colors
    let isDownscaled = generator.happens(options.downscalingShare)
    let downscaling = generator.uniform(options.downscaling)
    self.downscaling = isDownscaled ? downscaling : nil
    sharpening = generator.uniform(options.sharpening)
  }

  func applied(to image: RGBImage) -> Planes {
    if let downscaling { return Planes(image.coarsened(downscaling), colors) }
    let planes = Planes(image, colors)
    planes.sharpen(deviation: Double(max(image.width, image.height)) / 224, by: sharpening)
    return planes
  }
}
