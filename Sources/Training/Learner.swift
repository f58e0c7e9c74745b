import Detector
import Foundation
import Tensor

/// The weights on their way, and what moves them.
struct Learner {
  private(set) var parameters: [String: Tensor]
  private var averages: WeightAverage?
  private var optimizer: any Optimizer
  private let recipe: Recipe
  private let attention: AttentionLoss?
  /// Loss of the last step.
  private(set) var loss = 0.0

  /// What is judged and kept: the averages, where there are.
  var judged: [String: Tensor] { averages?.values ?? parameters }

  init(_ recipe: Recipe, _ parameters: [String: Tensor]) {
    self.recipe = recipe
    self.parameters = parameters
    attention = Architecture(efficientNet: recipe.architecture).flatMap(AttentionLoss.init)
    averages = recipe.averaging > 0 ? WeightAverage(parameters, decay: recipe.averaging) : nil
    optimizer =
      switch recipe.optimizer {
      case .adam(let decay): Adam(decay: decay, decaysVectors: false)
      case .sgd(let momentum, let nesterov, let decay):
        SGD(rate: 0, momentum: momentum, isNesterov: nesterov, decay: decay, decaysVectors: false)
      }
  }

  /// Goes on from a checkpoint.
  init(_ recipe: Recipe, _ checkpoint: TrainingCheckpoint, _ network: Network, path: String)
    throws(TrainingError)
  {
    self.init(recipe, checkpoint.parameters)
    let shapes = network.architecture.parameterShapes
    guard checkpoint.parameters.mapValues(\.shape) == shapes,
      averages == nil || checkpoint.averages.mapValues(\.shape) == shapes
    else {
      throw TrainingError(.badRun, "does not hold the weights of \(network.architecture.name)", path: path)
    }
    averages = averages.map { _ in
      WeightAverage(checkpoint.averages, decay: recipe.averaging, steps: checkpoint.state.step)
    }
    do throws(OptimizerStateError) {
      try optimizer.restore(checkpoint.optimizer, for: parameters)
    } catch {
      throw TrainingError(.badRun, error.description, path: path)
    }
  }

  func checkpoint(_ recipe: Recipe, _ state: TrainingProgressState) -> TrainingCheckpoint {
    TrainingCheckpoint(
      recipe: recipe, state: state, parameters: parameters, averages: averages?.values ?? [:],
      optimizer: optimizer.state)
  }

  /// One step.
  ///
  /// - Returns: the length of all gradients together, before they were cut.
  mutating func step(_ batch: Batch, _ network: Network, rate: Float, _ stage: Recipe.Stage) -> Double {
    var (gradients, statistics) = differentiate(batch, network, stage)
    let norm = recipe.clipNorm.map { gradients.clip(toGlobalNorm: $0) } ?? gradients.globalNorm
    optimizer.rate = rate
    optimizer.update(&parameters, gradients: gradients)
    // The batch's own variance; PyTorch takes n/(n − 1) of it, with n the places of a map in the whole batch.
    for (name, values) in statistics {
      move("\(name).running_mean", values.mean)
      move("\(name).running_var", values.variance)
    }
    averages?.update(with: parameters)
    return Double(norm)
  }

  private mutating func differentiate(
    _ batch: Batch, _ network: Network, _ stage: Recipe.Stage
  ) -> (gradients: [String: Tensor], statistics: [String: (mean: Tensor, variance: Tensor)]) {
    // A trunk that stays as it is drops nothing: it runs as in inference.
    let regularization = Regularization(
      dropout: recipe.dropout, dropPath: stage.scope == .head ? 0 : recipe.dropPath,
      seed: mixed(recipe.seed, 6, UInt64(batch.step)))
    var tracked = parameters
    let learned = parameters.keys.filter { name in
      !name.contains(".running_")
        && (stage.scope == .all || name.hasPrefix("classifier.") || name.hasPrefix("attention."))
    }.sorted()
    for name in learned { tracked[name] = tracked[name]!.tracked() }
    let usesBatch = stage.statistics == .batch && stage.scope == .all
    let output = network.trainingPass(
      batch.pictures, parameters: tracked, statistics: usesBatch ? .batch : .running,
      regularization: regularization)
    let z = output.logits.elements.map(Double.init)
    let smoothing = Double(recipe.labelSmoothing)
    let targets = batch.labels.map { Double($0) * (1 - 2 * smoothing) + smoothing }
    let count = Double(z.count)
    loss = zip(z, targets).reduce(0) { $0 + max($1.0, 0) - $1.0 * $1.1 + log1p(exp(-abs($1.0))) } / count
    let seed = zip(z, targets).map { Float((1 / (1 + exp(-$0)) - $1) / count) }
    var weighted = (output.logits * Tensor(shape: output.logits.shape, seed)).sum()
    if recipe.attentionWeight > 0, let taught = attention?(output.attentionScores, masks: batch.masks) {
      loss += Double(recipe.attentionWeight) * taught.loss
      for (scores, gradient) in zip(output.attentionScores, taught.gradients) {
        weighted += (scores * gradient).sum() * recipe.attentionWeight
      }
    }
    let found = weighted.gradients(of: learned.map { tracked[$0]! })
    return (Dictionary(uniqueKeysWithValues: zip(learned, found)), output.statistics)
  }

  private mutating func move(_ name: String, _ value: Tensor) {
    parameters[name] = parameters[name]! * (1 - recipe.momentum) + value.detached() * recipe.momentum
  }
}
