import Foundation

extension Recipe.Stage {
  /// The rate of step `step` of `steps` of this stage.
  ///
  /// - Parameter plateau: what plateaus have multiplied it with so far.
  func rate(at step: Int, of steps: Int, plateau: Float) -> Float {
    if step < warmup { return rate * Float(step + 1) / Float(warmup) }
    switch schedule {
    case .constant: return rate
    case .plateau: return rate * plateau
    case .cosine:
      let done = Double(step - warmup) / Double(max(1, steps - warmup))
      let floor = 0.01
      return rate * Float(floor + (1 - floor) * 0.5 * (1 + cos(.pi * done)))
    }
  }
}

/// Which stage a step of the run belongs to.
struct StagePlan: Sendable {
  /// The first step of each stage, and the step after the last one.
  let starts: [Int]

  init(_ recipe: Recipe, stepsPerEpoch: Int) {
    var starts = [0]
    for stage in recipe.stages {
      starts.append(starts.last! + max(1, Int((stage.epochs * Double(stepsPerEpoch)).rounded())))
    }
    self.starts = starts
  }

  /// Steps of the whole run.
  var steps: Int { starts.last! }

  /// The stage of step `step`; nil behind the last one.
  func stage(of step: Int) -> Int? {
    step < steps ? starts.lastIndex { $0 <= step } : nil
  }

  /// Steps of stage `index`.
  func steps(of index: Int) -> Int { starts[index + 1] - starts[index] }
}
