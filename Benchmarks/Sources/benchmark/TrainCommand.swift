import ArgumentParser
import Detector
import Foundation
import Tensor

/// One step of training: forward with the batch's statistics, dropout and stochastic depth, binary cross-entropy,
/// backward, running statistics, Adam; the peer is `bench_train.py`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "train", abstract: "One step of training.")

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  @Flag(help: "Normalise with the running statistics, which stay as they are.")
  var frozen = false

  @Flag(help: "Learn the classifier alone, and attention before it, with running statistics.")
  var classifierOnly = false

  func run() throws {
    timing.prepare()
    let network = try options.detector(timing).network
    let pictures = options.pictures
    let labels = (0..<options.batch).map { Float($0 % 2) }
    var state = TrainingState(network, isFrozen: frozen || classifierOnly, isClassifierOnly: classifierOnly)
    let times = try Timing.measure(runs: timing.runs, warm: 2) { state.step(pictures, labels) }[0]
    guard state.loss.isFinite else { throw Failure("the loss is \(state.loss)") }
    JSONLine().adding("bench", "train").adding("backend", "whyfake").adding(options, timing)
      .adding("learns", classifierOnly ? "classifier" : "all")
      .adding("statistics", frozen || classifierOnly ? "running" : "batch")
      .adding("ms_per_step", times, per: 1, digits: 1)
      .adding("images_per_s", Double(options.batch) / times.median * 1000, digits: 2)
      .adding("loss", Double(state.loss), digits: 4)
      .addingPeakMemory().write()
  }
}

/// Parameters on their way.
private struct TrainingState {
  let network: Network
  var parameters: [String: Tensor]
  var optimizer = Adam(rate: 1e-5)
  var regularization: Regularization
  var steps: UInt64 = 0
  var loss: Float = 0
  private let learned: [String]
  private let statistics: BatchStatistics

  init(_ network: Network, isFrozen: Bool, isClassifierOnly: Bool) {
    self.network = network
    statistics = isFrozen ? .running : .batch
    parameters = network.parameters
    regularization = Regularization(publishedFor: network.architecture, seed: 0)
    if isClassifierOnly { regularization.dropPath = 0 }
    learned = parameters.keys.filter { name in
      !name.contains(".running_")
        && (!isClassifierOnly || ["classifier", "attention"].contains(where: name.hasPrefix))
    }.sorted()
  }

  mutating func step(_ pictures: Tensor, _ labels: [Float]) {
    steps += 1
    let (gradients, statistics) = differentiate(pictures, labels)
    optimizer.update(&parameters, gradients: gradients)
    for (name, values) in statistics {
      average("\(name).running_mean", values.mean)
      average("\(name).running_var", values.variance)
    }
  }

  private mutating func differentiate(
    _ pictures: Tensor, _ labels: [Float]
  ) -> (gradients: [String: Tensor], statistics: [String: (mean: Tensor, variance: Tensor)]) {
    let dropPath = regularization.dropPath
    regularization = Regularization(publishedFor: network.architecture, seed: steps)
    regularization.dropPath = dropPath
    var tracked = parameters
    for name in learned { tracked[name] = tracked[name]!.tracked() }
    let pass = network.trainingPass(
      pictures, parameters: tracked, statistics: statistics, regularization: regularization)
    let logits = pass.logits
    let count = Float(labels.count)
    let z = logits.elements
    loss = zip(z, labels).reduce(0) { $0 + max($1.0, 0) - $1.0 * $1.1 + log1p(exp(-abs($1.0))) } / count
    let seed = zip(z, labels).map { (1 / (1 + exp(-$0)) - $1) / count }
    let found = logits.gradients(
      of: learned.map { tracked[$0]! }, seed: Tensor(shape: logits.shape, seed))
    return (Dictionary(uniqueKeysWithValues: zip(learned, found)), pass.statistics)
  }

  /// Running statistics move by a hundredth, EfficientNet's momentum.
  private mutating func average(_ name: String, _ value: Tensor) {
    parameters[name] = parameters[name]! * 0.99 + value.detached() * 0.01
  }
}
