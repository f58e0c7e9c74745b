import Tensor
import VideoIO

/// What a cut-out takes away, where it is in a tight crop (brow to chin) of an upright face.
enum FacePart: CaseIterable {
  case leftEye, rightEye, eyes, nose, mouth, anywhere

  /// The middle and the shape (width and height for a longer side of 1), in shares of the crop's side.
  private var template: (x: Double, y: Double, width: Double, height: Double) {
    switch self {
    case .leftEye: (0.32, 0.31, 1, 0.7)
    case .rightEye: (0.68, 0.31, 1, 0.7)
    case .eyes: (0.5, 0.31, 2, 0.7)
    case .nose: (0.5, 0.54, 0.8, 1)
    case .mouth: (0.5, 0.8, 1.2, 0.7)
    case .anywhere: (0.5, 0.5, 1, 1)
    }
  }

  /// A rectangle on it, in shares of the crop's side, which may reach beyond the crop.
  func rectangle(size: Double, _ generator: inout SplitMix) -> Box {
    let (x, y, width, height) = template
    // A face part is where it is, give or take; a rectangle anywhere has its middle in the crop and any shape.
    let reach = self == .anywhere ? 0.5 : 0.05
    let middleX = x + generator.uniform(-reach...reach)
    let middleY = y + generator.uniform(-reach...reach)
    let stretch = generator.uniform(self == .anywhere ? -0.7...0.7 : -0.2...0.2)
    let (w, h) = (size * width * (1 + min(0, stretch)), size * height * (1 - max(0, stretch)))
    return Box(x: middleX - w / 2, y: middleY - h / 2, width: w, height: h)
  }
}
