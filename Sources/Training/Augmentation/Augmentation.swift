public import Tensor

/// How face crops are varied in training: what may happen to one, how likely, and how much.
///
/// ``draw(_:)`` makes all random choices for one crop; an ``AugmentationDraw`` carries them out. A choice takes the same
/// random numbers whether or not its effect comes about, so changing one part of a recipe leaves the others' draws as
/// they were.
public struct Augmentation: Sendable, Codable, Hashable {
  /// The crop's own uncertainty: face detectors differ in where they see a face end, and do not turn it upright.
  public struct Crop: Sendable, Codable, Hashable {
    /// The side of the part that is taken, as a share of the picture's. Below 1 the part lies anywhere within; above 1
    /// what is outside is reflected.
    public var scale: ClosedRange<Double>
    /// How far it may move beyond that in each direction, as a share of the picture's side.
    public var shift: Double
    /// The largest turn to either side, in degrees.
    public var rotation: Double
    /// The probability that it is turned at all.
    public var rotationProbability: Double

    /// A crop's uncertainty from its parts.
    public init(
      scale: ClosedRange<Double> = 1...1, shift: Double = 0, rotation: Double = 0,
      rotationProbability: Double = 0
    ) {
      (self.scale, self.shift) = (scale, shift)
      (self.rotation, self.rotationProbability) = (rotation, rotationProbability)
    }
  }

  /// Brightness and contrast: v ↦ (v − ½) · contrast + ½ + brightness, v in [0, 1].
  public struct Tone: Sendable, Codable, Hashable {
    /// How likely it comes about.
    public var probability: Double
    /// What is added; 1 is the whole range.
    public var brightness: ClosedRange<Double>
    /// The factor about mid-grey.
    public var contrast: ClosedRange<Double>

    /// A change of tone from its parts.
    public init(
      probability: Double = 0, brightness: ClosedRange<Double> = 0...0, contrast: ClosedRange<Double> = 1...1
    ) {
      (self.probability, self.brightness, self.contrast) = (probability, brightness, contrast)
    }
  }

  /// Hue and saturation: colour differences are turned and scaled, luma (BT.601) stays.
  public struct Color: Sendable, Codable, Hashable {
    /// How likely it comes about.
    public var probability: Double
    /// The turn in degrees.
    public var hue: ClosedRange<Double>
    /// The factor.
    public var saturation: ClosedRange<Double>

    /// A change of colour from its parts.
    public init(
      probability: Double = 0, hue: ClosedRange<Double> = 0...0, saturation: ClosedRange<Double> = 1...1
    ) {
      (self.probability, self.hue, self.saturation) = (probability, hue, saturation)
    }
  }

  /// An effect of one strength.
  public struct Effect: Sendable, Codable, Hashable {
    /// How likely it comes about.
    public var probability: Double
    /// Uniform within this; the unit is the effect's.
    public var strength: ClosedRange<Double>

    /// An effect from its parts.
    public init(probability: Double = 0, strength: ClosedRange<Double>) {
      (self.probability, self.strength) = (probability, strength)
    }
  }

  /// JPEG compression with halved chroma, its grid of blocks anywhere.
  public struct Compression: Sendable, Codable, Hashable {
    /// How likely it comes about.
    public var probability: Double
    /// The quality on the Independent JPEG Group's scale, 1 to 100.
    public var quality: ClosedRange<Int>
    /// How likely a compressed crop is compressed once more, with another grid.
    public var again: Double

    /// A compression from its parts.
    public init(probability: Double = 0, quality: ClosedRange<Int> = 100...100, again: Double = 0) {
      (self.probability, self.quality, self.again) = (probability, quality, again)
    }
  }

  /// The probability of a mirror image.
  public var flip: Double
  /// Where the crop is taken.
  public var crop: Crop
  /// Brightness and contrast.
  public var tone: Tone
  /// Hue and saturation.
  public var color: Color
  /// Down-scaling and back: the strength is the smaller picture's side as a share of the crop's, above 0, at most 1.
  public var downscaling: Effect
  /// Gaussian blur: the strength is its standard deviation in pixels of a crop of 224; in others it scales with their side.
  public var blur: Effect
  /// Noise, independent in each pixel and channel: the strength is its standard deviation in levels of 255.
  public var noise: Effect
  /// JPEG compression.
  public var compression: Compression
  /// A face part, or a rectangle anywhere, painted over: the strength is its longer side as a share of the crop's.
  public var cutOut: Effect

  /// A recipe from its parts; what is not named does nothing.
  public init(
    flip: Double = 0, crop: Crop = Crop(), tone: Tone = Tone(), color: Color = Color(),
    downscaling: Effect = Effect(strength: 1...1), blur: Effect = Effect(strength: 0...0),
    noise: Effect = Effect(strength: 0...0), compression: Compression = Compression(),
    cutOut: Effect = Effect(strength: 0...0)
  ) {
    (self.flip, self.crop, self.tone, self.color) = (flip, crop, tone, color)
    (self.downscaling, self.blur, self.noise) = (downscaling, blur, noise)
    (self.compression, self.cutOut) = (compression, cutOut)
  }

  /// Nothing happens: every crop is only scaled.
  public static let none = Augmentation()

  /// Flip, a part of 0.8 to 1 of the side, brightness and contrast.
  public static let light = Augmentation(
    flip: 0.5, crop: Crop(scale: 0.8...1),
    tone: Tone(probability: 1, brightness: -0.1...0.1, contrast: 0.8...1.2))

