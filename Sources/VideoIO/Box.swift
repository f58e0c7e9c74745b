/// A rectangle in upright frame pixels; `x` and `y` are the left and top edges, pixel edges being integers.
///
/// Encoded as the array `[x, y, width, height]`.
public struct Box: Sendable, Equatable {
  /// Left edge.
  public var x: Double
  /// Top edge.
  public var y: Double
  /// Width, not negative.
  public var width: Double
  /// Height, not negative.
  public var height: Double

  /// A box from its left and top edges and its size.
  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The right edge.
  public var maxX: Double { x + width }
  /// The bottom edge.
  public var maxY: Double { y + height }
  /// Width times height.
  public var area: Double { width * height }

  /// Intersection over union with `other`, in [0, 1]; 0 where both are empty.
  public func intersectionOverUnion(_ other: Box) -> Double {
    let w = min(maxX, other.maxX) - max(x, other.x)
    let h = min(maxY, other.maxY) - max(y, other.y)
    guard w > 0, h > 0 else { return 0 }
    let shared = w * h
    return shared / (area + other.area - shared)
  }
}

extension Box: Codable {
  /// Reads `[x, y, width, height]`.
  public init(from decoder: any Decoder) throws {
    var values = try decoder.unkeyedContainer()
    x = try values.decode(Double.self)
    y = try values.decode(Double.self)
    width = try values.decode(Double.self)
    height = try values.decode(Double.self)
  }

  /// Writes `[x, y, width, height]`.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.unkeyedContainer()
    try values.encode(contentsOf: [x, y, width, height])
  }
}

/// A point in upright frame pixels, encoded as `[x, y]`.
public struct Point: Sendable, Equatable {
  /// Distance from the left edge of the frame.
  public var x: Double
  /// Distance from the top edge of the frame.
  public var y: Double

  /// A point from its coordinates.
  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}

extension Point: Codable {
  /// Reads `[x, y]`.
  public init(from decoder: any Decoder) throws {
    var values = try decoder.unkeyedContainer()
    x = try values.decode(Double.self)
    y = try values.decode(Double.self)
  }

  /// Writes `[x, y]`.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.unkeyedContainer()
    try values.encode(contentsOf: [x, y])
  }
}
