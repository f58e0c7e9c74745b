/// How a detected face's box becomes the square that a model sees.
///
/// It is a record, so that a model file can carry it; module `FaceCrop` carries it out. A model is only as good as
/// the likeness between its crops and those it was trained on.
public enum CropPolicy: Sendable, Hashable, Codable {
  /// As in icpr2020dfdc: the box grown by 0.2 · height at each side and at the bottom, twice that on top, clamped
  /// to the frame; a square of the longer side around its centre, shifted inside at the left and top edges and
  /// cut at the right and bottom ones.
  case scale
  /// The box grown by `fraction` of its own width and height on each side, clamped to the frame, then made square
  /// as `scale` does.
  case margin(fraction: Double)
  /// The detector's box as it is, clamped to the frame; not made square before it is resized.
  case tight
  /// The box grown by `fraction` of its own width and height on each side, clamped to the frame; not made square
  /// before it is resized (Self-Blended Images: 1/8).
  case stretched(fraction: Double)
  /// The box grown by `fraction` of its own width and height on each side, clamped to the frame; scaled until its longer
  /// side fits, black beside it (the DFDC winner: 1/3).
  case letterbox(fraction: Double)
  /// A square of `scale` × the box's height, its centre moved by `shiftX` and `shiftY` × the box's height (down is
  /// positive); what lies outside the frame is reflected.
  case square(scale: Double, shiftX: Double = 0, shiftY: Double = 0)

  /// Whether its numbers are finite and of a size that a face can have; a file may say anything.
  package var isValid: Bool {
    switch self {
    case .scale, .tight: true
    case .margin(let fraction), .stretched(let fraction), .letterbox(let fraction):
      (0...10).contains(fraction)
    case .square(let scale, let x, let y):
      scale > 0 && scale <= 20 && (-10...10).contains(x) && (-10...10).contains(y)
    }
  }

  /// In one word with its numbers, such as `scale`, `margin:0.1`, `square:1.04,0.0,-0.06`.
  public var name: String {
    switch self {
    case .scale: "scale"
    case .tight: "tight"
    case .margin(let fraction): "margin:\(fraction)"
    case .stretched(let fraction): "stretched:\(fraction)"
    case .letterbox(let fraction): "letterbox:\(fraction)"
    case .square(let scale, let x, let y): "square:\(scale),\(x),\(y)"
    }
  }
}
