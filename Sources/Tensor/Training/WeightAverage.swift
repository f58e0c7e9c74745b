import CWhyFakeTensor

/// The exponential moving average of a network's parameters over its training (Polyak & Juditsky 1992), which usually
/// scores better than the last ones: average ← d·average + (1 − d)·parameter after each step.
///
/// d is ``decay``, and less in the first steps, so that the start is forgotten: the smaller of ``decay`` and
/// (1 + t) / (10 + t) in step t (TensorFlow's rule). A value; results do not depend on the number of threads.
public struct WeightAverage: Sendable {
  /// How much of the average stays at each step, in [0, 1).
  public let decay: Float
  /// The averages by name.
  public private(set) var values: [String: Tensor]
  /// The steps so far.
  public private(set) var steps: Int

  /// An average as it stands after `steps` steps; with none, of parameters at their start.
  public init(_ values: [String: Tensor], decay: Float, steps: Int = 0) {
    precondition((0..<1).contains(decay) && steps >= 0, "WeightAverage: decay \(decay), \(steps) steps")
    self.values = values.mapValues { $0.detached() }
    (self.decay, self.steps) = (decay, steps)
  }

  /// Takes in the parameters after a step: the same names and shapes as ``values``.
  ///
  /// - Complexity: O(n); in place, unless somebody else holds ``values``.
  public mutating func update(with parameters: [String: Tensor]) {
    precondition(
      parameters.count == values.count, "WeightAverage: \(parameters.count) parameters for \(values.count)")
    steps += 1
    let kept = min(decay, Float(1 + steps) / Float(10 + steps))
    var step = OptimizerStep()
    for (name, parameter) in parameters {
      precondition(values[name] != nil, "WeightAverage: \(name) was not there before")
      step.add(name, &values[name]!, by: parameter, rate: 1 - kept)
    }
    step.run(wf_update_rule(WF_AVERAGE), owners: values)
  }
}
