import ArgumentParser
import Foundation
import VideoIO

extension CropPolicy {
  /// Reads a policy as its `name` has it; shifts may be left out. What makes no sense, the model's description refuses.
  init(argument: String) throws {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts.count < 2 ? [] : parts[1].split(separator: ",").compactMap { Double($0) }
    switch (parts[0], numbers.count) {
    case ("scale", 0): self = .scale
    case ("tight", 0): self = .tight
    case ("margin", 1): self = .margin(fraction: numbers[0])
    case ("stretched", 1): self = .stretched(fraction: numbers[0])
    case ("letterbox", 1): self = .letterbox(fraction: numbers[0])
    case ("square", 1...3):
      self = .square(
        scale: numbers[0], shiftX: numbers.count > 1 ? numbers[1] : 0,
        shiftY: numbers.count > 2 ? numbers[2] : 0)
    default:
      throw ValidationError(
        "There is no crop policy '\(argument)'; there are: scale, tight, margin:FRACTION, stretched:FRACTION, "
          + "letterbox:FRACTION, square:SCALE,SHIFTX,SHIFTY."
      )
    }
  }

  /// The policy with three digits a number.
  var shown: String {
    let parts = name.split(separator: ":")
    guard parts.count == 2 else { return name }
    let numbers = parts[1].split(separator: ",").map { text in
      Double(text).map { String(format: "%.3g", $0) } ?? String(text)
    }
    return "\(parts[0]):\(numbers.joined(separator: ","))"
  }
}
