import Foundation

/// A colour of a picture, 8 bits a channel, sRGB.
public struct RGBColor: Sendable, Equatable {
  /// Red.
  public var red: UInt8
  /// Green.
  public var green: UInt8
  /// Blue.
  public var blue: UInt8

  /// A colour from its channels.
  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Relative luminance in [0, 1] (BT.709 weights on linear light), what the eye takes for brightness.
  public var luminance: Double {
    func linear(_ byte: UInt8) -> Double {
      let v = Double(byte) / 255
      return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  /// The colour `share` of the way to `other`, rounded; `share` in [0, 1].
  public func mixed(with other: RGBColor, share: Double) -> RGBColor {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
      UInt8((Double(a) + (Double(b) - Double(a)) * min(1, max(0, share))).rounded())
    }
    return RGBColor(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }
}

/// A scale from numbers to colours: a table of 256.
public struct ColorMap: Sendable, Equatable, CustomStringConvertible {
  /// Its name.
  public let name: String
  /// Its name.
  public var description: String { name }
  /// 256 colours, from the lowest value to the highest.
  public let colors: [RGBColor]

  /// A scale through `stops`, evenly spaced and joined by straight lines; at least two.
  public init(name: String, stops: [RGBColor]) {
    precondition(stops.count >= 2, "ColorMap: \(stops.count) stops, at least 2 are needed")
    self.name = name
    colors = (0..<256).map { i in
      let place = Double(i) / 255 * Double(stops.count - 1)
      let lower = min(Int(place), stops.count - 2)
      return stops[lower].mixed(with: stops[lower + 1], share: place - Double(lower))
    }
  }

  private init(name: String, hex stops: [UInt32]) {
    self.init(
      name: name,
      stops: stops.map {
        RGBColor(UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255))
      })
  }

  /// The colour of `value` in [0, 1]; what lies outside takes the end's colour, and what is no number the lowest.
  public func color(_ value: Double) -> RGBColor { colors[Self.index(Float(value))] }

  /// The table's row for `value` in [0, 1].
  static func index(_ value: Float) -> Int {
    value > 0 ? Int(min(1, value) * 255 + 0.5) : 0  // false for NaN
  }

  /// Viridis: dark violet, blue, green, yellow; evenly spaced to the eye, brightness always rising, and safe for the
  /// colour-blind. No skin has its colours. 18 samples of matplotlib's table (S. van der Walt and N. Smith, CC0),
  /// within 5 levels of it.
  public static let viridis = ColorMap(
    name: "viridis",
    hex: [
      0x440154, 0x481769, 0x472A7A, 0x433D84, 0x3D4E8A, 0x355E8D, 0x2E6D8E, 0x297B8E, 0x23898E, 0x1F978B,
      0x21A585,
      0x2EB37C, 0x46C06F, 0x65CB5E, 0x89D548, 0xB0DD2F, 0xD8E219, 0xFDE725,
    ])

  /// Inferno: black, violet, orange, pale yellow; for maps that stand alone. 18 samples of matplotlib's table (CC0),
  /// within 5 levels of it.
  public static let inferno = ColorMap(
    name: "inferno",
    hex: [
      0x000004, 0x0A0722, 0x1E0C45, 0x380962, 0x510E6C, 0x69166E, 0x801F6C, 0x982766, 0xB0315B, 0xC63D4D,
      0xD94D3D,
      0xE9612B, 0xF47918, 0xFA9407, 0xFCB014, 0xF8CD37, 0xF2EA69, 0xFCFFA4,
    ])

  /// For signed maps scaled to [0, 1] with 0.5 for nothing: blue speaks for real, white for nothing, red for fake.
  /// Blue and red are told apart by every common kind of colour blindness. Our own stops.
  public static let diverging = ColorMap(
    name: "diverging",
    hex: [0x0B3C8C, 0x2F6FBF, 0x7FB0DE, 0xC9DFF0, 0xF7F7F7, 0xF3CFC0, 0xE3917A, 0xC44A41, 0x8C1024])
}