  /// All of it, in doses that a person still recognises a face under.
  public static let standard = Augmentation(
    flip: 0.5, crop: Crop(scale: 0.8...1.05, shift: 0.04, rotation: 10, rotationProbability: 0.5),
    tone: Tone(probability: 0.5, brightness: -0.15...0.15, contrast: 0.75...1.25),
    color: Color(probability: 0.3, hue: -12...12, saturation: 0.6...1.4),
    downscaling: Effect(probability: 0.25, strength: 0.35...0.9),
    blur: Effect(probability: 0.2, strength: 0.4...1.6),
    noise: Effect(probability: 0.25, strength: 1...8),
    compression: Compression(probability: 0.5, quality: 50...99, again: 0.2),
    cutOut: Effect(probability: 0.15, strength: 0.15...0.4))

  /// The recipes that have a name.
  static let presets = ["none": none, "light": light, "standard": standard]

  /// What is wrong with the recipe, in a line; nil if it can be drawn from.
  public var problem: String? {
    let probabilities = [
      ("flip", flip), ("rotation", crop.rotationProbability), ("tone", tone.probability),
      ("color", color.probability), ("downscaling", downscaling.probability), ("blur", blur.probability),
      ("noise", noise.probability), ("compression", compression.probability),
      ("compression again", compression.again), ("cut-out", cutOut.probability),
    ]
    for (name, value) in probabilities where !(0...1).contains(value) {
      return "augmentation: the probability of \(name) is \(value), not within 0 and 1"
    }
    let quality = compression.quality
    let ranges: [(String, ClosedRange<Double>, ClosedRange<Double>)] = [
      ("the crop's scale", crop.scale, 0.05...4), ("brightness", tone.brightness, -1...1),
      ("contrast", tone.contrast, 0...10), ("hue", color.hue, -180...180),
      ("saturation", color.saturation, 0...10), ("down-scaling", downscaling.strength, 0.02...1),
      ("blur", blur.strength, 0...20), ("noise", noise.strength, 0...255),
      ("the cut-out", cutOut.strength, 0...1),
      ("the JPEG quality", Double(quality.lowerBound)...Double(quality.upperBound), 1...100),
    ]
    for (name, range, allowed) in ranges
    where !allowed.contains(range.lowerBound) || !allowed.contains(range.upperBound) {
      return "augmentation: \(name) is \(range), not within \(allowed)"
    }
    for (name, value, largest) in [("shift", crop.shift, 1.0), ("rotation", crop.rotation, 180)]
    where !(0...largest).contains(value) {
      return "augmentation: the crop's \(name) is \(value), not within 0 and \(largest)"
    }
    return nil
  }

  /// All random choices for one crop. A recipe with a ``problem`` is a precondition failure that names it.
  public func draw(_ generator: inout SplitMix) -> AugmentationDraw {
    if let problem { preconditionFailure(problem) }
    var draw = AugmentationDraw()
    draw.placement.isFlipped = generator.happens(flip)
    let scale = generator.uniform(crop.scale)
    let room = max(0, 1 - scale) / 2 + crop.shift
    draw.placement.scale = scale
    draw.placement.x = generator.uniform(-room...room)
    draw.placement.y = generator.uniform(-room...room)
    let isTurned = generator.happens(crop.rotationProbability)
    let angle = generator.uniform(-crop.rotation...crop.rotation)
    if isTurned { draw.placement.rotation = angle }

    let isToned = generator.happens(tone.probability)
    let newTone = AugmentationDraw.Tone(
      brightness: generator.uniform(tone.brightness), contrast: generator.uniform(tone.contrast))
    if isToned { draw.tone = newTone }
    let isColored = generator.happens(color.probability)
    let newColor = AugmentationDraw.Color(
      hue: generator.uniform(color.hue), saturation: generator.uniform(color.saturation))
    if isColored { draw.color = newColor }
    draw.downscaling = generator.draw(downscaling)
    draw.blur = generator.draw(blur)
    let deviation = generator.draw(noise)
    let seed = UInt32(truncatingIfNeeded: generator.next())
    draw.noise = deviation.map { AugmentationDraw.Noise(deviation: $0, seed: seed) }

    let isCompressed = generator.happens(compression.probability)
    let isCompressedAgain = generator.happens(compression.again)
    let compressions = (0..<2).map { _ in
      AugmentationDraw.Compression(
        quality: Int.random(in: compression.quality, using: &generator),
        left: Int.random(in: 0..<16, using: &generator), top: Int.random(in: 0..<16, using: &generator))
    }
    if isCompressed { draw.compressions = Array(compressions.prefix(isCompressedAgain ? 2 : 1)) }

    let part = FacePart.allCases[Int.random(in: 0..<FacePart.allCases.count, using: &generator)]
    let size = generator.draw(cutOut)
    let place = part.rectangle(size: size ?? 0, &generator)
    if size != nil { draw.cutOut = draw.placement.placed(place) }
    return draw
  }
}

extension SplitMix {
  /// True with the given probability.
  mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

  /// Uniform within `range`.
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// The strength of an effect, nil where it does not come about.
  mutating func draw(_ effect: Augmentation.Effect) -> Double? {
    let happens = happens(effect.probability)
    let strength = uniform(effect.strength)
    return happens ? strength : nil
  }
}
