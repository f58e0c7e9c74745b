import ArgumentParser
import VideoIO

extension CropPolicy {
  /// Reads `scale`, `tight`, `margin:0.1`, `square:0.85,0,0.08`.
  init(argument: String) throws {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts.count < 2 ? [] : parts[1].split(separator: ",").compactMap { Double($0) }
    switch (parts[0], numbers.count) {
    case ("scale", 0): self = .scale
    case ("tight", 0): self = .tight
    case ("margin", 1) where numbers[0] >= 0: self = .margin(fraction: numbers[0])
    case ("square", 1...3) where numbers[0] > 0:
      self = .square(
        scale: numbers[0], shiftX: numbers.count > 1 ? numbers[1] : 0,
        shiftY: numbers.count > 2 ? numbers[2] : 0)
    default:
      throw ValidationError(
        "There is no crop policy '\(argument)'; there are: scale, tight, margin:FRACTION, "
          + "square:SCALE,SHIFTX,SHIFTY."
      )
    }
  }

  /// The policy as ``init(argument:)`` reads it.
  var argument: String {
    switch self {
    case .scale: "scale"
    case .tight: "tight"
    case .margin(let fraction): "margin:\(fraction)"
    case .square(let scale, let x, let y): "square:\(scale),\(x),\(y)"
    }
  }
}
