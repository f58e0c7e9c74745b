import Tensor

extension Network {
  /// This network with all logits divided by `temperature`: the last layer's weight and bias are.
  ///
  /// - Parameter temperature: above 0 and finite.
  func cooled(by temperature: Double) throws(DetectorError) -> Network {
    guard temperature > 0, temperature.isFinite, Float(1 / temperature) > 0, Float(1 / temperature).isFinite
    else {
      throw DetectorError(
        .badRequest, "a temperature of \(temperature) makes no sense; it is a number above 0")
    }
    var parameters = parameters
    // Every architecture ends with this layer, and nothing after it.
    for name in ["classifier.weight", "classifier.bias"] {
      parameters[name] = parameters[name].map { $0 * Float(1 / temperature) }
    }
    return try Network(architecture, padding: padding, epsilon: epsilon, parameters: parameters)
  }
}

extension DeepfakeDetector {
  /// This detector with all logits divided by `temperature`, in its last layer (temperature scaling, Guo et al. 2017), so that
  /// σ(logit) is the probability that was calibrated. Which side of 0 a crop is on does not change, nor does any order.
  ///
  /// - Parameter temperature: above 0 and finite.
  /// - Throws: ``DetectorError`` for another one.
  public func cooled(by temperature: Double) throws(DetectorError) -> DeepfakeDetector {
    try DeepfakeDetector(description: description, network: network.cooled(by: temperature))
  }
}
